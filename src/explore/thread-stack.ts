/**
 * One run of a program under a strategy: its threads take their steps one at a
 * time, in the order that the strategy picks.
 *
 * All threads run on the stack of this one, on top of each other. A thread that is
 * to take a step stops before it and asks who goes on. If that is a thread that is
 * not on the stack, it is called on top; if it is one below, those above it are left
 * by SUSPEND, to be called anew later (see `virtual-thread.ts`). So a switch costs a
 * call, and a repetition only for what was left. The main thread, which is the body
 * given to `explore`, lies at the bottom and is never left.
 *
 * Invariants
 * - `current` is the thread whose code runs. A pick is made only by it, before a
 *   step; `chosen` holds the pick until the chosen thread has its turn.
 * - A step is done at once after its pick: nothing comes between.
 * - The threads on the stack form a chain in which each has been called from the
 *   wait for its turn of the one below.
 */
import { MisuseError } from "../core/errors.js";
import { diverged, endedEarly } from "./describe.js";
import { failureOf, returnedPromise } from "./failure.js";
import { Step, type StepKind } from "./operations.js";
import { hasNoEffect, LEARNED, LEARNED_OF_TABLES, noteRepeats, noteRound } from "./spinning.js";
import { Spin, SpinProbe, type SpinValue } from "./spin-probe.js";
import type { Strategy } from "./strategies/strategy.js";
import { Turns } from "./turns.js";
import { State, SUSPEND, type VirtualThread } from "./virtual-thread.js";
import type { WeakMemory } from "./weak-memory.js";

/** Operations that a thread may still try while it is being left. */
const MOST_SWALLOWED = 10_000;

export class ThreadStack extends Turns {
  current: VirtualThread | undefined;
  /** What plain reads may see besides the last write; `undefined` for nothing. */
  weak: WeakMemory | undefined;

  /** Some loop of the program was taken for one that waits, which it is not: orders may be left out. */
  isInexact = false;

  #chosen: VirtualThread | undefined;
  readonly #probe = new SpinProbe();
  #stackTraceLimit = 10;

  /** Begins a run; the main thread runs. */
  protected beginStack(strategy: Strategy): void {
    this.clearTurns(strategy);
    this.#chosen = undefined;
    this.#stackTraceLimit = Error.stackTraceLimit;
    const main = this.addThread("main", () => undefined);
    main.isOnStack = true;
    this.current = main;
  }

  /** The run is over: nothing is in control any more. */
  end(): void {
    this.current = undefined;
    Error.stackTraceLimit = this.#stackTraceLimit;
  }

  /**
   * Comes before an operation of the running thread, and returns when that may be
   * done; or at once, if it has been done.
   *
   * @returns true if it has: then `logged` is what it gave
   */
  before(kind: StepKind, place: number, argument?: unknown): boolean {
    const self = this.current;
    if (self === undefined) throw runIsOver();
    if (self.cursor < self.logLength) {
      if (self.logKinds[self.cursor] !== kind || self.logPlaces[self.cursor] !== place)
        this.#diverged(self, kind, place);
      return true;
    }
    if (this.#probe.isActive) return this.#probe.goesOn(kind, place, argument);
    if (self.isUnwinding || this.isAborted) this.#leaveAgain(self);
    if (this.#chosen === self) {
      // Called anew, up to the step it had stopped before.
      this.#chosen = undefined;
      this.memory?.caughtUp();
      if (self.pendingKind !== kind || self.pendingPlace !== place) this.#diverged(self, kind, place);
    } else {
      self.pendingKind = kind;
      self.pendingPlace = place;
      if (noteRound(self, kind, place, argument)) this.#spins(self);
      this.#awaitTurn(self);
    }
    this.stepArguments[this.stepCount] = argument;
    return false;
  }

  /** What the operation gave that `before` said had been done. */
  logged(): unknown {
    const self = this.current as VirtualThread;
    const value = self.logValues[this.#probe.entryOf(self)];
    self.cursor++;
    // Behind the log's end, where it is looked what would come, the memory is as it is.
    if (self.cursor <= self.logLength) this.memory?.replayed(self);
    return value;
  }

  /** Comes after an operation that has been done. @returns what it gave */
  after<Value>(value: Value, hadEffect = true): Value {
    const self = this.current as VirtualThread;
    const { pendingKind: kind, pendingPlace: place } = self;
    const step = this.stepCount++;
    this.stepThreads[step] = self.index;
    this.stepKinds[step] = kind;
    this.stepPlaces[step] = place;
    this.stepValues[step] = value;
    this.weak?.take(step);
    const argument = this.stepArguments[step];
    noteRepeats(self, kind, place, argument, value, hadEffect);
    if (hadEffect && !hasNoEffect(kind)) this.wakeSpinners(place);
    if (self.index !== 0) {
      const at = self.logLength++;
      self.logKinds[at] = kind;
      self.logPlaces[at] = place;
      self.logArguments[at] = argument;
      self.logValues[at] = value;
      self.cursor = self.logLength;
      this.memory?.logged(self);
    }
    return value;
  }

  /** Comes before something that the running thread learns. @returns true if it did before: then `learned` is what */
  hasLearned(): boolean {
    const self = this.current as VirtualThread;
    if (self.cursor < self.logLength) {
      if ((self.logKinds[self.cursor] as number) >= 0) this.#diverged(self, LEARNED as StepKind, 0);
      return true;
    }
    if (this.#probe.isActive) return this.#probe.goesOn(LEARNED, 0, undefined);
    if (self.isUnwinding || this.isAborted) this.#leaveAgain(self);
    return false;
  }

  learned(): unknown {
    const self = this.current as VirtualThread;
    const value = self.logValues[this.#probe.entryOf(self)];
    self.cursor++;
    return value;
  }

  /** @param isOwn - false of what stands in tables that count on without end: loops are the same whatever it was */
  learns<Value>(value: Value, isOwn: boolean = true): Value {
    const self = this.current as VirtualThread;
    if (self.index === 0) return value;
    const kind = isOwn ? LEARNED : LEARNED_OF_TABLES;
    // The memory is not kept for this entry: nobody has come between it and the one before.
    const at = self.logLength++;
    self.logKinds[at] = kind;
    self.logPlaces[at] = 0;
    self.logArguments[at] = undefined;
    self.logValues[at] = value;
    self.cursor = self.logLength;
    return value;
  }

  /** Whether the running thread is called anew, and has not come to where it had been left. */
  get isRepeating(): boolean {
    return this.isProbing || this.#isInLog;
  }

  /** Whether it is called to find out what it would do. */
  get isProbing(): boolean {
    return this.#probe.isActive;
  }

  get #isInLog(): boolean {
    const self = this.current as VirtualThread;
    return self.cursor < self.logLength;
  }

  /** Whether the running thread's next operation is one that it has not announced yet. */
  protected get isAtNewStep(): boolean {
    const self = this.current as VirtualThread;
    return !this.isRepeating && !self.isUnwinding && !this.isAborted && this.#chosen !== self;
  }

  /** The body has returned: lets all others go on until they have ended, or can't. */
  finishMain(): void {
    if (this.isAborted) return;
    this.main.state = State.finished;
    try {
      while (!this.isAborted) {
        const next = this.pick();
        if (next === undefined) return;
        this.#chosen = next;
        this.#runOnTop(next);
      }
    } catch (error) {
      if (error !== SUSPEND) throw error;
    }
  }

  /** A thread has done two equal rounds, and begins a third: it waits, if it would go on so for ever. */
  #spins(self: VirtualThread): void {
    const known = this.#probe.known(self);
    const spin = known ?? this.#findSpin(self);
    if (spin === Spin.overLate) this.isInexact = true;
    if (spin !== Spin.soonOver) self.state = State.spinning;
    // What the body's objects know is of the call that was to find out: it is called anew.
    if (known === undefined) this.#leave(self);
  }

  #findSpin(self: VirtualThread): SpinValue {
    this.memory?.begins(self, false);
    try {
      return this.#probe.find(self);
    } finally {
      self.cursor = self.logLength;
      this.memory?.left();
    }
  }

  #awaitTurn(self: VirtualThread): void {
    for (;;) {
      const next = this.pick();
      if (next === self) {
        if (self.state !== State.ready) self.state = State.ready;
        return;
      }
      if (next === undefined || this.isAborted) this.#leave(self);
      this.#chosen = next;
      if (next.isOnStack) this.#leave(self);
      this.#runOnTop(next);
      this.current = self;
      if (this.isAborted) this.#leave(self);
      if (this.#chosen === self) {
        this.#chosen = undefined;
        if (self.state !== State.ready) self.state = State.ready;
        return;
      }
      // Somebody below was picked by one above.
      if (this.#chosen !== undefined) this.#leave(self);
    }
  }

  #leave(self: VirtualThread): never {
    if (!self.isUnwinding && this.memory !== undefined) {
      this.memory.leaving();
      // What catches SUSPEND on the way may make an error of it, whose stack nobody reads.
      Error.stackTraceLimit = 0;
    }
    self.isUnwinding = true;
    // No error: an error would take its stack, and nobody is to read it.
    // oxlint-disable-next-line typescript/only-throw-error
    throw SUSPEND;
  }

  /** An operation of a thread that is being left: some `finally`, or a `catch` that took SUSPEND for an error. */
  #leaveAgain(self: VirtualThread): never {
    if (++self.swallowed > MOST_SWALLOWED && this.failure?.kind !== "misuse") {
      this.failInstead({
        kind: "misuse",
        message: `thread "${self.name}" catches what suspends it and goes on, in a loop: let what it did not throw itself pass`,
      });
    }
    this.#leave(self);
  }

  /** Calls a thread's body; returns when it has ended, or has been left. */
  #runOnTop(thread: VirtualThread): void {
    thread.isOnStack = true;
    thread.isUnwinding = false;
    thread.swallowed = 0;
    thread.cursor = 0;
    this.current = thread;
    const isNew = thread.pendingKind === Step.start;
    if (isNew) {
      this.#chosen = undefined;
      this.record(thread.index, Step.start, undefined);
    } else if (thread.state !== State.ready) {
      thread.state = State.ready;
    }
    this.memory?.begins(thread, isNew);
    try {
      const result = thread.body();
      if (!thread.isUnwinding) {
        if (this.#chosen === thread) this.#endedEarly(thread);
        else this.#ended(thread, result);
      }
    } catch (error) {
      if (!thread.isUnwinding && error !== SUSPEND) this.fail(failureOf(error, `thread "${thread.name}"`));
    }
    if (thread.isUnwinding && this.memory !== undefined) {
      this.memory.left();
      Error.stackTraceLimit = this.#stackTraceLimit;
    }
    thread.isOnStack = false;
  }

  #ended(thread: VirtualThread, result: unknown): void {
    const promise = returnedPromise(result, thread.name);
    if (promise !== undefined) return this.fail(promise);
    thread.result = result;
    this.finish(thread);
  }

  #endedEarly(thread: VirtualThread): void {
    this.fail(endedEarly(this, thread));
  }

  #diverged(self: VirtualThread, kind: StepKind, place: number): never {
    this.fail(diverged(this, self, kind, place));
    return this.#leave(self);
  }
}

function runIsOver(): MisuseError {
  return new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    "a cell was used after the run that it belongs to was over: make cells inside the function given to explore, and join what uses them",
  );
}
