/** One run of a program under a strategy: what its threads do in it. */
import { MisuseError } from "../core/errors.js";
import * as real from "../shared/atomics.js";
import type { SharedCells } from "../shared/atomics.js";
import { Chance } from "./chance.js";
import { Step, type StepKind, WaitOutcome } from "./operations.js";
import type { SharedMemory } from "./shared-memory.js";
import type { Strategy } from "./strategies/strategy.js";
import { ThreadStack } from "./thread-stack.js";
import { State, type VirtualThread } from "./virtual-thread.js";

/** Room for so many cells to begin with. */
const FIRST_WORDS = 256;

export class Execution extends ThreadStack {
  /** What the program draws at random: the same in every run. */
  readonly chance: Chance = new Chance(1);
  /** Where shared objects of the library would live. */
  shared: SharedMemory | undefined;
  /** The values of cells, by place. */
  words: SharedCells = makeWords(FIRST_WORDS);

  /** Begins a run; the main thread runs. */
  reset(strategy: Strategy): void {
    this.beginStack(strategy);
    this.chance.reseed(1);
    this.memory = undefined;
    this.weak?.reset();
    this.shared?.attach(this);
    strategy.begin(this);
  }

  /** A place for a cell, which has that value. */
  placeOfCell(name: string, value: number): number {
    const place = this.place(name);
    if (place >= this.words.length) {
      const words = makeWords(2 * place);
      words.set(this.words);
      this.words = words;
    }
    this.words[place] = value;
    return place;
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

  /** As `Atomics.wait` on the cells that the place stands for. @returns a `WaitOutcome` */
  wait(place: number, cells: SharedCells, index: number, expected: number, timeoutMs: number = Infinity): number {
    let gave: unknown;
    if (this.before(Step.wait, place, expected)) {
      gave = this.logged();
    } else if (this.sleeps(cells, index, expected)) {
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

  /** Whether a thread that waits has to sleep. */
  protected sleeps(cells: SharedCells, index: number, expected: number): boolean {
    return real.load(cells, index) === (expected | 0);
  }

  /** As `Atomics.notify` on the cells that the place stands for. @returns how many are awake now */
  notify(place: number, cells: SharedCells, index: number, count: number = Infinity): number {
    if (this.before(Step.notify, place)) return this.logged() as number;
    const woken = this.wakes(place, cells, index, count);
    return this.after(woken, woken > 0);
  }

  protected wakes(place: number, _cells: SharedCells, _index: number, count: number): number {
    return this.wakeSleepers(place, count);
  }
}

/** Memory that could be shared, where the platform has such. */
function makeWords(count: number): SharedCells {
  const Buffer = globalThis.SharedArrayBuffer ?? ArrayBuffer;
  return new Int32Array(new Buffer(4 * count));
}
