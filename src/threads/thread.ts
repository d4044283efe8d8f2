/**
 * The pool's side of one thread: the platform's thread, what it has imported, and
 * the line to it.
 */
import { exchange, load, store } from "#atomics";
import { nowMs, setAlarm, setTurn } from "#clock";
import { host } from "#host";

import type { TaskIdentity } from "../async/executor.js";
import { WorkerLostError } from "../core/errors.js";
import { announceThread } from "../core/thread.js";
import { adopt } from "../shared/crossing.js";
import { heap } from "../shared/heap.js";
import type { EncodedValue } from "./error-codec.js";
import type { HostThread, ThreadEnd } from "./host/host.js";
import {
  ARMED,
  AWAKE,
  BLOCKS,
  type Board,
  CALL_STATE,
  COUNTS,
  FREE,
  HEAP_MB,
  IS_STANDING_IN,
  type Line,
  MOST_COUNTS,
  MOST_RUNNING,
  PARKED,
  PARKS,
  PASSED,
  PUBLISHED,
  RECORDS,
  RUNNING,
  RUNS,
  SIGNALS,
  STATE,
  STEALS,
  STOOD_IN_MS,
  STOPPING,
  THREAD,
} from "./line.js";
import { receiveGiven } from "./given.js";
import type { Histogram } from "./histogram.js";
import type { ModuleRecord } from "./modules.js";
import type { FromThread, RawError, ToThread } from "./messages.js";
import { registry } from "./registry.js";
import { wake } from "./parking.js";
import { libraryScript } from "./task.js";
import { importError, warnOfParked } from "./thread-errors.js";
import type { TaskCodecs } from "./task-shapes.js";
import type { PoolPlan, PoolThreadStatistics } from "./thread-pool.js";

let lastIndex = 0;

/** What a thread tells its pool, and asks it. */
export interface ThreadOwner {
  /** Cores that the process may keep busy. */
  readonly cores: number;
  /** The module's tasks can be run there now. */
  moduleLoaded(thread: PoolThread, module: string): void;
  /** They can't. */
  moduleFailed(thread: PoolThread, module: string, error: unknown): void;
  /** There are outcomes on its line. */
  signalled(thread: PoolThread): void;
  /** A thread took a call that it can't run. */
  givenBack(call: number): void;
  /** A thread that was idle has found calls of these functions only, which it can't run. */
  passedOn(functionNumbers: readonly number[]): void;
  /** A job there calls a function of the pool's thread. */
  asked(thread: PoolThread, question: Extract<FromThread, { readonly kind: "question" }>): void;
  /** A job there asks for something; see `wanted.ts`. */
  wanted(request: unknown): void;
  /** Such a call failed, and nobody there awaits it. */
  unheard(thread: PoolThread, thrown: EncodedValue): void;
  /** It was to stop, and runs nothing any more. */
  drained(thread: PoolThread): void;
  /** An outcome that came by the port. */
  answered(thread: PoolThread, answer: Extract<FromThread, { readonly call: number }>): void;
  /** It is being stopped, in whatever it does. */
  threadStops(thread: PoolThread): void;
  /** It has ended; nothing more comes. */
  threadEnded(thread: PoolThread, end: ThreadEnd): void;
}

/** A task as a pool's threads know it. */
export interface NumberedTask {
  readonly number: number;
  readonly identity: TaskIdentity;
  /** If it declares shapes. */
  readonly codecs: TaskCodecs | undefined;
  readonly module: ModuleRecord;
  readonly runTimes: Histogram;
}

interface WaitingForModule {
  readonly url: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class PoolThread {
  readonly index: number = ++lastIndex;
  readonly name: string;
  /** Its place on the board. */
  readonly number: number;
  readonly line: Line;
  /** False once it has ended, or is told to: then it takes no calls. */
  isAlive = true;
  /** Calls put on its line that have not settled; others may have stolen them. */
  inFlight = 0;
  /** Of those, calls that no other can steal because of their keys. */
  keyed = 0;
  /** Calls put on its line so far, published or not. */
  filled: number;
  /** Whether the pool is to publish some of them that other threads could take too, and some that they could not. */
  isFilledForAll = false;
  isFilledForItself = false;
  /** The module of those that others could take; `undefined` if there are several. */
  filledFor: ModuleRecord | undefined = undefined;
  /** Whether it may run jobs; before that it is prepared for them. */
  isPrepared = false;
  /** Who waits for it to be ready for a module's tasks. */
  readonly whenReady: WaitingForModule[] = [];
  /** Modules that it has imported before it was prepared. */
  readonly importedBefore: string[] = [];
  /** The operating system's number of it, once it runs and if that is known. */
  kernelThreadId: number | undefined = undefined;
  /** Whether it ends because the pool wants that. */
  isRetiring = false;
  /** Milliseconds for which it ran calls, as far as their outcomes are there; those that ran at once count each. */
  busyMs = 0;
  readonly #startedMs: number = nowMs();
  readonly #importMs: number;
  readonly #thread: HostThread;
  readonly #owner: ThreadOwner;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  #tellEnded: () => void = () => undefined;
  readonly #leaveDirectory: () => void;
  readonly #receiveNoMore: () => void;
  readonly #loaded = new Set<string>();
  /**
   * Modules that it is to import, one after another. The first is under way, or about to be, with what
   * calls off the limit of time for it.
   */
  readonly #loading = new Map<string, { stopLimit: (() => void) | undefined; hasBegun: boolean }>();
  /** Whether it runs nothing any more, or is about to be stopped in whatever it does. */
  #isTerminated = false;
  /** Whether it ends because an import did not. */
  #hasHung = false;
  readonly #defined = new Set<number>();

  constructor(
    owner: ThreadOwner,
    name: string,
    number: number,
    line: Line,
    board: Board,
    { jobsPerThread, resourceLimits, importMs }: PoolPlan,
  ) {
    this.#importMs = importMs;
    this.#owner = owner;
    this.name = name;
    this.number = number;
    this.line = line;
    this.ended = new Promise((resolve) => (this.#tellEnded = resolve));
    this.filled = load(line.cells, PUBLISHED);
    store(line.cells, STATE, AWAKE);
    store(line.cells, ARMED, 0);
    store(line.cells, STOPPING, 0);
    store(line.cells, THREAD, this.index);
    for (let count = COUNTS; count < COUNTS + MOST_COUNTS; count++) line.cells[count] = 0;
    this.#thread = host.startThread({
      name,
      index: this.index,
      setup: {
        line: line.offset,
        board: board.offset,
        size: board.size,
        number,
        cores: owner.cores,
        jobsAtOnce: jobsPerThread,
      },
      resourceLimits,
      library: libraryScript,
      heap: heap().source,
      onMessage: (message) => this.#received(message),
      onEnd: (end) => this.#ended(end),
    });
    this.#leaveDirectory = announceThread({
      index: this.index,
      name,
      attachRing: (memory) => this.post({ kind: "ring", memory }, []),
      attachPulse: (memory) => this.post({ kind: "pulse", memory }, []),
    });
    this.#receiveNoMore = receiveGiven((name, value) => this.post({ kind: "given", name, value }, []));
  }

  // Modules and tasks

  hasLoaded(module: string): boolean {
    return this.#loaded.has(module);
  }

  isLoading(module: string): boolean {
    return this.#loading.has(module);
  }

  /** Has the thread import a module, unless it is about to; the owner is told of the outcome. */
  load(task: TaskIdentity): void {
    const { module, key } = task;
    if (this.#loading.has(module)) return;
    // Before its first module no job can have the thread.
    this.#loading.set(module, { stopLimit: undefined, hasBegun: this.#loaded.size === 0 });
    const loader = host.typeScriptLoaderFor(module, registry().typeScriptLoader);
    if (typeof loader === "string") {
      const error = new WorkerLostError(
        "SKEIN_TASK_IMPORT_FAILED",
        `a thread can't import the task "${key}": ${loader}`,
      );
      // Not at once: whoever asks is about to find a place for calls.
      queueMicrotask(() => {
        if (this.#loadEnded(module)) this.#owner.moduleFailed(this, module, error);
      });
      return;
    }
    this.#limitImport();
    this.post({ kind: "load", module, typeScriptLoader: loader }, []);
  }

  /**
   * The first of the imports has so much time from when it has begun, while no job runs: one may have
   * the thread for longer. Those behind it have not begun. It is an alarm that keeps the process alive.
   */
  #limitImport(): void {
    for (const [module, loading] of this.#loading) {
      if (loading.stopLimit !== undefined) return;
      loading.stopLimit = setAlarm(() => {
        loading.stopLimit = undefined;
        // If this thread was held up, the answer is there and comes in the turn that begins.
        if (loading.hasBegun && !this.isRunning) loading.stopLimit = setTurn(() => this.#importHangs(module));
        else this.#limitImport();
      }, this.#importMs);
      return;
    }
  }

  #importBegins(module: string): void {
    const loading = this.#loading.get(module);
    if (loading === undefined) return;
    loading.hasBegun = true;
    loading.stopLimit?.();
    loading.stopLimit = undefined;
    this.#limitImport();
  }

  #importHangs(module: string): void {
    this.#loading.delete(module);
    this.#hasHung = true;
    // First: it is to be given nothing more.
    void this.terminate();
    this.#owner.moduleFailed(this, module, importHangs(module, this.#importMs));
  }

  tellReady(url: string): void {
    for (const waiting of this.whenReady) if (waiting.url === url) waiting.resolve();
  }

  /** @param url - the module that can't be imported; of all if omitted */
  tellFailed(url: string | undefined, error: unknown): void {
    for (const waiting of this.whenReady) if (url === undefined || waiting.url === url) waiting.reject(error);
  }

  /** Tells the thread the number of a task, once; its module must be loaded. */
  define({ number, identity }: NumberedTask): void {
    if (this.#defined.has(number)) return;
    this.#defined.add(number);
    const { module, key, takesScope, isOfLists } = identity;
    const unnamed = registry().modules.get(module)?.unnamed ?? 0;
    this.post({ kind: "define", number, module, key, takesScope, isOfLists, unnamed }, []);
  }

  // The line

  /** Where the record of the next call is; `undefined` while that is in use. */
  nextRecord(): number | undefined {
    const record = this.line.call(this.filled);
    return load(this.line.cells, record + CALL_STATE) === FREE ? record : undefined;
  }

  /** Whether the record of the next call stands in front of some that the thread has not passed: then it is met first. */
  get isNextLapping(): boolean {
    return (this.filled - (this.line.cells[PASSED] as number)) >>> 0 >= RECORDS;
  }

  /** Shows the thread, and those that steal from it, what was filled. */
  publish(): void {
    store(this.line.cells, PUBLISHED, this.filled);
  }

  /** Wakes the thread if it is parked. @returns whether it was */
  wake(): boolean {
    return wake(this.line);
  }

  /** Whether it sleeps, for others to wake. */
  get isParked(): boolean {
    return load(this.line.cells, STATE) === PARKED;
  }

  /**
   * Whether it sleeps, and nothing waits on its line; others may run what was put there.
   *
   * It passes calls before it writes PARKED, so who sees that sees all that it has passed. By the
   * time of the answer somebody may have woken it, and it may have stolen a call: a call that was
   * put to it for this answer then waits behind that one, and is found by `#reconsider` in `placing.ts`.
   */
  get isIdle(): boolean {
    return this.isParked && this.filled === this.line.cells[PASSED];
  }

  /** Whether it runs the call of a number. */
  runs(call: number): boolean {
    const { cells } = this.line;
    for (let place = RUNNING; place < RUNNING + MOST_RUNNING; place++) if (load(cells, place) === call) return true;
    return false;
  }

  /** Whether there is output of it that is not printed yet. */
  get isPrinting(): boolean {
    return this.#thread.isPrinting();
  }

  /** Whether it does what it was woken for without a call; see `wanted.ts`. */
  get isStandingIn(): boolean {
    return load(this.line.cells, COUNTS + IS_STANDING_IN) !== 0;
  }

  /** Whether it runs any call, or stands in. */
  get isRunning(): boolean {
    if (this.isStandingIn) return true;
    const { cells } = this.line;
    for (let place = RUNNING; place < RUNNING + MOST_RUNNING; place++) if (load(cells, place) !== 0) return true;
    return false;
  }

  /**
   * Whether it runs a call, its own line's or another's, or is behind with its line.
   *
   * A call of its own line counts in `inFlight`, beside the one that was just put there. One that
   * it has stolen stands in RUNNING alone, in any of the places: the first is free again when the
   * call there has ended before those that began after it. Who looked there alone would take the
   * thread for one that comes to its line soon, while it runs one of the others without end: then
   * what was put there would wait for that, and nobody be woken for it.
   */
  get isBusy(): boolean {
    return this.inFlight > 1 || this.isRunning;
  }

  /** What it counts of itself; see COUNTS. */
  count(what: number): number {
    return this.line.cells[COUNTS + what] as number;
  }

  /** @param keys - how many belong to it */
  statistics(keys: number): PoolThreadStatistics {
    return {
      name: this.name,
      index: this.index,
      kernelThreadId: this.kernelThreadId,
      runs: this.count(RUNS),
      steals: this.count(STEALS),
      parks: this.count(PARKS),
      blocks: this.count(BLOCKS),
      signals: this.count(SIGNALS),
      utilisation: (this.busyMs + this.count(STOOD_IN_MS)) / Math.max(nowMs() - this.#startedMs, Number.MIN_VALUE),
      heapMb: this.count(HEAP_MB),
      keys,
    };
  }

  /** Has it take no more calls but those that stay on its line; it tells when it has none any more. */
  retire(): void {
    this.isAlive = false;
    this.isRetiring = true;
    // First: what only it can run it sees when it sees that it is to stop.
    this.publish();
    store(this.line.cells, STOPPING, 1);
    // Also a thread that waits for its loop's sake comes by.
    this.post({ kind: "stop" }, []);
  }

  /** Asks for a message at the next outcome. */
  arm(): void {
    store(this.line.cells, ARMED, 1);
  }

  disarm(): void {
    exchange(this.line.cells, ARMED, 0);
  }

  /** The thread has ended and its records are in order: the next one begins behind them. */
  passAll(): void {
    store(this.line.cells, PASSED, this.filled);
    store(this.line.cells, PUBLISHED, this.filled);
  }

  // The port

  /** Posts a message and wakes the thread for it. Throws what can't be cloned; then nothing was sent. */
  post(message: ToThread, transfer: readonly object[]): void {
    // One that takes no more calls has some to end, and those hear of it still.
    if (this.#isTerminated) return;
    this.#thread.post(message, transfer);
    wake(this.line);
  }

  #received(message: FromThread | number): void {
    if (message === 0) {
      this.#owner.signalled(this);
      return;
    }
    // The port is the platform's own, so a task can post on it too, even null.
    if (typeof message !== "object" || message === null) return;
    switch (message.kind) {
      case "parked":
        warnOfParked(message.module, message.what);
        return;
      case "importing":
        this.#importBegins(message.module);
        return;
      case "loaded":
        if (!this.#loadEnded(message.module)) return;
        this.#loaded.add(message.module);
        this.#owner.moduleLoaded(this, message.module);
        return;
      case "loadFailed":
        if (this.#loadEnded(message.module)) this.#loadFailed(message.module, message.error);
        return;
      case "kernelThread":
        this.kernelThreadId = message.id;
        return;
      case "back":
        this.#owner.givenBack(message.number);
        return;
      case "passOn":
        this.#owner.passedOn(message.functions);
        return;
      case "question":
        this.#owner.asked(this, message);
        return;
      case "wanted":
        this.#owner.wanted(message.hasShared ? adopt(message.request) : message.request);
        return;
      case "unheard":
        this.#owner.unheard(this, message.thrown);
        return;
      case "drained":
        this.#owner.drained(this);
        return;
      case "done":
      case "failed":
      case "noSuchTask":
        this.#owner.answered(this, message);
    }
  }

  #loadEnded(module: string): boolean {
    this.#loading.get(module)?.stopLimit?.();
    const wasLoading = this.#loading.delete(module);
    if (this.isAlive) this.#limitImport();
    return wasLoading;
  }

  #loadFailed(module: string, raw: RawError): void {
    this.#owner.moduleFailed(this, module, importError(module, raw, this.name));
  }

  /** Modules that it imports, or is about to. */
  modulesUnderWay(): readonly string[] {
    return [...this.#loading.keys()];
  }

  /**
   * Modules that may have ended it: the one that it was importing; and those that it had
   * imported before it was prepared, as then its start hook may have been under way.
   */
  get suspects(): readonly string[] {
    return this.#hasHung ? [] : [...this.importedBefore, ...this.#importing()];
  }

  #importing(): readonly string[] {
    for (const [module, { hasBegun }] of this.#loading) return hasBegun ? [module] : [];
    return [];
  }

  async terminate(): Promise<void> {
    this.isAlive = false; // at once, so that the pool gives it nothing more
    this.#isTerminated = true;
    this.#owner.threadStops(this);
    await this.#thread.terminate();
  }

  #ended(end: ThreadEnd): void {
    this.isAlive = false;
    this.#isTerminated = true;
    for (const { stopLimit } of this.#loading.values()) stopLimit?.();
    this.#leaveDirectory();
    this.#receiveNoMore();
    this.#owner.threadEnded(this, end);
    this.#tellEnded();
  }
}

function importHangs(module: string, importMs: number): WorkerLostError {
  return new WorkerLostError(
    "SKEIN_TASK_IMPORT_FAILED",
    `importing ${module} on a thread did not end within ${importMs} ms: does it await something at its top level that never comes? Keep such work in main()`,
  );
}
