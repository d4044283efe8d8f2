/**
 * Dynamic partial-order reduction (Flanagan and Godefroid, POPL 2005) with sleep sets
 * (Godefroid, 1996): of orders that differ only in independent steps one is run, and
 * when nothing is left to try, all others have an equal among those run.
 *
 * After each run, for each step: the last step before it of another thread that it
 * conflicts with, and was not ordered with otherwise, is to be tried after it, too:
 * so where that was taken, this thread, if it could go on there, is to be taken; else
 * all that could.
 *
 * Sleep sets: where all orders that begin with some thread's step have been run, that
 * step sleeps in the orders that follow, until one conflicts with it: before that,
 * taking it gives what has been run.
 *
 * Sets of threads are bits of a word, so there can be 31.
 */
import type { Execution } from "../execution.js";
import { HappensBefore } from "../happens-before.js";
import { areDependent, hasPlace, Step, type StepKind } from "../operations.js";
import { State, type VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

export const MOST_THREADS = 31;

/** A step of the run, and what else could have been taken there. */
class Node {
  enabled = 0;
  sleeping = 0;
  /** Taken here before, with all that follows. */
  done = 0;
  /** To be taken here. */
  wanted = 0;
  taken = 0;
  readonly kinds: StepKind[] = [];
  readonly places: number[] = [];
}

interface Answer {
  /** How many steps had been taken. */
  readonly depth: number;
  readonly count: number;
  answer: number;
}

export class DporStrategy implements Strategy {
  readonly name: string = "dpor";
  readonly #path: Node[] = [];
  readonly #answers: Answer[] = [];
  #answersGiven = 0;
  readonly #order: HappensBefore = new HappensBefore(true);
  /** Of each step: when its thread took it, in its own count. */
  readonly #times: number[] = [];
  readonly #before: number[] = [];
  readonly #lastAt: Map<number, number> = new Map();
  /** Runs that were not given up as equal to others. */
  runs = 0;
  /** Some run had more threads than fit, or was ended before its end. */
  isPartial = false;
  isComplete = false;

  begin(): void {
    this.#answersGiven = 0;
  }

  pick(execution: Execution): VirtualThread {
    const node = this.#path[execution.stepCount];
    if (node !== undefined) return execution.threads[node.taken] as VirtualThread;
    const sleeping = this.#sleepingAt(execution);
    const before = execution.stepThreads[execution.stepCount - 1] ?? 0;
    let first: VirtualThread | undefined;
    for (let at = 0; at < execution.enabledCount; at++) {
      const thread = execution.enabled[at] as VirtualThread;
      if ((sleeping & (1 << thread.index)) !== 0) continue;
      // The one that went before: so runs have few switches.
      if (thread.index === before) return thread;
      first ??= thread;
    }
    return first ?? (execution.enabled[0] as VirtualThread);
  }

  willStep(thread: VirtualThread, execution: Execution): boolean {
    const depth = execution.stepCount;
    if (execution.threadCount > MOST_THREADS) this.isPartial = true;
    const bit = 1 << thread.index;
    const known = this.#path[depth];
    if (known !== undefined) {
      known.taken = thread.index;
      known.wanted |= bit;
      return true;
    }
    const node = new Node();
    node.sleeping = this.#sleepingAt(execution);
    node.taken = thread.index;
    node.wanted = bit;
    for (let at = 0; at < execution.enabledCount; at++)
      node.enabled |= 1 << (execution.enabled[at] as VirtualThread).index;
    for (let index = 0; index < execution.threadCount; index++) {
      const { pendingKind, pendingPlace } = execution.threads[index] as VirtualThread;
      node.kinds[index] = pendingKind;
      node.places[index] = pendingPlace;
    }
    if ((node.sleeping & bit) !== 0) return false;
    this.#path.push(node);
    return true;
  }

  /** Threads whose next step sleeps at the end of the path. */
  #sleepingAt({ stepCount }: Execution): number {
    const parent = this.#path[stepCount - 1];
    if (parent === undefined) return 0;
    const { taken, kinds, places } = parent;
    let sleeping = 0;
    for (let left = parent.sleeping | (parent.done & ~(1 << taken)); left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const kind = kinds[index] as StepKind;
      const place = places[index] as number;
      if (!areDependent(kind, place, kinds[taken] as StepKind, places[taken] as number)) sleeping |= 1 << index;
    }
    return sleeping;
  }

  choose(count: number, execution: Execution): number {
    const given = this.#answersGiven++;
    return (this.#answers[given] ??= { depth: execution.stepCount, count, answer: 0 }).answer;
  }

  end(execution: Execution): boolean {
    if (!execution.isRedundant) this.runs++;
    if (execution.failure?.kind === "livelock" && !execution.isRedundant) this.isPartial = true;
    this.#wantReversals(execution);
    const hasNext = this.#backtrack();
    this.isComplete = !hasNext && !this.isPartial;
    return hasNext;
  }

  /** Steps that conflict and could come in the other order: says so where the earlier was taken. */
  #wantReversals(execution: Execution): void {
    const { stepCount, stepThreads, stepKinds, stepPlaces } = execution;
    const order = this.#order;
    order.reset();
    this.#lastAt.clear();
    for (let step = 0; step < stepCount; step++) {
      const thread = stepThreads[step] as number;
      const kind = stepKinds[step] as StepKind;
      const place = stepPlaces[step] as number;
      if (hasPlace(kind)) {
        const last = this.#lastAt.get(place) ?? -1;
        this.#wantReversal(execution, last, thread, kind, place);
        this.#before[step] = last;
        this.#lastAt.set(place, step);
      }
      order.take(execution, step);
      this.#times[step] = order.timeOf(thread);
    }
    // The steps that were not taken any more count as well.
    for (let index = 0; index < execution.threadCount; index++) {
      const { pendingKind, pendingPlace, state } = execution.threads[index] as VirtualThread;
      if (state === State.finished || pendingKind === Step.start || !hasPlace(pendingKind)) continue;
      this.#wantReversal(execution, this.#lastAt.get(pendingPlace) ?? -1, index, pendingKind, pendingPlace);
    }
  }

  #wantReversal(execution: Execution, last: number, thread: number, kind: StepKind, place: number): void {
    for (let earlier = last; earlier >= 0; earlier = this.#before[earlier] as number) {
      const other = execution.stepThreads[earlier] as number;
      if (other === thread || !areDependent(execution.stepKinds[earlier] as StepKind, place, kind, place)) continue;
      if (this.#order.knows(thread, other, this.#times[earlier] as number)) continue;
      const node = this.#path[earlier];
      if (node === undefined) return;
      const bit = 1 << thread;
      node.wanted |= (node.enabled & bit) !== 0 ? bit : node.enabled;
      return;
    }
  }

  /** Cuts the path where something is left to take, and takes it. @returns false if nothing is */
  #backtrack(): boolean {
    this.#answers.length = Math.min(this.#answers.length, this.#answersGiven);
    for (;;) {
      const answer = this.#answers.at(-1);
      if (answer !== undefined && answer.depth >= this.#path.length) {
        if (++answer.answer < answer.count) return true;
        this.#answers.pop();
        continue;
      }
      const node = this.#path.at(-1);
      if (node === undefined) return false;
      node.done |= 1 << node.taken;
      const left = node.wanted & node.enabled & ~node.done & ~node.sleeping;
      if (left !== 0) {
        node.taken = 31 - Math.clz32(left & -left);
        return true;
      }
      this.#path.pop();
    }
  }
}
