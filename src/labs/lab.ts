/** What a lab is, and what a run of it gives: plain data, so that verdicts are functions of it. */
import type { Sentence } from "../trace/words/language.js";
import type { Evidence } from "./evidence.js";

/**
 * Stretches of time in which somebody ran, in order: [begin, end], in milliseconds of
 * `performance.now()`, which counts from the same moment on all threads of a process.
 */
export type Runs = readonly (readonly [beginMs: number, endMs: number])[];

/** One row of a picture: a thread or a job, and when it ran. */
export interface Lane {
  readonly name: string;
  readonly runs: Runs;
}

/** A process that used cores while a lab ran, and is no part of it. */
export interface Neighbour {
  readonly pid: number;
  readonly name: string;
  /** On average. */
  readonly cores: number;
}

/** What was measured around a part of a lab. `undefined` is what the platform does not tell. */
export interface PhaseFacts {
  readonly name: string;
  readonly beginMs: number;
  readonly wallMs: number;
  /** Of the whole process, the engine's own threads included. */
  readonly cpuMs: number;
  /** Threads that stood ready and had no core, summed. */
  readonly coreWaitMs: number | undefined;
  /** A thread gave its core back by itself, as to wait; it was taken from it. */
  readonly ownSwitches: number | undefined;
  readonly forcedSwitches: number | undefined;
  /** Threads of the operating system in this process, at most of what was seen at the beginning and the end. */
  readonly threads: number | undefined;
  /** How many more there were at the end than at the beginning. */
  readonly newThreads: number | undefined;
  /** Jobs in flight, over the phase and at most; none where a lab has no jobs of scopes. */
  readonly meanInFlight: number | undefined;
  readonly mostInFlight: number;
  /** Of the cores that this process may use: those that others used, and those that nobody used, on average. */
  readonly othersCores: number | undefined;
  readonly idleCores: number | undefined;
  /** The busiest others, as far as they can be seen. */
  readonly neighbours: readonly Neighbour[];
}

/** What the program of a lab hands over. */
export interface ProgramResult {
  /** By names that the lab's entry in the catalogue knows. */
  readonly numbers: Readonly<Record<string, number>>;
  /** By the phase that they belong to. */
  readonly lanes?: Readonly<Record<string, readonly Lane[]>>;
}

/** All that a run gave. */
export interface Measured extends ProgramResult {
  readonly lanes: Readonly<Record<string, readonly Lane[]>>;
  readonly phases: readonly PhaseFacts[];
  /** That this process may keep busy. */
  readonly cores: number;
  /** Whether threads can be bound to cores here. */
  readonly canPin: boolean;
}

/** What the machine offers a program: the third argument of `measure`. */
export interface Machine {
  readonly cores: number;
  /** Numbers of the cores that threads can be bound to; none where they can't. */
  readonly pinTo: readonly number[];
  /** Files and connections that the process may have open; `undefined` where that is not told. */
  readonly mostFiles: number | undefined;
}

/** "inconclusive" says nothing about the claim: the machine did not let it be measured. */
export type JudgementKind = "shown" | "not-shown" | "inconclusive";

/** What the evidence says of a claim. */
export interface Judgement {
  readonly kind: JudgementKind;
  readonly because: Sentence;
}

/** A number of a lab, as it is shown. */
export interface NumberEntry {
  readonly name: string;
  readonly words: Sentence;
  readonly unit: "count" | "ms" | "us" | "share" | "plain" | "kb";
}

/** What the reader guesses before the run. */
export interface Prediction {
  readonly question: Sentence;
  /** a, b, c. */
  readonly choices: readonly Sentence[];
  /** Index of the choice that came true, by the measurement; `undefined` if it does not tell. */
  readonly outcome: (evidence: Evidence) => number | undefined;
}

/** Values of a lab's knobs, by their names: the fourth argument of `measure`. */
export type Knobs = Readonly<Record<string, number>>;

/** A whole number that can be turned before a run; the lab's claim is made for the usual one. */
export interface Knob {
  readonly name: string;
  /** With the unit, where it has one. */
  readonly words: Sentence;
  readonly least: number;
  readonly most: number;
  /** Where it depends on the machine, by its cores. */
  readonly usual: number | ((cores: number) => number);
}

/** A lab: its place in the catalogue. Its program is `labs/<name>.ts`. */
export interface Lab {
  readonly name: string;
  readonly title: Sentence;
  /** Statements of the source document, as "S4". */
  readonly statements: readonly string[];
  readonly claim: Sentence;
  readonly prediction: Prediction;
  /** Names of phases in words; in order. */
  readonly phases: Readonly<Record<string, Sentence>>;
  readonly numbers: readonly NumberEntry[];
  /** True if who stands in a lane ran meanwhile; else it may have waited, or just lived. */
  readonly lanesRan?: true;
  /** None where nothing can be turned. */
  readonly knobs?: readonly Knob[];
  /** What the numbers mean, in a sentence or two. */
  readonly explanation: Sentence;
  /** What to change in the code, and what then happens. */
  readonly next: Sentence;
  readonly judge: (evidence: Evidence) => Judgement;
}
