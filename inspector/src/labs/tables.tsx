/** The numbers of runs: as a lab has them, and as they were measured around its parts. */
import type { JSX } from "preact";

import type { LabPage, PhasePage, RunPage } from "#skein/labs/lab-page";

import { duration, level, number, percent } from "../format.js";
import { changeOf } from "../screens/compare.js";
import { language, t } from "../state.js";
import type { Language, TextKey } from "../texts.js";

type Unit = LabPage["numbers"][number]["unit"];

function numberText(value: number | undefined, unit: Unit, words: Language): string {
  if (value === undefined || value === null) return "–";
  switch (unit) {
    case "count":
      return number(Math.round(value), words);
    case "ms":
      return duration(value, words);
    case "us":
      return duration(value / 1000, words);
    case "share":
      return percent(value, words);
    case "kb":
      return `${number(value, words)} ${words === "ru" ? "кБ" : "kB"}`;
    case "plain":
      return level(value, words);
  }
}

interface Figure {
  readonly text: TextKey;
  readonly read: (phase: PhasePage) => number | undefined;
  readonly write: (value: number, words: Language) => string;
}

/** Concurrency, parallelism, time, switches. What was not measured anywhere has no column. */
const FIGURES: readonly Figure[] = [
  // Nothing was in flight at any time: then the part has no jobs, and no number of them.
  { text: "labs.inFlight", read: (phase) => (phase.mostInFlight === 0 ? undefined : phase.meanInFlight), write: level },
  { text: "labs.mostInFlight", read: ({ mostInFlight }) => mostInFlight || undefined, write: number },
  { text: "labs.atOnce", read: ({ atOnce }) => atOnce, write: percent },
  { text: "labs.cores", read: ({ cpuMs, wallMs }) => (wallMs > 0 ? cpuMs / wallMs : undefined), write: level },
  { text: "labs.wall", read: ({ wallMs }) => wallMs, write: duration },
  { text: "labs.cpu", read: ({ cpuMs }) => cpuMs, write: duration },
  {
    text: "labs.switches",
    read: ({ ownSwitches, forcedSwitches }) =>
      ownSwitches === undefined || forcedSwitches === undefined ? undefined : ownSwitches + forcedSwitches,
    write: number,
  },
  { text: "labs.forced", read: ({ forcedSwitches }) => forcedSwitches, write: number },
  { text: "labs.threads", read: ({ threads }) => threads, write: number },
  { text: "labs.others", read: ({ othersCores }) => othersCores, write: level },
];

export function partName(lab: LabPage, phase: string): string {
  return lab.phases[phase]?.[language.value] ?? phase;
}

/** The parts of a run, one below the other. */
export function PartsTable({ lab, run }: { readonly lab: LabPage; readonly run: RunPage }): JSX.Element {
  const words = language.value;
  const figures = FIGURES.filter(({ read }) => run.phases.some((phase) => read(phase) !== undefined));
  return (
    <div class="table-scroll">
      <table data-testid="lab-parts">
        <thead>
          <tr>
            <th scope="col">{t("labs.part")}</th>
            {figures.map(({ text }) => (
              <th key={text} scope="col" class="number">
                {t(text)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {run.phases.map((phase, at) => (
            <tr key={at}>
              <th scope="row">{partName(lab, phase.name)}</th>
              {figures.map(({ text, read, write }) => {
                const value = read(phase);
                return (
                  <td key={text} class="number" data-value={value}>
                    {value === undefined ? "–" : write(value, words)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function NumbersList({ lab, run }: { readonly lab: LabPage; readonly run: RunPage }): JSX.Element {
  const words = language.value;
  return (
    <dl class="lab-numbers" data-testid="lab-numbers">
      {lab.numbers
        .filter(({ name }) => run.numbers[name] !== undefined)
        .map(({ name, words: title, unit }) => (
          <div key={name}>
            <dt>{title[words]}</dt>
            <dd data-value={run.numbers[name]}>{numberText(run.numbers[name], unit, words)}</dd>
          </div>
        ))}
    </dl>
  );
}

interface Row {
  readonly title: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly write: (value: number | undefined) => string;
}

/** Two runs of a lab, figure by figure. */
export function RunsTable(props: {
  readonly lab: LabPage;
  readonly before: RunPage;
  readonly after: RunPage;
}): JSX.Element {
  const { lab, before, after } = props;
  const words = language.value;
  const count = (value: number | undefined): string => number(value, words);
  const sections: { readonly title: string; readonly rows: readonly Row[] }[] = [
    {
      title: t("labs.knobs"),
      rows: lab.knobs.map(({ name, words: title }) => ({
        title: title[words],
        before: before.knobs[name],
        after: after.knobs[name],
        write: count,
      })),
    },
    {
      title: t("labs.numbers"),
      rows: lab.numbers.map(({ name, words: title, unit }) => ({
        title: title[words],
        before: before.numbers[name],
        after: after.numbers[name],
        write: (value) => numberText(value, unit, words),
      })),
    },
    ...after.phases.map((phase) => ({
      title: partName(lab, phase.name),
      rows: FIGURES.map(({ text, read, write }): Row => {
        const other = before.phases.find(({ name }) => name === phase.name);
        return {
          title: t(text),
          before: other === undefined ? undefined : read(other),
          after: read(phase),
          write: (value) => (value === undefined ? "–" : write(value, words)),
        };
      }),
    })),
  ];
  return (
    <div class="table-scroll">
      <table data-testid="lab-compare" class="runs-table">
        <thead>
          <tr>
            <th scope="col" />
            {[before, after].map(({ run }) => (
              <th key={run} scope="col" class="number">
                {t("labs.runName", run)}
              </th>
            ))}
            <th scope="col" class="number">
              {t("compare.change")}
            </th>
          </tr>
        </thead>
        {sections.map(({ title, rows }) => (
          <Section key={title} title={title} rows={rows} />
        ))}
      </table>
    </div>
  );
}

function Section({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }): JSX.Element | null {
  const told = rows.filter(({ before, after }) => before !== undefined || after !== undefined);
  if (told.length === 0) return null;
  return (
    <tbody>
      <tr class="section">
        <th scope="rowgroup" colSpan={4}>
          {title}
        </th>
      </tr>
      {told.map((row) => (
        <tr key={row.title}>
          <th scope="row">{row.title}</th>
          <td class="number" data-value={row.before}>
            {row.write(row.before)}
          </td>
          <td class="number" data-value={row.after}>
            {row.write(row.after)}
          </td>
          <td class="number">{changeOf(row.before, row.after)}</td>
        </tr>
      ))}
    </tbody>
  );
}
