/**
 * Dynamic partial-order reduction with source sets (Abdulla, Aronis, Jonsson and
 * Sagonas, POPL 2014) and sleep sets (Godefroid, 1996): of orders that differ only in
 * independent steps one is run, and when nothing is left to try, all others have an
 * equal among those run.
 *
 * After each run, for each step: the steps before it of other threads that it conflicts
 * with, and was not ordered with otherwise, are to be tried after it, too. So where the
 * earlier was taken, one of those threads is to be taken that could begin what comes
 * before the later and does not follow from the earlier.
 *
 * It would not do to take the later step's own thread there (Flanagan and Godefroid,
 * POPL 2005): if that sleeps there it is not run, and then nobody learns with what it
 * conflicts in its turn. Of an addition and two loads in three threads, the order with
 * the addition in the middle and the loads swapped was lost by that.
 *
 * Sleep sets: where all orders that begin with some thread's step have been run, that
 * step sleeps in the orders that follow, until one conflicts with it: before that,
 * taking it gives what has been run.
 *
 * Sets of threads are bits of a word, so there can be 31.
 */
import type { Turns } from "../turns.js";
import { HappensBefore, joinClock } from "../happens-before.js";
import { areDependent, hasPlace, Step, type StepKind } from "../operations.js";
import { State, type VirtualThread } from "../virtual-thread.js";
import type { Strategy } from "./strategy.js";

const MOST_THREADS = 31;

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

/** A step, taken or not, whose conflicts with those before it are looked for. */
interface NextStep {
  readonly thread: number;
  readonly kind: StepKind;
  readonly place: number;
  /** How many steps come before it in the run. */
  readonly end: number;
  /** As `#clocks` has it. */
  readonly clock: readonly number[];
}

export class DporStrategy implements Strategy {
  readonly name: string = "dpor";
  readonly #path: Node[] = [];
  readonly #answers: Answer[] = [];
  #answersGiven = 0;
  readonly #order: HappensBefore = new HappensBefore(true);
  /** Of each step: when its thread took it, in its own count. */
  readonly #times: number[] = [];
  /** Of each step: how many steps of each thread come before it for a reason, itself among them. */
  readonly #clocks: number[][] = [];
  /** Of each step at a place: the one before it there, or -1. */
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

  pick(execution: Turns): VirtualThread {
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

  willStep(thread: VirtualThread, execution: Turns): boolean {
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
  #sleepingAt({ stepCount }: Turns): number {
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

  choose(count: number, execution: Turns): number {
    const given = this.#answersGiven++;
    return (this.#answers[given] ??= { depth: execution.choiceDepth, count, answer: 0 }).answer;
  }

  end(execution: Turns): boolean {
    if (!execution.isRedundant) this.runs++;
    if (execution.failure?.kind === "livelock" && !execution.isRedundant) this.isPartial = true;
    this.#wantReversals(execution);
    const hasNext = this.#backtrack();
    this.isComplete = !hasNext && !this.isPartial;
    return hasNext;
  }

  /** Steps that conflict and could come in the other order: says so where the earlier was taken. */
  #wantReversals(execution: Turns): void {
    const { stepCount, stepThreads, stepKinds, stepPlaces } = execution;
    const order = this.#order;
    order.reset();
    this.#lastAt.clear();
    this.#clocks.length = 0;
    for (let step = 0; step < stepCount; step++) {
      const thread = stepThreads[step] as number;
      const kind = stepKinds[step] as StepKind;
      const place = stepPlaces[step] as number;
      const isAtPlace = hasPlace(kind);
      const last = isAtPlace ? (this.#lastAt.get(place) ?? -1) : -1;
      if (last !== -1) this.#wantReversal(execution, last, this.#nextStep(execution, last, thread, kind, place, step));
      if (isAtPlace) {
        this.#before[step] = last;
        this.#lastAt.set(place, step);
      }
      order.take(execution, step);
      this.#times[step] = order.timeOf(thread);
      this.#clocks[step] = order.clockAfter(thread);
    }
    // The steps that were not taken any more count as well.
    for (let index = 0; index < execution.threadCount; index++) {
      const { pendingKind, pendingPlace, state } = execution.threads[index] as VirtualThread;
      if (state === State.finished || pendingKind === Step.start || !hasPlace(pendingKind)) continue;
      const last = this.#lastAt.get(pendingPlace) ?? -1;
      if (last === -1) continue;
      const next = this.#nextStep(execution, last, index, pendingKind, pendingPlace, stepCount);
      this.#wantReversal(execution, last, next);
    }
  }

  /** A step that is to be looked at, with the clock that it has or would have. */
  #nextStep(execution: Turns, last: number, thread: number, kind: StepKind, place: number, end: number): NextStep {
    const clock = this.#order.clockAfter(thread);
    for (let earlier = last; earlier >= 0; earlier = this.#before[earlier] as number) {
      if (!areDependent(execution.stepKinds[earlier] as StepKind, place, kind, place)) continue;
      joinClock(clock, this.#clocks[earlier] as number[]);
    }
    return { thread, kind, place, end, clock };
  }

  /**
   * For the step of `thread` that comes at place `end` of the run, or would come next:
   * finds what it conflicts with, and has one who can go before that taken there.
   */
  #wantReversal(execution: Turns, last: number, step: NextStep): void {
    const { thread, kind, place } = step;
    const conflicts: number[] = [];
    for (let earlier = last; earlier >= 0; earlier = this.#before[earlier] as number) {
      const other = execution.stepThreads[earlier] as number;
      if (other === thread || !areDependent(execution.stepKinds[earlier] as StepKind, place, kind, place)) continue;
      if (this.#order.knows(thread, other, this.#times[earlier] as number)) continue;
      // One that comes before another of these for a reason: when that one is reversed, it has its turn.
      if (conflicts.some((later) => this.#isBefore(execution, earlier, this.#clocks[later] as number[]))) continue;
      conflicts.push(earlier);
    }
    for (const earlier of conflicts) this.#wantBefore(execution, earlier, step);
  }

  /** Whether a step comes before another for a reason, whose clock this is. */
  #isBefore(execution: Turns, earlier: number, clock: readonly number[]): boolean {
    return (clock[execution.stepThreads[earlier] as number] ?? 0) >= (this.#times[earlier] as number);
  }

  #wantBefore(execution: Turns, earlier: number, step: NextStep): void {
    const node = this.#path[earlier];
    if (node === undefined) return;
    const beginners = this.#beginners(execution, earlier, step);
    // One that sleeps there has been taken with all that follows: so has this order.
    if ((beginners & (node.wanted | node.sleeping)) !== 0) return;
    const able = beginners & node.enabled;
    const own = able & (1 << step.thread);
    node.wanted |= able === 0 ? node.enabled : own === 0 ? able & -able : own;
  }

  /**
   * Of the steps after `earlier` that do not follow from it, up to this step: the
   * threads of those that follow from no other of them.
   */
  #beginners(execution: Turns, earlier: number, { thread, end, clock }: NextStep): number {
    const left: number[] = [];
    let beginners = 0;
    const add = (by: number, clockOfStep: readonly number[]): void => {
      if (!left.some((before) => this.#isBefore(execution, before, clockOfStep))) beginners |= 1 << by;
    };
    for (let between = earlier + 1; between < end; between++) {
      const clockOfStep = this.#clocks[between] as number[];
      if (this.#isBefore(execution, earlier, clockOfStep)) continue;
      add(execution.stepThreads[between] as number, clockOfStep);
      left.push(between);
    }
    add(thread, clock);
    return beginners;
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
