/** What colours, patterns and letters of the timeline mean. */
import type { JSX } from "preact";

import { colourOf, StateName } from "../parts.js";
import { t } from "../state.js";
import { State, STATES } from "./states.js";
import { type ColourBy, type ToneName, TONES } from "./tones.js";

export function Legend({ by, names }: { readonly by: ColourBy; readonly names: readonly ToneName[] }): JSX.Element {
  return (
    <ul class="legend" aria-label={t("timeline.legend")} data-testid="legend">
      {names.map(({ tone, name }) => (
        <li key={tone} class="tone-name">
          <span class="swatch" style={{ backgroundColor: colourOf(TONES[tone]) }} aria-hidden="true" />
          <span>
            {name === undefined ? t(`timeline.others.${by === "thread" ? "thread" : "task"}`) : toneName(name)}
          </span>
        </li>
      ))}
      {by === "state" ? null : <li>{t("timeline.pale")}</li>}
      {STATES.map((look, state) =>
        by !== "state" && look.letter === "" ? null : (
          <li key={look.name}>
            {by === "state" || !isOfTask(state) ? <StateName state={state} /> : <PlainState state={state} />}
          </li>
        ),
      )}
    </ul>
  );
}

function toneName(name: string): string {
  return name === "" ? t("timeline.unnamed") : name;
}

/** States that tasks and threads can be in, whose colour then is that of the task or thread. */
function isOfTask(state: number): boolean {
  return state !== State.stall && state !== State.gc && state !== State.dropped;
}

/** Its letter and pattern, in no colour. */
function PlainState({ state }: { readonly state: number }): JSX.Element {
  const look = STATES[state];
  return (
    <span class="state-name">
      <span class={`swatch plain pattern-${look?.pattern ?? "none"}`} aria-hidden="true">
        {look?.letter}
      </span>
      {look === undefined ? "" : t(look.text)}
    </span>
  );
}
