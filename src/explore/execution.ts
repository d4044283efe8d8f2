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
import { Chance } from "./chance.js";
import { describeWaits, diverged, endedEarly, HOW_TO_REPEAT, named } from "./describe.js";
import type { Failure } from "./failure.js";
import { failureOf } from "./failure.js";
import { Step, type StepKind, WaitOutcome } from "./operations.js";
import { hasNoEffect, LEARNED, LEARNED_OF_TABLES, noteRepeats, noteRound } from "./spinning.js";
import { Spin, SpinProbe, type SpinValue } from "./spin-probe.js";
import type { Strategy } from "./strategies/strategy.js";
import { StepRecord } from "./step-record.js";
import type { SharedMemory } from "./shared-memory.js";
import type { WeakMemory } from "./weak-memory.js";
import { State, SUSPEND, type VirtualThread } from "./virtual-thread.js";

/** Steps after which threads take turns, so that one that only waits for others gets them. */
const FAIR_AFTER_STEPS = 2_000;
/** Operations that a thread may still try while it is being left. */
const MOST_SWALLOWED = 10_000;
/** How often a thread may repeat reads in vain when no other can go on. */
const MOST_SPIN_RELEASES = 400;
/** Time that may pass on the virtual clock with nobody doing anything but wait. */
const MOST_IDLE_MS = 5_000;

/** Given up: a strategy has found that the run would repeat others. */
const REDUNDANT: Failure = { kind: "livelock", message: "" };

export class Execution extends StepRecord {
  current: VirtualThread | undefined;
  /** Threads that can go on, in order of their indexes; only the first `enabledCount` count. */
  readonly enabled: VirtualThread[] = [];
  enabledCount = 0;
  failure: Failure | undefined;
  /** Given up by the strategy. */
  isRedundant = false;

  /** Some loop of the program was taken for one that waits, which it is not: orders may be left out. */
  isInexact = false;

  /** What plain reads may see besides the last write; `undefined` for nothing. */
  weak: WeakMemory | undefined;
  nowMs = 0;
  mostSteps = 20_000;
  /** What the program draws at random: the same in every run. */
  readonly chance: Chance = new Chance(1);
  /** Where they would live. */
  shared: SharedMemory | undefined;

  #strategy!: Strategy;
  #chosen: VirtualThread | undefined;
  /** In order of falling asleep. */
  readonly #sleepers: VirtualThread[] = [];
  readonly #probe = new SpinProbe();
  #isAborted = false;
  #idleMs = 0;
  #turn = 0;
  #stackTraceLimit = 10;

  get strategy(): Strategy {
    return this.#strategy;
  }

  /** Begins a run; the main thread runs. */
  reset(strategy: Strategy): void {
    this.#strategy = strategy;
    this.clear();
    this.failure = undefined;
    this.isRedundant = false;
    this.nowMs = 0;
    this.chance.reseed(1);
    this.#chosen = undefined;
    this.#sleepers.length = 0;
    this.#isAborted = false;
    this.#idleMs = 0;
    this.#turn = 0;
    this.#stackTraceLimit = Error.stackTraceLimit;
    this.memory = undefined;
    this.weak?.reset();
    this.shared?.attach(this);
    const main = this.addThread("main", () => undefined);
    main.isOnStack = true;
    this.current = main;
    strategy.begin(this);
  }

  /** The run is over: nothing is in control any more. */
  end(): void {
    this.current = undefined;
    Error.stackTraceLimit = this.#stackTraceLimit;
  }

  get isAborted(): boolean {
    return this.#isAborted;
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
    if (self.isUnwinding || this.#isAborted) this.#leaveAgain(self);
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
    if (hadEffect && !hasNoEffect(kind)) this.#wakeSpinners(place);
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

  /** Something that the running thread learns without a step: the same again when it is called anew. */
  observe<Value>(ask: () => Value): Value {
    return this.hasLearned() ? (this.learned() as Value) : this.learns(ask());
  }

  /** Comes before something that the running thread learns. @returns true if it did before: then `learned` is what */
  hasLearned(): boolean {
    const self = this.current as VirtualThread;
    if (self.cursor < self.logLength) {
      if ((self.logKinds[self.cursor] as number) >= 0) this.#diverged(self, LEARNED as StepKind, 0);
      return true;
    }
    if (this.#probe.isActive) return this.#probe.goesOn(LEARNED, 0, undefined);
    if (self.isUnwinding || this.#isAborted) this.#leaveAgain(self);
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

  /** A choice that belongs to the step that is being taken. */
  chooseInStep(count: number): number {
    this.choiceDepth = this.stepCount + 1;
    const choice = this.#strategy.choose(count, this);
    this.choices[this.choiceCount++] = choice;
    return choice;
  }

  choose(count: number): number {
    // What is no choice is not in the schedule: who goes by it is not asked either.
    if (count === 1) return 0;
    return this.observe(() => {
      this.choiceDepth = this.stepCount;
      const choice = this.#strategy.choose(count, this);
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
    const self = this.current as VirtualThread;
    const isNew = !this.isRepeating && !self.isUnwinding && !this.#isAborted && this.#chosen !== self;
    if (isNew) self.state = State.yielded;
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
      const self = this.current as VirtualThread;
      gave = this.after(WaitOutcome.sleeps);
      self.state = State.sleeping;
      self.wasTimedOut = false;
      self.wakesAtMs = this.nowMs + Math.max(0, timeoutMs);
      this.#sleepers.push(self);
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
    return this.after(woken, woken > 0);
  }

  /** The body has returned: lets all others go on until they have ended, or can't. */
  finishMain(): void {
    if (this.#isAborted) return;
    this.main.state = State.finished;
    try {
      while (!this.#isAborted) {
        const next = this.#pick();
        if (next === undefined) return;
        this.#chosen = next;
        this.#runOnTop(next);
      }
    } catch (error) {
      if (error !== SUSPEND) throw error;
    }
  }

  /** The run shows something to be wrong, and ends. */
  fail(failure: Failure): void {
    if (this.#isAborted) return;
    this.failure = failure;
    this.#isAborted = true;
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
      const next = this.#pick();
      if (next === self) {
        if (self.state !== State.ready) self.state = State.ready;
        return;
      }
      if (next === undefined || this.#isAborted) this.#leave(self);
      this.#chosen = next;
      if (next.isOnStack) this.#leave(self);
      this.#runOnTop(next);
      this.current = self;
      if (this.#isAborted) this.#leave(self);
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
      this.#isAborted = true;
      this.failure = {
        kind: "misuse",
        message: `thread "${self.name}" catches what suspends it and goes on, in a loop: let what it did not throw itself pass`,
      };
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
    if (typeof (result as { then?: unknown } | undefined)?.then === "function") {
      this.fail({
        kind: "misuse",
        message: `thread "${thread.name}" returned a promise: a thread's body is synchronous; use t.job for what is not`,
      });
      return;
    }
    thread.result = result;
    thread.state = State.finished;
    this.#idleMs = 0;
    for (let index = 0; index < this.threadCount; index++) {
      const other = this.threads[index] as VirtualThread;
      if (other.state === State.joining && other.joins.every(({ state }) => state === State.finished)) {
        other.state = State.ready;
      }
    }
  }

  /** Who takes the next step; `undefined` if nobody can. */
  #pick(): VirtualThread | undefined {
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

  #wakeSpinners(place: number): void {
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
