/** Two recordings beside each other, on the same scale. */
import type { JSX } from "preact";
import type { Figures } from "skein/trace";

import type { Model } from "../analysis/model.js";
import { AreaChart } from "../charts/area-chart.js";
import { duration, level, number, percent } from "../format.js";
import { Panel } from "../parts.js";
import { openFile } from "../source.js";
import { failure, language, models, t } from "../state.js";
import type { TextKey } from "../texts.js";

type Write = (value: number) => string;

export function CompareScreen({ model }: { readonly model: Model }): JSX.Element {
  const { second } = models.value;
  const failed = failure.value;
  return (
    <div
      class="compare"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) void openFile("second", file);
      }}
    >
      {failed?.slot === "second" ? (
        <p class="warn" role="alert" data-testid="failure">
          {t("app.failed")}: {failed.message}
        </p>
      ) : null}
      {second === undefined ? (
        <Panel title={t("compare.title")} class="drop">
          <Chooser text={t("compare.choose")} />
          <p class="weak">{t("compare.drop")}</p>
        </Panel>
      ) : (
        <Both first={model} second={second} />
      )}
    </div>
  );
}

function Chooser({ text }: { readonly text: string }): JSX.Element {
  return (
    <label class="button">
      {text}
      <input
        type="file"
        class="hidden"
        data-testid="second-file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file !== undefined) void openFile("second", file);
        }}
      />
    </label>
  );
}

function Both({ first, second }: { readonly first: Model; readonly second: Model }): JSX.Element {
  const words = language.value;
  const toMs = Math.max(first.durationMs, second.durationMs);
  const cores = Math.max(first.summary.figures.coresAllowed.value ?? 0, second.summary.figures.coresAllowed.value ?? 0);
  const most = (model: Model): number =>
    [...model.summary.series.busy, ...model.summary.series.demand].reduce<number>(
      (high, value) => Math.max(high, value ?? 0),
      cores,
    );
  const mostJobs = Math.max(
    ...[first, second].map(({ summary: { series } }) => Math.max(0, ...series.inFlight.map((count) => count ?? 0))),
  );
  const mostCores = Math.max(most(first), most(second));
  return (
    <>
      <div class="compare-charts">
        {[first, second].map((model, index) => (
          <Panel
            key={index}
            title={`${t(index === 0 ? "compare.first" : "compare.second")}: ${model.name}`}
            {...(index === 1 ? { actions: <Chooser text={t("compare.swap")} /> } : {})}
          >
            <p class="verdict small">{model.summary.verdict[words].text}</p>
            <AreaChart
              series={model.summary.series}
              fromMs={0}
              toMs={toMs}
              cores={model.summary.figures.coresAllowed.value}
              mostJobs={mostJobs}
              mostCores={mostCores}
            />
          </Panel>
        ))}
      </div>
      <Panel title={t("compare.same")}>
        <div class="table-scroll">
          <table data-testid="compare">
            <thead>
              <tr>
                <th scope="col" />
                <th scope="col" class="number">
                  {t("compare.first")}
                </th>
                <th scope="col" class="number">
                  {t("compare.second")}
                </th>
                <th scope="col" class="number">
                  {t("compare.change")}
                </th>
              </tr>
            </thead>
            <tbody>
              {figuresOf(words).map(({ text, read, write }) => {
                const [a, b] = [read(first.summary.figures), read(second.summary.figures)];
                return (
                  <tr key={text}>
                    <th scope="row">{t(text)}</th>
                    <td class="number" data-value={a}>
                      {a === undefined ? "–" : write(a)}
                    </td>
                    <td class="number" data-value={b}>
                      {b === undefined ? "–" : write(b)}
                    </td>
                    <td class="number">{changeOf(a, b)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Panel>
    </>
  );
}

/** From one figure to another, in words. */
export function changeOf(a: number | undefined, b: number | undefined): string {
  if (a === undefined || b === undefined || a === 0) return "–";
  if (a === b) return "=";
  const ratio = b / a;
  if (ratio >= 2 || ratio <= 0.5) return `× ${number(ratio, language.value, ratio >= 10 ? 0 : 2)}`;
  return `${ratio >= 1 ? "+" : "−"}${percent(Math.abs(ratio - 1), language.value)}`;
}

function figuresOf(words: typeof language.value): readonly {
  readonly text: TextKey;
  readonly read: (figures: Figures) => number | undefined;
  readonly write: Write;
}[] {
  const time: Write = (value) => duration(value, words);
  const count: Write = (value) => number(value, words);
  const mean: Write = (value) => level(value, words);
  return [
    { text: "figure.duration", read: ({ durationMs }) => durationMs.value, write: time },
    { text: "figure.jobs", read: ({ jobs }) => jobs.value, write: count },
    { text: "figure.meanInFlight", read: ({ meanInFlight }) => meanInFlight.value, write: mean },
    { text: "figure.mostInFlight", read: ({ mostInFlight }) => mostInFlight.value, write: count },
    { text: "figure.coresBusy", read: ({ coresBusy }) => coresBusy.value, write: mean },
    { text: "figure.coresWanted", read: ({ coresWanted }) => coresWanted.value, write: mean },
    { text: "figure.meanRunning", read: ({ meanRunning }) => meanRunning.value, write: mean },
    { text: "figure.mostRunning", read: ({ mostRunning }) => mostRunning.value, write: count },
    { text: "figure.cpu", read: ({ cpuMs }) => cpuMs.value, write: time },
    { text: "figure.coreWait", read: ({ coreWaitMs }) => coreWaitMs.value, write: time },
    { text: "figure.runTime", read: ({ runTime }) => runTime.value?.p50Ms, write: time },
    { text: "figure.runTime99", read: ({ runTime }) => runTime.value?.p99Ms, write: time },
    { text: "figure.waitTime", read: ({ waitTime }) => waitTime.value?.p50Ms, write: time },
    { text: "figure.waitTime99", read: ({ waitTime }) => waitTime.value?.p99Ms, write: time },
    { text: "figure.dropped", read: ({ droppedRecords }) => droppedRecords.value, write: count },
  ];
}
