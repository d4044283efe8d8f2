/** One run of a program under a strategy: what its threads do in it. */
import { MisuseError } from "../core/errors.js";
import { Chance } from "./chance.js";
import { Step, type StepKind, WaitOutcome } from "./operations.js";
import type { SharedMemory } from "./shared-memory.js";
import type { Strategy } from "./strategies/strategy.js";
import { ThreadStack } from "./thread-stack.js";
import { State, type VirtualThread } from "./virtual-thread.js";

export class Execution extends ThreadStack {
  /** What the program draws at random: the same in every run. */
  readonly chance: Chance = new Chance(1);
  /** Where shared objects of the library would live. */
  shared: SharedMemory | undefined;

  /** Begins a run; the main thread runs. */
  reset(strategy: Strategy): void {
    this.beginStack(strategy);
    this.chance.reseed(1);
    this.memory = undefined;
    this.weak?.reset();
    this.shared?.attach(this);
    strategy.begin(this);
  }

  /** A step of the running thread: another thread is there from now on. */
  spawn(name: string, body: () => unknown): VirtualThread {
    if (this.current !== this.main) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        "t.thread was called inside of a thread: threads are spawned by the body of explore alone",
      );
    }
    this.before(Step.spawn, this.threadCount);
    const thread = this.addThread(name, body);
    this.after(thread.index);
    return thread;
  }

  /** A step of the main thread: it goes on when those have ended. */
  join(threads: readonly VirtualThread[]): void {
    const self = this.current as VirtualThread;
    self.joins = threads;
    if (threads.some((thread) => thread.state !== State.finished)) self.state = State.joining;
    this.before(Step.join, 0, threads);
    this.after(undefined);
  }

  /** Something that the running thread learns without a step: the same again when it is called anew. */
  observe<Value>(ask: () => Value): Value {
    return this.hasLearned() ? (this.learned() as Value) : this.learns(ask());
  }

  /** A choice that belongs to the step that is being taken. */
  chooseInStep(count: number): number {
    this.choiceDepth = this.stepCount + 1;
    const choice = this.strategy.choose(count, this);
    this.choices[this.choiceCount++] = choice;
    return choice;
  }

  choose(count: number): number {
    // What is no choice is not in the schedule: who goes by it is not asked either.
    if (count === 1) return 0;
    return this.observe(() => {
      this.choiceDepth = this.stepCount;
      const choice = this.strategy.choose(count, this);
      this.choices[this.choiceCount++] = choice;
      return choice;
    });
  }

  log(text: string): void {
    this.observe(() => {
      const thread = (this.current as VirtualThread).index;
      this.notes.push({ thread, step: this.stepCount, text });
    });
  }

  /** Something of the running thread that has an order among others of its kind, and no effect. */
  mark(kind: StepKind, place: number, text: string): number {
    if (this.before(kind, place, text)) return this.logged() as number;
    return this.after(this.stepCount);
  }

  /** Lets others go first. */
  yield(): void {
    if (this.isAtNewStep) (this.current as VirtualThread).state = State.yielded;
    if (this.before(Step.yield, 0)) {
      this.logged();
      return;
    }
    this.after(undefined, false);
  }

  /** As `Atomics.wait`; `isEqual` says whether the place has the value still. */
  wait(place: number, isEqual: () => boolean, timeoutMs: number = Infinity, expected?: unknown): number {
    let gave: unknown;
    if (this.before(Step.wait, place, expected)) {
      gave = this.logged();
    } else if (isEqual()) {
      gave = this.after(WaitOutcome.sleeps);
      this.fallAsleep(this.current as VirtualThread, timeoutMs);
    } else {
      gave = this.after(WaitOutcome.notEqual, false);
    }
    if (gave !== WaitOutcome.sleeps) return gave as number;
    if (this.before(Step.woken, place)) return this.logged() as number;
    const self = this.current as VirtualThread;
    this.stepArguments[this.stepCount] = self.wokenAtStep;
    return this.after(self.wasTimedOut ? WaitOutcome.timedOut : WaitOutcome.ok);
  }

  /** Wakes those who have slept longest. @returns how many */
  notify(place: number, count: number = Infinity): number {
    if (this.before(Step.notify, place)) return this.logged() as number;
    const woken = this.wakeSleepers(place, count);
    return this.after(woken, woken > 0);
  }
}
