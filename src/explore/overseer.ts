/**
 * Who looks after all searches of this process: `skein explore`, if that runs it.
 *
 * It hears of each search when that begins, some times a second, and when it has
 * ended; and it says by which options the search goes, or that it is left out. It is
 * kept where every copy of the library finds it, as the command and the program may
 * have come with copies of their own.
 */
import type { Coverage } from "./coverage.js";
import type { ExploreReport } from "./explore.js";
import type { ExploreOptions } from "./options.js";

export interface Overseer {
  /** The file whose searches these are, as the command was given it. */
  readonly file: string;
  /** Options of the command that a schedule needs to be run again, as they are typed. */
  readonly replayFlags: string;
  begin(search: WatchedSearch): Watch;
}

/** A search, as it is looked at. */
export interface WatchedSearch {
  readonly name: string;
  /** What the program asks for itself. */
  readonly options: ExploreOptions;
  now(): SearchState;
}

export interface SearchState {
  readonly schedules: number;
  /** Steps of the longest. */
  readonly steps: number;
  readonly strategy: string;
  /** What would be covered if the search ended now. */
  readonly coverage: Coverage;
  /** Until the budget is used up; infinite if that is no time. */
  readonly leftMs: number;
  /** Whether something has been found, and is being made shorter. */
  readonly isShortening: boolean;
}

/** What the overseer makes of a search. */
export interface Watch {
  /** By which the search goes. */
  readonly options: ExploreOptions;
  /** Why it is not done at all; `undefined` if it is. */
  readonly passBy: string | undefined;
  /** The search is under way. */
  turn(): void;
  end(end: SearchEnd): void;
}

export interface SearchEnd {
  readonly state: SearchState;
  /** Of a search that found nothing. */
  readonly report: ExploreReport | undefined;
  /** What the others ended by: an `ExploreError`, or a mistake in how it was called. */
  readonly error: unknown;
  /** Why it was not done. */
  readonly passedBy: string | undefined;
}

/** Why a search is not done when one schedule is to be run again. */
export const OTHER_TOKEN = "the token is that of another program";

const OVERSEER = Symbol.for("skein.explore.overseer");

interface Globals {
  [OVERSEER]?: Overseer;
}

export function overseer(): Overseer | undefined {
  return (globalThis as Globals)[OVERSEER];
}

/** Who looks after all searches from now on. */
export function oversee(next: Overseer): void {
  (globalThis as Globals)[OVERSEER] = next;
}

/** Without an overseer a search goes by its own options. */
export function watch(search: WatchedSearch): Watch {
  const { options } = search;
  return overseer()?.begin(search) ?? { options, passBy: undefined, turn: () => undefined, end: () => undefined };
}
