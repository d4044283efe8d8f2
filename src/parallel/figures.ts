/** What the calls of this thread amount to, and which are under way: for `statistics` and dumps. */
import { addDumpSection } from "../async/dump.js";

/** Figures of the calls that began on this thread. */
export interface ParallelStatistics {
  /** Calls that were not shared out: over too soon, or nobody was there to help. */
  readonly callsHere: number;
  /** Calls that were shared out. */
  readonly callsShared: number;
  /** Parts of those, and how often a participant took some from another. */
  readonly parts: number;
  readonly steals: number;
  /** Helpers that had to be called, and such as had not: they were there from the call before, or woken in time. */
  readonly helpersCalled: number;
  readonly helpersThere: number;
  /** How often one was woken without being called. */
  readonly helpersWoken: number;
}

/** A call that is shared out. */
export interface Underway {
  /** Name, parts that are left, participants: as dumps show it. */
  describe(): string;
}

const counts = {
  callsHere: 0,
  callsShared: 0,
  parts: 0,
  steals: 0,
  helpersCalled: 0,
  helpersWoken: 0,
  helpersThere: 0,
};
const underway = new Set<Underway>();

/** A call was not shared out. */
export function countCallHere(): void {
  counts.callsHere++;
}

/** A call had so many helpers called, and so many had not to be. */
export function countHelpers(called: number, there: number): void {
  counts.helpersCalled += called;
  counts.helpersThere += there;
}

/** One that slept is woken. */
export function countWoken(): void {
  counts.helpersWoken++;
}

/** A call is shared out from now on. */
export function begins(call: Underway): void {
  underway.add(call);
}

/** It is over. */
export function ends(call: Underway, parts: number, steals: number): void {
  underway.delete(call);
  counts.callsShared++;
  counts.parts += parts;
  counts.steals += steals;
}

/** Figures of the calls that began on this thread, since the program began. */
export function statistics(): ParallelStatistics {
  return { ...counts };
}

addDumpSection(() => (underway.size === 0 ? [] : ["parallel calls", ...[...underway].map((call) => call.describe())]));
