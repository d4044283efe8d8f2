/**
 * The order that steps of a run are in for a reason: by their thread, by spawn, join
 * and waking, and, as far as asked for, by what they do to the same place.
 *
 * Vector clocks: of each thread, how many steps of each other are known to it.
 */
import type { StepRecord } from "./step-record.js";
import { hasPlace, Step, type StepKind } from "./operations.js";
import type { VirtualThread } from "./virtual-thread.js";

class PlaceClocks {
  /** What is known to the last that wrote. */
  readonly written: number[] = [];
  /** And to all that have read. */
  readonly read: number[] = [];
  /** And to the last that touched the line of sleepers. */
  readonly sleepers: number[] = [];
}

export class HappensBefore {
  /** Whether plain accesses to a place order each other: so for the search, not for races. */
  readonly #countsPlain: boolean;
  readonly #threads: number[][] = [];
  readonly #places: Map<number, PlaceClocks> = new Map();
  /** The clocks of steps that woke somebody. */
  readonly #wakers: Map<number, number[]> = new Map();

  constructor(countsPlain: boolean) {
    this.#countsPlain = countsPlain;
  }

  reset(): void {
    this.#threads.length = 0;
    this.#places.clear();
    this.#wakers.clear();
  }

  /** Whether the thread knows of another's step, its `time`-th. */
  knows(thread: number, other: number, time: number): boolean {
    return (this.#clockOf(thread)[other] ?? 0) >= time;
  }

  /** How many steps the thread has taken. */
  timeOf(thread: number): number {
    return this.#clockOf(thread)[thread] ?? 0;
  }

  /** What the thread knows after its last step, as a copy. */
  clockAfter(thread: number): number[] {
    return [...this.#clockOf(thread)];
  }

  /** The thread takes step number `step` of the run. */
  take(execution: StepRecord, step: number): void {
    const thread = execution.stepThreads[step] as number;
    const kind = execution.stepKinds[step] as StepKind;
    const clock = this.#clockOf(thread);
    clock[thread] = (clock[thread] ?? 0) + 1;
    switch (kind) {
      case Step.spawn:
        joinClock(this.#clockOf(execution.stepValues[step] as number), clock);
        return;
      case Step.join:
        for (const { index } of (execution.stepArguments[step] ?? []) as readonly VirtualThread[]) {
          joinClock(clock, this.#clockOf(index));
        }
        return;
      case Step.woken: {
        const waker = this.#wakers.get(execution.stepArguments[step] as number);
        // One that nobody woke went on when nobody else could: after all.
        if (waker !== undefined) joinClock(clock, waker);
        else for (const other of this.#threads) if (other !== undefined) joinClock(clock, other);
        return;
      }
      default:
        if (hasPlace(kind)) this.#touch(clock, kind, execution, step);
    }
  }

  #touch(clock: number[], kind: StepKind, execution: StepRecord, step: number): void {
    if (!this.#countsPlain && (kind === Step.read || kind === Step.write || kind >= Step.call)) return;
    const number = execution.stepPlaces[step] as number;
    let place = this.#places.get(number);
    if (place === undefined) this.#places.set(number, (place = new PlaceClocks()));
    if (kind === Step.notify) {
      joinClock(clock, place.sleepers);
      copy(place.sleepers, clock);
      this.#wakers.set(step, [...clock]);
      return;
    }
    // A store orders nothing before itself: who reads it knows what its thread knew, no more.
    if (this.#countsPlain || kind !== Step.store) joinClock(clock, place.written);
    const onlyReads = kind === Step.change && !this.#countsPlain && !execution.hasWritten(step);
    if (onlyReads || kind === Step.load || kind === Step.read || kind === Step.call) {
      joinClock(place.read, clock);
      return;
    }
    if (kind === Step.wait) {
      joinClock(clock, place.sleepers);
      copy(place.sleepers, clock);
      joinClock(place.read, clock);
      return;
    }
    if (this.#countsPlain) joinClock(clock, place.read);
    copy(place.written, clock);
    if (this.#countsPlain) place.read.length = 0;
  }

  #clockOf(thread: number): number[] {
    return (this.#threads[thread] ??= []);
  }
}

export function joinClock(into: number[], from: readonly number[]): void {
  for (let at = 0; at < from.length; at++) {
    const time = from[at] ?? 0;
    if (time > (into[at] ?? 0)) into[at] = time;
    else into[at] ??= 0;
  }
}

function copy(into: number[], from: readonly number[]): void {
  into.length = from.length;
  for (let at = 0; at < from.length; at++) into[at] = from[at] ?? 0;
}
