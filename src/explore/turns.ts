/**
 * Who of a run's threads can go on, and who does.
 *
 * A thread that waits says so by its state. The strategy picks among those that are
 * ready; when none is, one that waits in vain is let go on: one that yielded, then one
 * that spins, then the one whose sleep ends first. When there is none of these either,
 * the run has failed.
 */
import { describeWaits, HOW_TO_REPEAT, named } from "./describe.js";
import type { Failure } from "./failure.js";
import type { Strategy } from "./strategies/strategy.js";
import { StepRecord } from "./step-record.js";
import { State, type VirtualThread } from "./virtual-thread.js";

/** Steps after which threads take turns, so that one that only waits for others gets them. */
const FAIR_AFTER_STEPS = 2_000;
/** How often a thread may repeat reads in vain when no other can go on. */
const MOST_SPIN_RELEASES = 400;
/** Time that may pass on the virtual clock with nobody doing anything but wait. */
const MOST_IDLE_MS = 5_000;

/** Given up: a strategy has found that the run would repeat others. */
const REDUNDANT: Failure = { kind: "livelock", message: "" };

export class Turns extends StepRecord {
  /** Threads that can go on, in order of their indexes; only the first `enabledCount` count. */
  readonly enabled: VirtualThread[] = [];
  enabledCount = 0;
  failure: Failure | undefined;
  /** Given up by the strategy. */
  isRedundant = false;
  nowMs = 0;
  mostSteps = 20_000;

  #strategy!: Strategy;
  #isAborted = false;
  /** In order of falling asleep. */
  readonly #sleepers: VirtualThread[] = [];
  #idleMs = 0;
  #turn = 0;

  get strategy(): Strategy {
    return this.#strategy;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Nobody is there, and nothing has gone wrong. */
  protected clearTurns(strategy: Strategy): void {
    this.clear();
    this.#strategy = strategy;
    this.failure = undefined;
    this.isRedundant = false;
    this.nowMs = 0;
    this.#isAborted = false;
    this.#sleepers.length = 0;
    this.#idleMs = 0;
    this.#turn = 0;
  }

  /** The run shows something to be wrong, and ends. */
  fail(failure: Failure): void {
    if (!this.#isAborted) this.failInstead(failure);
  }

  /** As `fail`, whatever has been wrong before. */
  protected failInstead(failure: Failure): void {
    this.failure = failure;
    this.#isAborted = true;
  }

  /** Who takes the next step; `undefined` if nobody can. */
  protected pick(): VirtualThread | undefined {
    if (this.stepCount >= this.mostSteps) {
      this.fail({
        kind: "livelock",
        message: `no end after ${this.stepCount} steps, though each thread had its turns: ${named(this.unfinished())}`,
      });
      return undefined;
    }
    const { enabled, threads, threadCount } = this;
    for (;;) {
      let count = 0;
      for (let index = 0; index < threadCount; index++) {
        const thread = threads[index] as VirtualThread;
        if (thread.state === State.ready) enabled[count++] = thread;
        else if (thread.state === State.yielded && this.#hasOtherStep(thread)) enabled[count++] = thread;
      }
      if (count === 0) {
        if (this.#wakeSomebody()) continue;
        return undefined;
      }
      this.enabledCount = count;
      const next = count === 1 ? (enabled[0] as VirtualThread) : this.#pickOf(count);
      if (this.#strategy.willStep?.(next, this) === false) {
        this.isRedundant = true;
        this.fail(REDUNDANT);
        return undefined;
      }
      return next;
    }
  }

  #pickOf(count: number): VirtualThread {
    // A strategy may starve a thread for which others wait; past that many steps
    // nothing but an end in spite of turns for all is to count as a livelock.
    if (this.stepCount >= FAIR_AFTER_STEPS) return this.enabled[this.#turn++ % count] as VirtualThread;
    const next = this.#strategy.pick(this);
    for (let at = 0; at < count; at++) if (this.enabled[at] === next) return next;
    this.fail({
      kind: "nondeterminism",
      message: `the same schedule did not lead to the same: "${next?.name}" can't go on at step ${this.stepCount + 1}, where it could before. ${HOW_TO_REPEAT}`,
    });
    return this.enabled[0] as VirtualThread;
  }

  #hasOtherStep(thread: VirtualThread): boolean {
    return this.stepCount > 0 && this.stepThreads[this.stepCount - 1] !== thread.index;
  }

  /** The thread sleeps on the place of its pending step, until somebody notifies or that much time has passed. */
  protected fallAsleep(thread: VirtualThread, timeoutMs: number): void {
    thread.state = State.sleeping;
    thread.wasTimedOut = false;
    thread.wakesAtMs = this.nowMs + Math.max(0, timeoutMs);
    this.#sleepers.push(thread);
  }

  /** Wakes those who have slept longest. @returns how many */
  protected wakeSleepers(place: number, count: number): number {
    let woken = 0;
    for (let at = 0; at < this.#sleepers.length && woken < count;) {
      const sleeper = this.#sleepers[at] as VirtualThread;
      if (sleeper.pendingPlace !== place) {
        at++;
        continue;
      }
      this.#sleepers.splice(at, 1);
      sleeper.state = State.ready;
      sleeper.wokenAtStep = this.stepCount;
      woken++;
    }
    if (woken > 0) this.#idleMs = 0;
    return woken;
  }

  /** A place has changed: who spins on it may find something else now. */
  protected wakeSpinners(place: number): void {
    for (let index = 0; index < this.threadCount; index++) {
      const thread = this.threads[index] as VirtualThread;
      if (thread.state !== State.spinning) continue;
      for (let back = 1; back <= thread.spinLength; back++) {
        if (thread.logPlaces[thread.logLength - back] !== place) continue;
        thread.state = State.ready;
        thread.quietFrom = thread.logLength;
        break;
      }
    }
  }

  /** A thread has ended: who joins it may go on. */
  protected finish(thread: VirtualThread): void {
    thread.state = State.finished;
    this.#idleMs = 0;
    for (let index = 0; index < this.threadCount; index++) {
      const other = this.threads[index] as VirtualThread;
      if (other.state === State.joining && other.joins.every(({ state }) => state === State.finished)) {
        other.state = State.ready;
      }
    }
  }

  /** Nobody is ready. @returns whether somebody is now */
  #wakeSomebody(): boolean {
    if (this.#isAborted) return false;
    let firstToWake: VirtualThread | undefined;
    let spinner: VirtualThread | undefined;
    let hasYielded = false;
    for (let index = 0; index < this.threadCount; index++) {
      const thread = this.threads[index] as VirtualThread;
      if (thread.state === State.yielded) {
        thread.state = State.ready;
        hasYielded = true;
      } else if (thread.state === State.spinning && (spinner?.spinReleases ?? Infinity) > thread.spinReleases) {
        spinner = thread;
      } else if (thread.state === State.sleeping && thread.wakesAtMs < (firstToWake?.wakesAtMs ?? Infinity)) {
        firstToWake = thread;
      }
    }
    if (hasYielded) return true;
    if (spinner !== undefined) {
      if (++spinner.spinReleases > MOST_SPIN_RELEASES) {
        this.fail({
          kind: "livelock",
          message: `${named([spinner])} reads the same values again and again, and nobody is left who could change them: ${describeWaits(this)}`,
        });
        return false;
      }
      spinner.state = State.ready;
      return true;
    }
    if (firstToWake !== undefined && this.#idleMs < MOST_IDLE_MS) {
      this.#idleMs += firstToWake.wakesAtMs - this.nowMs;
      this.nowMs = firstToWake.wakesAtMs;
      firstToWake.wasTimedOut = true;
      firstToWake.wokenAtStep = -1;
      firstToWake.state = State.ready;
      this.#sleepers.splice(this.#sleepers.indexOf(firstToWake), 1);
      return true;
    }
    return this.#nobodyCan();
  }

  #nobodyCan(): boolean {
    const left = this.unfinished();
    if (left.length === 0) return false;
    // The body is over, or waits for a thread: what others wait for can't come.
    const kind = this.main.state === State.finished ? "leak" : "deadlock";
    const what = kind === "leak" ? "the program is over, but threads wait for ever" : "nobody can go on";
    this.fail({ kind, message: `${what}: ${describeWaits(this)}` });
    return false;
  }
}
