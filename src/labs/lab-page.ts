/**
 * What the labs are to the inspector's page, as plain data: the page has no words, no
 * verdicts and no list of its own. `inspector/src/labs/` reads it.
 */
import type { Sentence } from "../trace/words/language.js";
import { LABS, numberOf } from "./catalog.js";
import { outcomeOf } from "./evidence.js";
import { knobsOf, usualOf } from "./knobs.js";
import type { Judgement, JudgementKind, Knobs, Lab, Measured, NumberEntry, PhaseFacts } from "./lab.js";
import { shareAtLevel } from "./levels.js";
import type { LabRun } from "./start-lab.js";
import { STATEMENTS } from "./statements.js";
import { laneName } from "./words.js";

export interface KnobPage {
  readonly name: string;
  readonly words: Sentence;
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

/** A lab before it has run. */
export interface LabPage {
  readonly number: number;
  readonly name: string;
  readonly title: Sentence;
  readonly statements: readonly { readonly name: string; readonly words: Sentence }[];
  readonly claim: Sentence;
  readonly question: Sentence;
  readonly choices: readonly Sentence[];
  readonly phases: Readonly<Record<string, Sentence>>;
  readonly numbers: readonly NumberEntry[];
  readonly knobs: readonly KnobPage[];
  readonly explanation: Sentence;
  readonly next: Sentence;
}

/** Milliseconds from the beginning of the phase's recording. */
export interface LanePage {
  readonly name: Sentence;
  readonly runs: readonly (readonly [beginMs: number, endMs: number])[];
}

export interface PhasePage extends PhaseFacts {
  readonly lanes: readonly LanePage[];
  /** Of the time in which any lane ran, the share in which two or more did; `undefined` where lanes do not tell. */
  readonly atOnce: number | undefined;
  /** Whether there is a recording of it. */
  readonly hasTrace: boolean;
}

/** A lab that has run. */
export interface RunPage {
  /** Counts the runs of this server, from 1. */
  readonly run: number;
  readonly lab: string;
  /** All of the lab's knobs, as they were. */
  readonly knobs: Knobs;
  readonly judgement: Judgement;
  /** Index of the choice that came true, if that can be told. */
  readonly outcome: number | undefined;
  readonly tries: number;
  readonly output: string;
  readonly cores: number | undefined;
  readonly numbers: Readonly<Record<string, number>>;
  readonly phases: readonly PhasePage[];
}

/** What goes on, as it is told to every page. */
export interface LabsState {
  readonly running:
    | { readonly run: number; readonly lab: string; readonly phase: string | undefined; readonly forMs: number }
    | undefined;
  /** Runs that are kept, the oldest first. */
  readonly runs: readonly { readonly run: number; readonly lab: string; readonly kind: JudgementKind }[];
  /** The run that was stopped last before it was over. */
  readonly stopped: number | undefined;
}

function labPage(lab: Lab, canBind: boolean): LabPage {
  const { name, title, claim, prediction, phases, numbers, explanation, next } = lab;
  return {
    number: numberOf(lab),
    name,
    title,
    statements: lab.statements.map((one) => ({ name: one, words: STATEMENTS[one] ?? { en: one, ru: one } })),
    claim,
    question: prediction.question,
    choices: prediction.choices,
    phases,
    numbers,
    knobs: knobsOf(lab, canBind).map((knob) => ({ ...knob, usual: usualOf(knob) })),
    explanation,
    next,
  };
}

export function labPages(canBind: boolean): readonly LabPage[] {
  return LABS.map((lab) => labPage(lab, canBind));
}

export function runPage(
  run: number,
  knobs: Knobs,
  { lab, judgement, measured, output, tries, traces }: LabRun,
): RunPage {
  return {
    run,
    lab: lab.name,
    knobs,
    judgement,
    outcome: measured === undefined ? undefined : outcomeOf(lab, measured),
    tries,
    output,
    cores: measured?.cores,
    numbers: measured?.numbers ?? {},
    phases: measured?.phases.map((facts, at) => phasePage(lab, facts, measured, traces[at] !== undefined)) ?? [],
  };
}

function phasePage(lab: Lab, facts: PhaseFacts, { lanes }: Measured, hasTrace: boolean): PhasePage {
  const own = lanes[facts.name] ?? [];
  return {
    ...facts,
    atOnce: lab.lanesRan === true && own.some(({ runs }) => runs.length > 0) ? shareAtLevel(own, 2) : undefined,
    hasTrace,
    lanes: own.map(({ name, runs }) => ({
      name: { en: name, ru: laneName(name, "ru") },
      runs: runs.map(([beginMs, endMs]) => [beginMs - facts.beginMs, endMs - facts.beginMs] as const),
    })),
  };
}
