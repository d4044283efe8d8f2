/** What a run gave: the verdict, the prediction beside it, the numbers, the timelines; and two runs compared. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { LabPage, RunPage } from "#skein/labs/lab-page";

import { Panel } from "../parts.js";
import { language, t } from "../state.js";
import { guessesOfRuns } from "./labs-state.js";
import { NumbersList, PartsTable, RunsTable } from "./tables.js";
import { Timelines } from "./timelines.js";

export const MARKS = { shown: "✔", "not-shown": "✖", inconclusive: "?" } as const;

export function Result(props: {
  readonly lab: LabPage;
  readonly run: RunPage;
  readonly before: RunPage | undefined;
}): JSX.Element {
  const { lab, run, before } = props;
  const [isComparing, setIsComparing] = useState(false);
  const words = language.value;
  const compared = isComparing ? before : undefined;
  return (
    <div class="lab-result" data-testid="lab-result" data-run={run.run}>
      <Panel
        title={t("labs.result", run.run)}
        actions={
          <button
            type="button"
            class="chip"
            data-testid="lab-compare-runs"
            aria-pressed={compared !== undefined}
            disabled={before === undefined}
            title={before === undefined ? t("labs.compareNone") : undefined}
            onClick={() => setIsComparing(!isComparing)}
          >
            {t("labs.compare")}
          </button>
        }
      >
        {compared === undefined ? null : (
          <>
            <p class="weak">{t("labs.runName", compared.run)}</p>
            <Verdict run={compared} />
            <p class="weak">{t("labs.runName", run.run)}</p>
          </>
        )}
        <Verdict run={run} />
        <Prediction lab={lab} run={run} />
        {run.tries > 1 ? <p class="weak">{t("labs.tries")}</p> : null}
        {run.output.trim() === "" ? null : (
          <>
            <p class="weak">{t("labs.said.program")}:</p>
            <pre class="lab-output">{run.output.trim()}</pre>
          </>
        )}
        {before === undefined ? <p class="weak">{t("labs.compareNone")}</p> : null}
      </Panel>
      {run.phases.length === 0 ? null : (
        <>
          <Timelines lab={lab} shown={compared === undefined ? [run] : [compared, run]} />
          <Panel title={t("labs.numbers")}>
            {compared === undefined ? (
              <>
                <NumbersList lab={lab} run={run} />
                <PartsTable lab={lab} run={run} />
                <p class="weak">{t("labs.concurrency")}</p>
              </>
            ) : (
              <RunsTable lab={lab} before={compared} after={run} />
            )}
          </Panel>
        </>
      )}
      <div class="lab-after">
        <Panel title={t("labs.means")}>
          <p>{withCode(lab.explanation[words])}</p>
        </Panel>
        <Panel title={t("labs.next")}>
          <p>{withCode(lab.next[words])}</p>
          <pre class="lab-output">
            {`skein lab ${lab.number} --code > mine.ts\nskein lab ${lab.number} --with mine.ts`}
          </pre>
        </Panel>
      </div>
    </div>
  );
}

function Verdict({ run }: { readonly run: RunPage }): JSX.Element {
  const { kind, because } = run.judgement;
  return (
    <p class={`verdict lab-verdict lab-${kind}`} data-testid="lab-verdict" data-kind={kind}>
      <b>
        {MARKS[kind]} {t(`labs.${kind}`)}
      </b>
      <span>{because[language.value]}</span>
    </p>
  );
}

function Prediction({ lab, run }: { readonly lab: LabPage; readonly run: RunPage }): JSX.Element | null {
  const words = language.value;
  const guess = guessesOfRuns.value.get(run.run);
  const { outcome } = run;
  // What failed has no outcome to be compared.
  if (run.phases.length === 0) return null;
  const textOf = (choice: number): string => `${letterOf(choice)}. ${lab.choices[choice]?.[words] ?? ""}`;
  const isRight = guess === outcome;
  return (
    <dl class="lab-prediction" data-testid="lab-prediction">
      {guess === undefined ? null : (
        <div>
          <dt>{t("labs.said")}</dt>
          <dd>{textOf(guess)}</dd>
        </div>
      )}
      <div>
        <dt>{t("labs.was")}</dt>
        <dd>{outcome === undefined ? t("labs.untold") : textOf(outcome)}</dd>
      </div>
      {guess === undefined || outcome === undefined ? null : (
        <p class={isRight ? "right" : "wrong"} data-testid="lab-guess" data-right={isRight}>
          {t(isRight ? "labs.right" : "labs.wrong")}
        </p>
      )}
    </dl>
  );
}

/** What stands between backticks is code. */
function withCode(text: string): JSX.Element[] {
  return text
    .split("`")
    .map((part, at) => (at % 2 === 0 ? <span key={at}>{part}</span> : <code key={at}>{part}</code>));
}

export function letterOf(choice: number): string {
  return String.fromCodePoint(97 + choice);
}
