/**
 * The pool: decides which thread runs which job, and settles the jobs.
 *
 * Invariants
 * - A job waits here (in the queue, or for its module), is on a line, or is settled.
 *   It waits in the queue only while no line has room for it.
 * - A job on a line is in the table, under the number that its record and its outcome
 *   have. Whoever takes it out of the table settles it, or puts it back into the
 *   queue; so each is settled once.
 * - While a job has not settled, the pool either looks for outcomes in each turn of
 *   the event loop, or has armed the lines: then the next outcome comes with a
 *   message. Armed, it holds the process.
 * - Jobs start in order of submission, as far as they are on one line.
 */
import { compareExchange, load, store } from "#atomics";
import { holdProcess, nowMs, setAlarm, setTurn } from "#clock";
import { host } from "#host";

import { cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import { here } from "../async/here.js";
import {
  type AnyTask,
  type Executor,
  type RunOptions,
  type Task,
  type TaskIdentity,
  taskIdentity,
} from "../async/executor.js";
import { CancelledError, ClosedError, describeThrown, MisuseError, WorkerLostError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { workerMarker } from "../core/thread.js";
import { adopt } from "../shared/crossing.js";
import { heap } from "../shared/heap.js";
import { arrival, leaveForPool } from "../shared/object.js";
import { makePayload } from "../shared/payload.js";
import { poolThreadEnded } from "../shared/recovery.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { decodeThrown, type EncodedValue } from "./error-codec.js";
import type { ThreadEnd } from "./host/host.js";
import {
  AWAKE,
  Board,
  BOARD_AWAKE,
  BOARD_LINES,
  BYTES_COLLECTED,
  CALL_FUNCTION,
  CALL_JOB,
  CALL_NUMBER,
  CALL_PLACE_BITS,
  CALL_PLACE_MASK,
  CALL_STATE,
  CALL_TAGS,
  CALL_VALUES,
  COLLECTED,
  DONE,
  FINISHED,
  FREE,
  Line,
  MOST_RUNNING,
  MOST_USES,
  NEVER_RAN,
  OUTCOME_BYTES_END,
  OUTCOME_CALL,
  OUTCOME_FROM,
  OUTCOME_KIND,
  OUTCOME_LENGTH,
  OUTCOME_TAGS,
  OUTCOME_VALUE,
  PINNED,
  QUEUED,
  RECORDS,
  RUNNING,
  STARTED,
  STATE,
  takenBy,
  TELLS_START,
  WITHDRAWN,
} from "./line.js";
import type { FromThread } from "./messages.js";
import { BY_PORT, howTagged, IN_PAYLOAD, readScalar, writeScalars } from "./scalars.js";
import { Submission, type SubmissionOwner } from "./submission.js";
import { cleanStack, lostCall, noSuchTask, notTransferable } from "./thread-errors.js";
import { type NumberedTask, PoolThread, type ThreadOwner } from "./thread.js";

/** Options of a pool. */
export interface ThreadPoolOptions {
  /** Threads at most; the cores that this process may keep busy by default. */
  readonly size?: number;
  /** Its threads are called by this name and a number. */
  readonly name?: string;
}

/** Counters of a pool at one moment. */
export interface ThreadPoolStatistics {
  readonly name: string;
  /** Threads at most. */
  readonly size: number;
  /** Threads alive. */
  readonly alive: number;
  /** Jobs on threads. */
  readonly running: number;
  /** Jobs that wait for a thread. */
  readonly queued: number;
  /** Jobs settled since the pool was made, however they ended. */
  readonly settled: number;
  /** Threads that ended although the pool did not close. */
  readonly lost: number;
}

/**
 * Runs tasks on OS threads, as many as it has at the same time.
 *
 * Threads start when jobs need them and stay. An idle pool does not keep the
 * process alive.
 *
 * **Fairness** Jobs start in order of submission.
 *
 * @since 0.1.0
 */
export interface ThreadPool extends Executor {
  readonly size: number;
  /**
   * Runs a task on one of its threads, owned by no scope: the caller sees to it that
   * somebody awaits the promise. The fastest way to have one task after another run.
   */
  run<Args extends readonly unknown[], Result>(task: Task<Args, Result>, args: Args): Promise<Awaited<Result>>;
  run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result>;
  statistics(): ThreadPoolStatistics;
  /**
   * Takes no more jobs, waits for those it has, and stops its threads.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A module whose tasks were submitted. */
interface ModuleRecord {
  /** Threads that have imported it. */
  readonly ready: PoolThread[];
  /** Jobs that wait for the first of them. */
  readonly waiting: Set<Submission>;
  readonly tasks: NumberedTask[];
  /** Threads on which the import failed: not tried again just to spread the load. */
  readonly failed: WeakSet<PoolThread>;
}

/** After so long without an outcome the pool stops to look and has itself told. */
const POLL_MS = 0.05;
/** So long after it has armed the pool looks again, then after twice as long, and so on. */
const FIRST_LOOK_MS = 1;
const MOST_LOOK_MS = 50;
/** Outcomes taken at a time, before the event loop has its turn: about a millisecond's. */
const MOST_OUTCOMES = 4096;
/** Threads woken by one publishing; they wake others if there is more than they take. */
const MOST_WAKES = 2;

class Pool implements ThreadPool, ThreadOwner, SubmissionOwner {
  readonly name: string;
  readonly size: number;
  readonly #cores = host.allowedCores();
  #board: Board | undefined = undefined;
  /** By their places on the board. A line outlives its threads. */
  readonly #lines: Line[] = [];
  readonly #threads: (PoolThread | undefined)[] = [];
  #alive = 0;
  readonly #tasks = new Map<TaskIdentity, NumberedTask>();
  readonly #modules = new Map<string, ModuleRecord>();
  /** Jobs on lines, by the places that are below in their numbers. */
  readonly #table: (Submission | undefined)[] = [];
  readonly #freePlaces: number[] = [];
  /** How often each place was used. */
  readonly #uses: number[] = [];
  /** Jobs for which no line had room, in order of submission; a set, so that a cancelled one leaves at no cost. */
  #queue = new Set<Submission>();
  /** Jobs that have not settled. */
  #unsettled = 0;
  #settledCount = 0;
  #lost = 0;
  #lastNumber = 0;
  #isFlushPlanned = false;
  readonly #filled = new Set<PoolThread>();
  #isPolling = false;
  #isArmed = false;
  #lastProgressMs = 0;
  #lookMs = FIRST_LOOK_MS;
  #stopLook: (() => void) | undefined = undefined;
  #releaseProcess: (() => void) | undefined = undefined;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(size: number, name: string) {
    this.size = size;
    this.name = name;
  }

  run<Result>(task: AnyTask, args: readonly unknown[], options?: RunOptions): Promise<Result> {
    let submission: Submission;
    try {
      submission = this.#submission(task, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#unsettled++;
    this.#admit(submission);
    return submission.promise as Promise<Result>;
  }

  #submission(task: AnyTask, args: readonly unknown[], options: RunOptions | undefined): Submission {
    const identity = taskIdentity(task);
    if (identity === undefined) {
      throw new MisuseError(
        "SKEIN_NOT_A_TASK",
        `a thread can run only tasks, but ${describeKind(task)} came. Declare it at the top level of a module: const name = task(function name() { … })`,
      );
    }
    if (!Array.isArray(args)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `run expected the arguments in an array, but ${describeKind(args)} came: pool.run(task, [1, 2])`,
      );
    }
    if (this.#isClosing) throw new ClosedError(`thread pool "${this.name}" is closed`);
    if (options !== undefined) cancelNodeOf(options.cancel)?.checkpoint();
    return new Submission(this, identity, this.#numbered(identity), args, options);
  }

  #numbered(identity: TaskIdentity): NumberedTask {
    const known = this.#tasks.get(identity);
    if (known !== undefined) return known;
    const made = { number: this.#tasks.size + 1, identity };
    this.#tasks.set(identity, made);
    const module = this.#moduleOf(identity);
    module.tasks.push(made);
    for (const thread of module.ready) thread.define(made);
    return made;
  }

  #moduleOf({ module: url }: TaskIdentity): ModuleRecord {
    let module = this.#modules.get(url);
    if (module === undefined) {
      module = { ready: [], waiting: new Set(), tasks: [], failed: new WeakSet() };
      this.#modules.set(url, module);
    }
    return module;
  }

  // Where a job goes

  #admit(submission: Submission): void {
    if (this.#queue.size > 0 || !this.#place(submission)) this.#queue.add(submission);
    this.#watch();
  }

  /** Puts a job on a line, or among those that wait for its module. @returns false if no line has room for it */
  #place(submission: Submission): boolean {
    const module = this.#moduleOf(submission.task);
    const [first] = module.ready;
    if (first === undefined) {
      module.waiting.add(submission);
      this.#loadSomewhere(module, submission);
      return true;
    }
    let least = first;
    for (const thread of module.ready) {
      if (thread.inFlight < least.inFlight) least = thread;
    }
    if (least.inFlight > 0 && module.ready.length < this.size) this.#spread(module, submission.task);
    return this.#put(least, submission);
  }

  /** Has a thread import the module, unless one does for each job that waits for it. */
  #loadSomewhere(module: ModuleRecord, submission: Submission): void {
    const { task } = submission;
    let loading = 0;
    for (const thread of this.#threads) if (thread?.isLoading(task.module) === true) loading++;
    if (loading >= Math.min(module.waiting.size, this.size)) return;
    let least: PoolThread | undefined;
    for (const thread of this.#threads) {
      if (thread === undefined || !thread.isAlive || thread.isLoading(task.module)) continue;
      if (least === undefined || thread.inFlight < least.inFlight) least = thread;
    }
    try {
      if (least === undefined || least.inFlight > 0) least = this.#startThread() ?? least;
    } catch (error) {
      if (least === undefined && loading === 0) {
        // The platform refuses threads. This job pays for the try; the next one tries again.
        module.waiting.delete(submission);
        this.#fail(
          submission,
          new WorkerLostError(
            "SKEIN_WORKER_LOST",
            `no thread could be started for task "${task.key}": ${describeThrown(error)}`,
            { cause: error },
          ),
        );
        return;
      }
    }
    least?.load(task);
  }

  /** Those threads that have the module are busy: has another one import it. */
  #spread(module: ModuleRecord, task: TaskIdentity): void {
    for (const thread of this.#threads) {
      if (thread === undefined || !thread.isAlive || thread.hasLoaded(task.module)) continue;
      if (thread.isLoading(task.module) || module.failed.has(thread)) continue;
      thread.load(task);
      return;
    }
    try {
      this.#startThread()?.load(task);
    } catch {
      // The threads there are will do.
    }
  }

  #startThread(): PoolThread | undefined {
    if (this.#alive >= this.size) return undefined;
    let number = 0;
    while (this.#threads[number] !== undefined) number++;
    if (number >= this.size) return undefined; // one that was stopped has not ended yet
    const inHeap = heap();
    this.#board ??= Board.make(inHeap, this.size);
    let line = this.#lines[number];
    if (line === undefined) {
      line = Line.make(inHeap);
      this.#lines[number] = line;
      store(this.#board.cells, BOARD_LINES + number, line.offset / 16);
    }
    const thread = new PoolThread(this, `${this.name}-${++this.#lastNumber}`, number, line, this.#board);
    // The pool sleeps until a line wakes it: this one must be able to.
    if (this.#isArmed) thread.arm();
    this.#threads[number] = thread;
    this.#alive++;
    return thread;
  }

  /** Fills the next record of a thread's line. @returns false if that is in use */
  #put(thread: PoolThread, submission: Submission): boolean {
    const record = thread.nextRecord();
    if (record === undefined) return false;
    const { line } = thread;
    const { cells } = line;
    const { task, options } = submission;
    const values = task.takesScope ? [submission.name, ...submission.args] : submission.args;
    let flags = options === undefined ? 0 : TELLS_START;
    let tags = submission.movesSomething ? -1 : writeScalars(line, record + CALL_VALUES, values);
    if (tags === -1) {
      tags = this.#encode(submission, values, line, record);
      if (tags === BY_PORT) {
        // Only its own thread can run it, so that should do so soon.
        if (thread.inFlight > 0) return false;
        flags |= PINNED;
      }
    }
    const place = this.#freePlaces.pop() ?? this.#table.length;
    const uses = ((this.#uses[place] ?? 0) % (MOST_USES - 1)) + 1;
    this.#uses[place] = uses;
    this.#table[place] = submission;
    submission.call = (uses << CALL_PLACE_BITS) | place;
    submission.record = record;
    submission.thread = thread;
    thread.inFlight++;
    if (tags === BY_PORT && !this.#postArguments(thread, submission, values)) return true;
    thread.define(submission.numbered);
    cells[record + CALL_NUMBER] = submission.call;
    cells[record + CALL_FUNCTION] = submission.numbered.number | flags;
    cells[record + CALL_TAGS] = tags;
    line.float64[(record + CALL_JOB) >> 1] = options?.jobId ?? 0;
    cells[record + CALL_STATE] = QUEUED;
    thread.filled = (thread.filled + 1) | 0;
    this.#filled.add(thread);
    if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      queueMicrotask(this.#flush);
    }
    return true;
  }

  /** Writes arguments that are no scalars into a block of the heap. @returns how the record has them */
  #encode(submission: Submission, values: readonly unknown[], line: Line, record: number): number {
    if (submission.movesSomething) return BY_PORT;
    try {
      const inHeap = heap();
      const bytes = encodeValue(values);
      submission.payload = makePayload(inHeap, line.offset, bytes);
      line.cells[record + CALL_VALUES] = submission.payload;
      line.cells[record + CALL_VALUES + 1] = bytes.length;
      return IN_PAYLOAD;
    } catch {
      return BY_PORT; // which knows more kinds of values
    }
  }

  /** @returns false if they can't be passed: then the job has failed */
  #postArguments(thread: PoolThread, submission: Submission, values: readonly unknown[]): boolean {
    const { call, transfer, task, args } = submission;
    submission.isPosted = true;
    try {
      leaveForPool((hasShared) =>
        thread.post(
          {
            kind: "arguments",
            call,
            values,
            // Behind `values`: read when those have been copied.
            get hasShared() {
              return hasShared();
            },
          },
          transfer,
        ),
      );
      return true;
    } catch (error) {
      this.#fail(submission, notTransferable(task.key, args, transfer, error));
      return false;
    }
  }

  /** Publishes what was put on lines since the last microtask, and wakes threads for it. */
  readonly #flush = (): void => {
    this.#isFlushPlanned = false;
    let wakes = 0;
    for (const thread of this.#filled) {
      thread.publish();
      if (wakes === MOST_WAKES) continue;
      if (thread.wake()) wakes++;
      // It is awake, but may be long in coming: another one steals.
      else if (thread.isBusy && this.#wakeOne()) wakes++;
    }
    this.#filled.clear();
  };

  #wakeOne(): boolean {
    if (this.#alive < 2 || load((this.#board as Board).cells, BOARD_AWAKE) >= this.#alive) return false;
    return this.#threads.some((thread) => thread?.wake());
  }

  #placeQueued(): void {
    for (const submission of this.#queue) {
      if (this.#place(submission)) this.#queue.delete(submission);
      // One that needs an idle thread does not hold up others.
      else if (!submission.movesSomething && !submission.isPosted) return;
    }
  }

  // Outcomes

  /** Sees to it that outcomes are noticed, and that the process lives until then. */
  #watch(): void {
    if (this.#unsettled === 0) {
      this.#release();
    } else if (!this.#isPolling && !this.#isArmed) {
      this.#isPolling = true;
      this.#lastProgressMs = nowMs();
      setTurn(this.#poll);
    }
  }

  readonly #poll = (): void => {
    this.#isPolling = false;
    const taken = this.#collect();
    if (this.#unsettled === 0) {
      this.#release();
      return;
    }
    const now = nowMs();
    if (taken > 0) this.#lastProgressMs = now;
    // To look again and again is good only as long as a core is free for it.
    const awake = this.#board === undefined ? 0 : load(this.#board.cells, BOARD_AWAKE);
    if (taken > 0 || (awake + 1 <= this.#cores && now - this.#lastProgressMs < POLL_MS)) {
      this.#isPolling = true;
      setTurn(this.#poll);
      return;
    }
    this.#arm();
  };

  #arm(): void {
    for (const thread of this.#threads) thread?.arm();
    // Once more: an outcome published before that was not told.
    if (this.#collect() > 0) {
      for (const thread of this.#threads) thread?.disarm();
      this.#watch();
      return;
    }
    this.#isArmed = true;
    this.#releaseProcess ??= holdProcess();
    // An outcome is told after the next one, if another call follows it; which may be
    // a long one.
    if (this.#unsettled > this.#alive) this.#stopLook ??= setAlarm(this.#look, this.#lookMs);
  }

  readonly #look = (): void => {
    this.#stopLook = undefined;
    if (!this.#isArmed) return;
    this.#lookMs = Math.min(2 * this.#lookMs, MOST_LOOK_MS);
    this.signalled();
  };

  #release(): void {
    this.#stopLook?.();
    this.#stopLook = undefined;
    this.#releaseProcess?.();
    this.#releaseProcess = undefined;
    this.#isArmed = false;
  }

  signalled(): void {
    this.#isArmed = false;
    this.#collect();
    this.#watch();
  }

  /** Settles jobs that have ended. @returns how many outcomes there were */
  #collect(): number {
    let taken = 0;
    for (const line of this.#lines) taken += this.#collectFrom(line, MOST_OUTCOMES - taken);
    if (taken === 0) return 0;
    this.#lookMs = FIRST_LOOK_MS;
    if (this.#queue.size > 0) this.#placeQueued();
    this.#tellIfEmpty();
    return taken;
  }

  #collectFrom(line: Line, most: number): number {
    const { cells } = line;
    const first = cells[COLLECTED] as number;
    const end = load(cells, FINISHED);
    if (first === end) return 0;
    let next = first;
    let bytesEnd = cells[BYTES_COLLECTED] as number;
    for (; next !== end && ((next - first) | 0) < most; next = (next + 1) | 0) {
      const record = line.outcome(next);
      bytesEnd = cells[record + OUTCOME_BYTES_END] as number;
      this.#outcome(line, record);
    }
    cells[BYTES_COLLECTED] = bytesEnd;
    store(cells, COLLECTED, next);
    return (next - first) | 0;
  }

  #outcome(line: Line, record: number): void {
    const { cells } = line;
    const submission = this.#submissionOf(cells[record + OUTCOME_CALL] as number);
    if (submission === undefined) return;
    const kind = cells[record + OUTCOME_KIND] as number;
    if (kind === STARTED) {
      submission.started();
      return;
    }
    if (kind === NEVER_RAN) {
      this.#fail(submission, new CancelledError(`job "${submission.name}" was cancelled before it started`));
      return;
    }
    let value: unknown;
    const tags = cells[record + OUTCOME_TAGS] as number;
    if (howTagged(tags) === IN_PAYLOAD) {
      const from = cells[record + OUTCOME_FROM] as number;
      try {
        value = decodeValue(
          line.bytes.subarray(from, from + (cells[record + OUTCOME_LENGTH] as number)),
          arrival as never,
        );
      } catch (error) {
        this.#fail(submission, error);
        return;
      }
    } else {
      value = readScalar(line, record + OUTCOME_VALUE, tags);
    }
    if (kind === DONE) this.#succeed(submission, value);
    else this.#fail(submission, this.#thrown(submission, value as EncodedValue));
  }

  #thrown(submission: Submission, thrown: EncodedValue): unknown {
    const thread = this.#ranOn(submission);
    return decodeThrown(thrown, (stack, isOutermost) =>
      cleanStack(stack, isOutermost ? submission : undefined, thread),
    );
  }

  /** The name of the thread that a job runs on, as far as that can be told. */
  #ranOn(submission: Submission): string {
    const runner = this.#threads.find((thread) => thread?.line.cells[RUNNING] === submission.call);
    return (runner ?? submission.thread)?.name ?? this.name;
  }

  answered(thread: PoolThread, answer: Extract<FromThread, { readonly call: number }>): void {
    // What it did before is in the ring.
    this.#collect();
    const submission = this.#submissionOf(answer.call);
    if (submission !== undefined) this.#answer(thread, submission, answer);
    if (this.#queue.size > 0) this.#placeQueued();
    this.#tellIfEmpty();
    this.#watch();
  }

  #answer(thread: PoolThread, submission: Submission, answer: Extract<FromThread, { readonly call: number }>): void {
    if (answer.kind === "noSuchTask") {
      this.#fail(submission, noSuchTask(submission.task, answer.known));
    } else if (answer.kind === "failed") {
      const stackOf = (stack: string, isOutermost: boolean): string =>
        cleanStack(stack, isOutermost ? submission : undefined, thread.name);
      this.#fail(submission, decodeThrown(answer.thrown, stackOf));
    } else {
      try {
        this.#succeed(submission, answer.hasShared ? adopt(answer.value) : answer.value);
      } catch (error) {
        this.#fail(submission, error);
      }
    }
  }

  #submissionOf(call: number): Submission | undefined {
    const submission = this.#table[call & CALL_PLACE_MASK];
    return submission?.call === call ? submission : undefined;
  }

  #succeed(submission: Submission, value: unknown): void {
    this.#leave(submission);
    this.#unsettled--;
    this.#settledCount++;
    submission.started();
    submission.succeeded(value);
  }

  #fail(submission: Submission, error: unknown): void {
    this.#leave(submission);
    this.#unsettled--;
    this.#settledCount++;
    submission.failed(error);
  }

  /** The job is on no line any more. */
  #leave(submission: Submission): void {
    const { thread, payload } = submission;
    if (thread === undefined) return;
    thread.inFlight--;
    submission.thread = undefined;
    const place = submission.call & CALL_PLACE_MASK;
    this.#table[place] = undefined;
    this.#freePlaces.push(place);
    submission.call = 0;
    if (payload !== 0) {
      submission.payload = 0;
      const inHeap = heap();
      inHeap.free(inHeap.handleOf(payload));
    }
  }

  // Cancelling

  cancelled(submission: Submission, node: CancelNode): void {
    if (submission.thread === undefined) {
      this.#queue.delete(submission);
      this.#modules.get(submission.task.module)?.waiting.delete(submission);
    } else if (!this.#withdraw(submission)) {
      // The word before the message: a loop on the thread sees the one, everything
      // that waits there sees the other. Any thread may have stolen the call.
      const board = this.#board as Board;
      store(board.cells, board.cancelWord(submission.call), submission.call);
      const reason = node.makeErrorForWait().message;
      for (const thread of this.#threads) thread?.post({ kind: "cancel", call: submission.call, reason }, []);
      return;
    }
    this.#fail(submission, node.makeErrorForWait());
    this.#tellIfEmpty();
    this.#watch();
  }

  /** Takes a call back from its line. @returns false if it has been taken by a thread */
  #withdraw({ thread, call, record }: Submission): boolean {
    const { cells } = (thread as PoolThread).line;
    // Only the pool fills records, so this can't change meanwhile.
    if (cells[record + CALL_NUMBER] !== call) return false;
    return compareExchange(cells, record + CALL_STATE, QUEUED, WITHDRAWN) === QUEUED;
  }

  stopByForce(submission: Submission): void {
    const { call, thread } = submission;
    if (thread === undefined) return;
    const runs = this.#threads.find((one) => one !== undefined && load(one.line.cells, RUNNING) === call);
    void (runs ?? this.#takerOf(submission))?.terminate();
  }

  /** The thread that has taken a call and not yet begun to run it. */
  #takerOf({ thread, call, record }: Submission): PoolThread | undefined {
    const { cells } = (thread as PoolThread).line;
    if (cells[record + CALL_NUMBER] !== call) return undefined;
    const state = load(cells, record + CALL_STATE);
    return this.#threads.find((one) => one !== undefined && state === takenBy(one.number));
  }

  // Threads

  moduleLoaded(thread: PoolThread, url: string): void {
    const module = this.#modules.get(url);
    if (module === undefined || !thread.isAlive) return;
    for (const task of module.tasks) thread.define(task);
    module.ready.push(thread);
    const waiting = [...module.waiting];
    module.waiting.clear();
    // They came before those in the queue.
    this.#queue = new Set([...waiting, ...this.#queue]);
    this.#placeQueued();
    this.#watch();
  }

  moduleFailed(thread: PoolThread, url: string, error: unknown): void {
    const module = this.#modules.get(url);
    if (module === undefined) return;
    module.failed.add(thread);
    this.#failWaiting(module, error);
  }

  /** Fails the jobs that wait for a module: each of them tried once. */
  #failWaiting(module: ModuleRecord, error: unknown): void {
    const waiting = [...module.waiting];
    module.waiting.clear();
    for (const submission of waiting) this.#fail(submission, error);
    this.#tellIfEmpty();
    this.#watch();
  }

  threadEnded(thread: PoolThread, end: ThreadEnd): void {
    while (this.#collect() > 0);
    const lost = this.#lostWith(thread);
    const behind = this.#takeBackFrom(thread);
    thread.passAll();
    this.#threads[thread.number] = undefined;
    this.#alive--;
    if (!this.#isClosing) this.#lost++;
    this.#countAwake();
    for (const { ready } of this.#modules.values()) {
      const place = ready.indexOf(thread);
      if (place !== -1) ready.splice(place, 1);
    }
    const loading = thread.modulesUnderWay();
    const waited = loading.flatMap((url) => [...(this.#modules.get(url)?.waiting ?? [])]);
    // Before anybody learns that a job has failed: who then takes a lock that the
    // thread held finds it free.
    poolThreadEnded(thread.index, lost.length > 0);
    for (const submission of lost) this.#fail(submission, lostCall(thread.name, end, submission.task));
    for (const submission of waited) {
      this.#modules.get(submission.task.module)?.waiting.delete(submission);
      this.#fail(submission, lostCall(thread.name, end, submission.task));
    }
    if (lost.length + waited.length === 0 && end.error !== undefined) {
      reportToOwner(
        `thread "${thread.name}" ended between jobs by an uncaught error: ${describeThrown(end.error)}`,
        end.error,
      );
    }
    this.#queue = new Set([...behind, ...this.#queue]);
    this.#placeQueued();
    // It may have been woken to wake others.
    for (const other of this.#threads) other?.wake();
    this.#tellIfEmpty();
    this.#watch();
  }

  /** The calls that a thread which has ended was running, or had taken. */
  #lostWith(thread: PoolThread): Submission[] {
    const lost = new Set<Submission>();
    const note = (call: number): void => {
      const submission = this.#submissionOf(call);
      if (submission !== undefined) lost.add(submission);
    };
    const { cells } = thread.line;
    for (let place = 0; place < MOST_RUNNING; place++) {
      note(cells[RUNNING + place] as number);
      cells[RUNNING + place] = 0;
    }
    const taken = takenBy(thread.number);
    for (const line of this.#lines) {
      for (let count = 0; count < RECORDS; count++) {
        const record = line.call(count);
        if (load(line.cells, record + CALL_STATE) !== taken) continue;
        note(line.cells[record + CALL_NUMBER] as number);
        store(line.cells, record + CALL_STATE, FREE);
      }
    }
    return [...lost];
  }

  /** The calls on the line of a thread which has ended that nobody has taken, in order. */
  #takeBackFrom(thread: PoolThread): Submission[] {
    const { line } = thread;
    const back: Submission[] = [];
    for (let i = 0; i < RECORDS; i++) {
      const record = line.call((thread.filled + i) | 0);
      const state = compareExchange(line.cells, record + CALL_STATE, QUEUED, FREE);
      if (state === WITHDRAWN) store(line.cells, record + CALL_STATE, FREE);
      if (state !== QUEUED) continue;
      const submission = this.#submissionOf(line.cells[record + CALL_NUMBER] as number);
      if (submission === undefined) continue;
      if (submission.movesSomething) {
        // What was moved to the thread has gone with it.
        this.#fail(submission, lostCall(thread.name, { exitCode: undefined, error: undefined }, submission.task));
        continue;
      }
      this.#leave(submission);
      back.push(submission);
    }
    return back;
  }

  /** A thread may have ended between its going to sleep and saying so, or the other way round. */
  #countAwake(): void {
    if (this.#board === undefined) return;
    const awake = this.#threads.filter((thread) => thread !== undefined && load(thread.line.cells, STATE) === AWAKE);
    store(this.#board.cells, BOARD_AWAKE, awake.length);
  }

  #tellIfEmpty(): void {
    if (this.#unsettled === 0) this.#whenEmpty?.();
  }

  statistics(): ThreadPoolStatistics {
    this.#collect();
    let running = 0;
    for (const line of this.#lines) {
      for (let place = 0; place < MOST_RUNNING; place++) {
        if (this.#submissionOf(load(line.cells, RUNNING + place)) !== undefined) running++;
      }
    }
    return {
      name: this.name,
      size: this.size,
      alive: this.#alive,
      running,
      queued: this.#unsettled - running,
      settled: this.#settledCount,
      lost: this.#lost,
    };
  }

  #closing: Promise<void> | undefined = undefined;

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#drainAndStop();
    return this.#closing;
  }

  async #drainAndStop(): Promise<void> {
    if (this.#unsettled > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    await Promise.all(this.#threads.flatMap((thread) => thread?.terminate() ?? []));
    // Each has ended: nobody reads them any more.
    const inHeap = heap();
    for (const { offset } of [...this.#lines, ...(this.#board === undefined ? [] : [this.#board])]) {
      inHeap.free(inHeap.handleOf(offset));
    }
    this.#lines.length = 0;
    this.#board = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** On a thread of a pool: its jobs' own jobs run on that thread. */
const onThisThread: ThreadPool = {
  name: "threads",
  runsHere: true,
  async run<Result>(task: AnyTask, args: readonly unknown[], options?: RunOptions): Promise<Result> {
    if (options !== undefined) return here.run(task, args, options);
    return (task as unknown as (...args: readonly unknown[]) => Result)(...args);
  },
  size: 1,
  statistics: () => ({ name: "threads", size: 1, alive: 1, running: 1, queued: 0, settled: 0, lost: 0 }),
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

let shared: ThreadPool | undefined;

/**
 * A pool of OS threads as an executor: `s.spawn(task, args, { on: threads() })`.
 *
 * Without options: the pool that the whole program shares, made when first asked
 * for. With options: a new pool, to be closed by whoever made it.
 *
 * On a thread of a pool, `threads()` is that thread: jobs of a job run where it
 * runs, so that they can't wait for a thread that waits for them.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @since 0.1.0
 */
export function threads(options?: ThreadPoolOptions): ThreadPool {
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `threads expected options, but ${describeKind(options)} came`);
  }
  const size = options?.size ?? host.allowedCores();
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `the size of a pool must be a whole number from 1 on, but ${describeKind(size)} came`,
    );
  }
  if (workerMarker !== undefined) return onThisThread;
  if (options !== undefined) return new Pool(size, options.name ?? "threads");
  shared ??= new Pool(size, "threads");
  return shared;
}

/**
 * Cores that this process may keep busy: the machine's, less what the container's
 * CPU quota and the process's affinity take away. At least 1.
 *
 * @since 0.1.0
 */
export function availableCores(): number {
  return host.allowedCores();
}
