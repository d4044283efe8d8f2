/**
 * A run on real threads, as one of them takes part in it.
 *
 * Each thread under exploration is a real thread: a role. The role of a thread needs its
 * body, which the program's own function makes when it spawns it. So the role first runs
 * the program by the same schedule on its own stack, up to that step, as a search does.
 * From there on it is live: cells are the shared words, each step waits for the token,
 * and is done by the platform's Atomics. The main thread's role is live from the start.
 */
import * as real from "../../shared/atomics.js";
import type { SharedCells } from "../../shared/atomics.js";
import { Chance } from "../chance.js";
import { Execution } from "../execution.js";
import { type Failure, failureOf, returnedPromise } from "../failure.js";
import { Step, type StepKind, WaitOutcome } from "../operations.js";
import type { Strategy } from "../strategies/strategy.js";
import { SUSPEND, type VirtualThread } from "../virtual-thread.js";
import { type Line, Over } from "./line.js";
import type { RealMemory } from "./real-memory.js";

/** Operations that a body may still try while it is being left. */
const MOST_SWALLOWED = 10_000;

/** Chance that the threads of a run share. */
class LineChance extends Chance {
  readonly #line: Line;
  isLive = false;

  constructor(line: Line) {
    super(1);
    this.#line = line;
  }

  override next(): number {
    if (!this.isLive) return super.next();
    this.state = this.#line.chance;
    const drawn = super.next();
    this.#line.chance = this.state;
    return drawn;
  }
}

export class RealExecution extends Execution {
  override readonly chance: LineChance;
  readonly #line: Line;
  readonly #role: number;
  /** The cells of all threads. */
  readonly #liveWords: SharedCells;
  readonly #ownWords: SharedCells;
  readonly #memory: RealMemory | undefined;
  #isLive = false;
  /** Where the thread is in the platform's own list of those who wait. */
  #bed: { readonly cells: SharedCells; readonly index: number } | undefined;

  constructor(line: Line, role: number, words: SharedCells, memory: RealMemory | undefined) {
    super();
    this.chance = new LineChance(line);
    this.#line = line;
    this.#role = role;
    this.#liveWords = words;
    this.#ownWords = this.words;
    this.#memory = memory;
    this.shared = memory?.shared;
  }

  /** Whether the role's body has been reached in this run. */
  get isLive(): boolean {
    return this.#isLive;
  }

  override reset(strategy: Strategy): void {
    this.#isLive = false;
    this.chance.isLive = false;
    this.#bed = undefined;
    this.words = this.#ownWords;
    if (this.#role === 0) this.#memory?.useLive(this.#line);
    else this.#memory?.useOwn();
    super.reset(strategy);
    if (this.#role === 0) this.#goLive();
  }

  #goLive(): void {
    this.#isLive = true;
    this.chance.isLive = true;
    this.words = this.#liveWords;
  }

  override spawn(name: string, body: () => unknown): VirtualThread {
    const thread = super.spawn(name, body);
    if (!this.#isLive && thread.index === this.#role) this.#play(thread);
    return thread;
  }

  /** The thread whose role this is: runs its body, and never comes back to the program. */
  #play(thread: VirtualThread): never {
    this.#memory?.useLive(this.#line);
    // Its instances of shared objects are of this run.
    this.#memory?.shared.onBegin(thread);
    this.#goLive();
    this.current = thread;
    // What the program had done on this stack is no part of the run.
    thread.isUnwinding = false;
    try {
      if (!this.before(Step.start, 0)) this.after(undefined);
      const result = thread.body();
      const promise = returnedPromise(result, thread.name);
      if (promise !== undefined) this.fail(promise);
      else this.#ended(result);
    } catch (error) {
      if (!thread.isUnwinding && error !== SUSPEND) this.fail(failureOf(error, `thread "${thread.name}"`));
    }
    return this.#leave(thread);
  }

  #ended(result: unknown): void {
    this.#line.putResult(this.#role, result);
    this.#line.ended(this.#role);
  }

  override finishMain(): void {
    if (!this.#isLive) return super.finishMain();
    if (this.isAborted) return;
    this.#line.ended(this.#role);
  }

  override fail(failure: Failure): void {
    super.fail(failure);
    if (!this.#isLive) return;
    this.#line.remark(this.#role, { failure: { kind: failure.kind, message: failure.message } });
    this.#line.end(Over.threw, this.#role);
  }

  override before(kind: StepKind, place: number, argument?: unknown): boolean {
    const self = this.current;
    if (!this.#isLive || self === undefined) return super.before(kind, place, argument);
    if (self.isUnwinding || this.isAborted) this.#leave(self);
    self.pendingKind = kind;
    self.pendingPlace = place;
    const step = this.#line.awaitTurn(this.#role, kind, place);
    if (step === -1) this.#leave(self);
    this.stepCount = step;
    this.nowMs = this.#line.timeOf(step);
    if (kind === Step.woken) this.#rise(self, this.#line.valueOf(step) === WaitOutcome.timedOut);
    return false;
  }

  override after<Value>(value: Value, hadEffect = true): Value {
    if (!this.#isLive) return super.after(value, hadEffect);
    if (!this.#line.taken(this.#role, value)) this.#leave(this.current as VirtualThread);
    this.stepCount++;
    return value;
  }

  /** @throws SUSPEND */
  #leave(self: VirtualThread): never {
    if (!self.isUnwinding && this.#bed !== undefined && !this.#leaveBed()) {
      this.#line.remark(this.#role, { wasAwake: true });
    }
    self.isUnwinding = true;
    if (++self.swallowed > MOST_SWALLOWED) {
      throw new Error(`thread "${self.name}" catches what suspends it and goes on, in a loop`);
    }
    // oxlint-disable-next-line typescript/only-throw-error
    throw SUSPEND;
  }

  // Sleeps: in the platform's own list, as one that waits without blocking. The thread
  // itself waits for the token. Who is in the list is nobody's name, only how many: so
  // any entry will do for one whose time is over.

  protected override sleeps(cells: SharedCells, index: number, expected: number): boolean {
    if (!this.#isLive) return super.sleeps(cells, index, expected);
    const waiting = real.waitAsync(cells, index, expected);
    if (waiting.async) this.#bed = { cells, index };
    return waiting.async;
  }

  protected override wakes(place: number, cells: SharedCells, index: number, count: number): number {
    if (!this.#isLive) return super.wakes(place, cells, index, count);
    return real.notify(cells, index, count);
  }

  #rise(self: VirtualThread, wasTimedOut: boolean): void {
    self.wasTimedOut = wasTimedOut;
    if (wasTimedOut && !this.#leaveBed()) this.#line.remark(this.#role, { wasAwake: true });
    this.#bed = undefined;
  }

  /** @returns false if it was not in the list any more */
  #leaveBed(): boolean {
    const { cells, index } = this.#bed as { readonly cells: SharedCells; readonly index: number };
    this.#bed = undefined;
    return real.notify(cells, index, 1) === 1;
  }

  override join(threads: readonly VirtualThread[]): void {
    super.join(threads);
    if (this.#isLive) for (const thread of threads) thread.result = this.#line.resultOf(thread.index);
  }

  // What a thread learns is not kept: it is never called anew.

  override hasLearned(): boolean {
    if (!this.#isLive) return super.hasLearned();
    const self = this.current as VirtualThread;
    if (self.isUnwinding || this.isAborted) this.#leave(self);
    return false;
  }

  override learns<Value>(value: Value): Value {
    return this.#isLive ? value : super.learns(value);
  }

  override get isRepeating(): boolean {
    return !this.#isLive && super.isRepeating;
  }

  override choose(count: number): number {
    if (!this.#isLive) return super.choose(count);
    this.hasLearned();
    return count === 1 ? 0 : this.#line.choose();
  }
}
