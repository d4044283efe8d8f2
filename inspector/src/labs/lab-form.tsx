/** Before a run: what a person predicts, and how the knobs stand. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { LabPage } from "#skein/labs/lab-page";

import { duration, number } from "../format.js";
import { Panel } from "../parts.js";
import { language, t } from "../state.js";
import {
  catalog,
  choose,
  guesses,
  labsState,
  problem,
  resetKnobs,
  runningSinceMs,
  runsOf,
  startRun,
  stopRun,
  turnKnob,
  typedKnobs,
} from "./labs-state.js";
import { letterOf } from "./result.js";

export function LabForm({ lab }: { readonly lab: LabPage }): JSX.Element {
  const words = language.value;
  const choice = guesses.value.get(lab.name);
  const { running } = labsState.value;
  const hasRun = runsOf(lab.name).length > 0;
  const refused = problem.value?.lab === lab.name ? problem.value.words : undefined;
  const begin = (chosen: number | undefined): void => void startRun(lab, chosen);
  return (
    <Panel class="lab-form">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (choice !== undefined && running === undefined) begin(choice);
        }}
      >
        <fieldset data-testid="lab-choices">
          <legend>{t("labs.predict")}</legend>
          <p>{lab.question[words]}</p>
          {lab.choices.map((text, at) => (
            <label key={at} class="lab-choice">
              <input
                type="radio"
                name={`choice-${lab.name}`}
                checked={choice === at}
                onChange={() => choose(lab.name, at)}
              />
              <span>
                {letterOf(at)}. {text[words]}
              </span>
            </label>
          ))}
        </fieldset>
        {lab.knobs.length === 0 ? null : <Knobs lab={lab} />}
        {refused === undefined ? null : (
          <p class="lab-refused" role="alert" data-testid="lab-problem">
            {refused[words]}
          </p>
        )}
        <div class="lab-buttons">
          <button
            type="submit"
            class="button primary"
            disabled={choice === undefined || running !== undefined}
            data-testid="lab-run"
          >
            {t(hasRun ? "labs.runAgain" : "labs.run")}
          </button>
          {choice === undefined && running === undefined ? (
            <button type="button" class="chip" onClick={() => begin(undefined)} data-testid="lab-run-without">
              {t("labs.runWithout")}
            </button>
          ) : null}
          <Progress lab={lab} />
        </div>
      </form>
    </Panel>
  );
}

function Knobs({ lab }: { readonly lab: LabPage }): JSX.Element {
  const words = language.value;
  const typed = typedKnobs.value.get(lab.name) ?? {};
  const isTurned = lab.knobs.some(({ name, usual }) => typed[name] !== undefined && Number(typed[name]) !== usual);
  return (
    <fieldset class="lab-knobs">
      <legend>{t("labs.knobs")}</legend>
      {lab.knobs.map(({ name, words: title, least, most, usual }) => (
        <label key={name}>
          <span>{title[words]}</span>
          <input
            type="text"
            inputMode="numeric"
            value={typed[name] ?? String(usual)}
            onInput={({ currentTarget }) => turnKnob(lab.name, name, currentTarget.value)}
            aria-describedby={`knob-${name}`}
            data-testid={`knob-${name}`}
          />
          <span class="weak" id={`knob-${name}`}>
            {t("labs.range", number(least, words), number(most, words), number(usual, words))}
          </span>
        </label>
      ))}
      {isTurned ? (
        <p class="lab-turned">
          <span class="weak">{t("labs.changed")}</span>
          <button type="button" class="chip" onClick={() => resetKnobs(lab.name)} data-testid="knobs-usual">
            {t("labs.usual")}
          </button>
        </p>
      ) : null}
    </fieldset>
  );
}

function Progress({ lab }: { readonly lab: LabPage }): JSX.Element | null {
  const words = language.value;
  const { running, stopped, runs } = labsState.value;
  const elapsedMs = useElapsed(running !== undefined);
  if (running === undefined) {
    // Of what was run last.
    const isLast = stopped !== undefined && runs.every(({ run }) => run < stopped);
    return isLast ? <span class="weak">{t("labs.stopped")}</span> : null;
  }
  if (running.lab !== lab.name) {
    const title = catalog.value.find(({ name }) => name === running.lab)?.title[words] ?? running.lab;
    return <span class="weak">{t("labs.otherRuns", title)}</span>;
  }
  const part = running.phase === undefined ? undefined : (lab.phases[running.phase]?.[words] ?? running.phase);
  return (
    <>
      <button type="button" class="chip" onClick={() => void stopRun()} data-testid="lab-stop">
        {t("labs.stop")}
      </button>
      <span class="status" role="status" data-testid="lab-progress">
        {part === undefined ? t("labs.running") : t("labs.runningPart", part)}
      </span>
      <span class="weak" aria-hidden="true">
        {duration(elapsedMs, words)}
      </span>
    </>
  );
}

/** Seconds, no oftener: a page that draws takes a core from the lab. */
function useElapsed(isRunning: boolean): number {
  const [, setTurn] = useState(0);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setTurn((turn) => turn + 1), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return Math.max(0, Math.floor((performance.now() - runningSinceMs.value) / 1000) * 1000);
}
