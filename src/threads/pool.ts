/**
 * The pool: decides which thread runs which job, and settles the jobs.
 *
 * Invariants
 * - A job waits here (in the queue, or for its module), is on a line, or is settled.
 *   It waits in the queue only while no line may take it.
 * - A job on a line is in the table, under the number that its record and its outcome
 *   have. Whoever takes it out of the table settles it, or puts it back into the
 *   queue; so each is settled once.
 * - While a job has not settled, the inbox looks for outcomes or has itself told.
 * - Jobs start in order of submission, as far as they are on one line and have one
 *   priority. While jobs of several priorities wait, lines get only one call more than
 *   their threads run: what waits on a line can't be overtaken.
 */
import { compareExchange, load, store } from "#atomics";
import { nowMs, setAlarm } from "#clock";
import { host } from "#host";

import { cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import { type AnyTask, type RunOptions, taskIdentity } from "../async/executor.js";
import { CancelledError, ClosedError, describeThrown, MisuseError, WorkerLostError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { adopt } from "../shared/crossing.js";
import { heap } from "../shared/heap.js";
import { arrival, leaveForPool } from "../shared/object.js";
import { makePayload } from "../shared/payload.js";
import { poolThreadEnded } from "../shared/recovery.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { Call, type CallOwner, CallTable, JobCall } from "./call.js";
import { decodeThrown, type EncodedValue } from "./error-codec.js";
import type { ThreadEnd } from "./host/host.js";
import { Inbox, type InboxOwner } from "./inbox.js";
import { JobQueue } from "./job-queue.js";
import * as at from "./line.js";
import { Board, Line } from "./line.js";
import type { FromThread } from "./messages.js";
import { type ModuleRecord, Modules } from "./modules.js";
import { callsLostWith, takeBack } from "./remains.js";
import { BY_PORT, howTagged, IN_PAYLOAD, readScalar, writeScalars } from "./scalars.js";
import { cleanStack, lostCall, noSuchTask, notTransferable } from "./thread-errors.js";
import type { PoolPlan, ThreadPool, ThreadPoolStatistics } from "./thread-pool.js";
import { PoolThread, type ThreadOwner } from "./thread.js";

type Answer = Extract<FromThread, { readonly call: number }>;

/** Calls put on lines before they are published, if no microtask comes first: then threads run the first while the rest are put. */
const MOST_UNPUBLISHED = 64;
/** Threads woken by one publishing; they wake others if there is more than they take. */
const MOST_WAKES = 2;
/** Jobs have waited for so long when one more thread is started for them. */
const GROW_AFTER_MS = 2;

export class Pool implements ThreadPool, ThreadOwner, CallOwner, InboxOwner {
  readonly name: string;
  readonly size: number;
  readonly cores: number = host.allowedCores();
  board: Board | undefined = undefined;
  /** By their places on the board. A line outlives its threads. */
  readonly lines: Line[] = [];
  readonly threads: (PoolThread | undefined)[] = [];
  unsettled = 0;
  readonly #modules = new Modules();
  readonly #table = new CallTable();
  readonly #queue = new JobQueue();
  readonly #inbox: Inbox = new Inbox(this);
  #alive = 0;
  #settledCount = 0;
  #lost = 0;
  #lastNumber = 0;
  /** Threads on whose lines calls wait to be published. */
  #filled: PoolThread[] = [];
  #unpublished = 0;
  #isFlushPlanned = false;
  /** When the first of the calls came that are to be published next. */
  #submittedMs = 0;
  #stopGrowing: (() => void) | undefined = undefined;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  constructor(plan: PoolPlan) {
    this.size = plan.size;
    this.name = plan.name;
  }

  run<Result>(task: AnyTask, args: readonly unknown[], options?: RunOptions): Promise<Result> {
    let call: Call;
    try {
      call = this.#callOf(task, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
    this.unsettled++;
    this.#admit(call);
    return call.promise as Promise<Result>;
  }

  #callOf(task: AnyTask, args: readonly unknown[], options: RunOptions | undefined): Call {
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
    if (!this.#isFlushPlanned) this.#planFlush();
    const numbered = this.#modules.numbered(identity);
    if (options === undefined) return new Call(numbered, args, this.#submittedMs);
    cancelNodeOf(options.cancel)?.checkpoint();
    return new JobCall(this, numbered, args, this.#submittedMs, options);
  }

  // Where a job goes

  #admit(call: Call): void {
    if ((call.options?.priority ?? 0) !== 0 && !this.#queue.isByPriority) this.#recall();
    if (this.#queue.size > 0 || !this.#place(call)) {
      this.#queue.add(call);
      if (this.#queue.isByPriority) this.#placeQueued();
    }
    this.#inbox.watch();
  }

  /** Takes back what waits on lines, as some job may go before it. */
  #recall(): void {
    const back: Call[] = [];
    for (const thread of this.threads) {
      if (thread === undefined) continue;
      for (const number of takeBack(thread.line, thread.filled, false)) {
        const call = this.#table.of(number);
        if (call === undefined) continue;
        this.#leave(call);
        back.push(call);
      }
    }
    this.#queue.addInFront(back.toSorted((a, b) => a.submittedMs - b.submittedMs));
  }

  /** Puts a job on a line, or among those that wait for its module. @returns false if no line may take it now */
  #place(call: Call): boolean {
    const { module } = call.task;
    const [first] = module.ready;
    if (first === undefined) {
      module.waiting.add(call);
      this.#loadSomewhere(module, call);
      return true;
    }
    let least = first;
    if (module.ready.length > 1) for (const thread of module.ready) if (thread.inFlight < least.inFlight) least = thread;
    if (least.inFlight > 0) {
      if (module.ready.length < this.size) this.#growSoon(module);
      if (this.#queue.isByPriority && least.inFlight > 1) return false;
    }
    return this.#put(least, call);
  }

  #placeQueued(): void {
    this.#queue.takeEach((call) => {
      if (this.#place(call)) return "taken";
      // One that needs an idle thread does not hold up others.
      return call.movesSomething || call.isPosted ? "left" : "full";
    });
  }

  /** Fills the next record of a thread's line. @returns false if that is in use */
  #put(thread: PoolThread, call: Call): boolean {
    const record = thread.nextRecord();
    if (record === undefined) return false;
    const { line } = thread;
    const { cells } = line;
    const { task, options } = call;
    const values = task.identity.takesScope ? [call.name, ...call.args] : call.args;
    let word = options === undefined ? task.number : task.number | at.TELLS_START;
    let tags = writeScalars(line, record + at.CALL_VALUES, values);
    if (tags === -1 || call.movesSomething) {
      tags = this.#encode(call, values, line, record);
      if (tags === BY_PORT) {
        // Only its own thread can run it, so that should do so soon.
        if (thread.inFlight > 0) {
          call.isPosted = true;
          return false;
        }
        word |= at.PINNED;
      }
    }
    this.#table.add(call);
    call.record = record;
    call.thread = thread;
    thread.inFlight++;
    if (tags === BY_PORT && !this.#postArguments(thread, call, values)) return true;
    cells[record + at.CALL_NUMBER] = call.number;
    cells[record + at.CALL_FUNCTION] = word;
    cells[record + at.CALL_TAGS] = tags;
    line.float64[(record + at.CALL_JOB) >> 1] = options === undefined ? 0 : options.jobId;
    cells[record + at.CALL_STATE] = at.QUEUED;
    thread.filled = (thread.filled + 1) | 0;
    if (!thread.isFilled) {
      thread.isFilled = true;
      this.#filled.push(thread);
    }
    if (!this.#isFlushPlanned) this.#planFlush();
    else if (++this.#unpublished >= MOST_UNPUBLISHED) this.#publish();
    return true;
  }

  /** Writes arguments that are no scalars into a block of the heap. @returns how the record has them */
  #encode(call: Call, values: readonly unknown[], line: Line, record: number): number {
    if (call.movesSomething) return BY_PORT;
    try {
      const bytes = encodeValue(values);
      call.payload = makePayload(heap(), line.offset, bytes);
      line.cells[record + at.CALL_VALUES] = call.payload;
      line.cells[record + at.CALL_VALUES + 1] = bytes.length;
      return IN_PAYLOAD;
    } catch {
      return BY_PORT; // which knows more kinds of values
    }
  }

  /** @returns false if they can't be passed: then the job has failed */
  #postArguments(thread: PoolThread, call: Call, values: readonly unknown[]): boolean {
    const { transfer, args, task } = call;
    call.isPosted = true;
    try {
      leaveForPool((hasShared) =>
        thread.post(
          {
            kind: "arguments",
            call: call.number,
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
      this.#fail(call, notTransferable(task.identity.key, args, transfer, error));
      return false;
    }
  }

  #planFlush(): void {
    this.#isFlushPlanned = true;
    this.#submittedMs = nowMs();
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushPlanned = false;
    this.#publish();
  };

  /** Shows the threads what was put on their lines, and wakes some for it. */
  #publish(): void {
    this.#unpublished = 0;
    if (this.#filled.length === 0) return;
    let wakes = 0;
    for (const thread of this.#filled) {
      thread.isFilled = false;
      thread.publish();
      if (wakes === MOST_WAKES) continue;
      if (thread.wake()) wakes++;
      // It is awake, but may be long in coming: another one steals.
      else if (thread.isBusy && this.#wakeOne()) wakes++;
    }
    this.#filled = [];
  }

  #wakeOne(): boolean {
    if (this.#alive < 2 || load((this.board as Board).cells, at.BOARD_AWAKE) >= this.#alive) return false;
    return this.threads.some((thread) => thread?.wake());
  }

  // Outcomes

  outcome(line: Line, record: number): void {
    const { cells } = line;
    const call = this.#table.of(cells[record + at.OUTCOME_CALL] as number);
    if (call === undefined) return;
    const kind = cells[record + at.OUTCOME_KIND] as number;
    if (kind === at.STARTED) {
      call.started();
      return;
    }
    if (kind === at.NEVER_RAN) {
      this.#fail(call, new CancelledError(`job "${call.name}" was cancelled before it started`));
      return;
    }
    let value: unknown;
    const tags = cells[record + at.OUTCOME_TAGS] as number;
    if (howTagged(tags) === IN_PAYLOAD) {
      const from = cells[record + at.OUTCOME_FROM] as number;
      const length = cells[record + at.OUTCOME_LENGTH] as number;
      try {
        value = decodeValue(line.bytes, arrival as never, from, length);
      } catch (error) {
        this.#fail(call, error);
        return;
      }
    } else {
      value = readScalar(line, record + at.OUTCOME_VALUE, tags);
    }
    if (kind === at.DONE) this.#succeed(call, value);
    else this.#fail(call, this.#thrown(call, value as EncodedValue, this.#nameOf(line)));
  }

  #nameOf(line: Line): string {
    return this.threads[this.lines.indexOf(line)]?.name ?? this.name;
  }

  #thrown(call: Call, thrown: EncodedValue, thread: string): unknown {
    return decodeThrown(thrown, (stack, isOutermost) =>
      cleanStack(
        stack,
        isOutermost ? { name: call.name, spawnSite: call.options?.spawnSite } : undefined,
        thread,
      ),
    );
  }

  collected(): void {
    if (this.#queue.size > 0) this.#placeQueued();
    this.#tellIfEmpty();
  }

  signalled(): void {
    this.#inbox.signalled();
  }

  answered(thread: PoolThread, answer: Answer): void {
    // What it did before is on the line.
    this.#inbox.collect();
    const call = this.#table.of(answer.call);
    if (call !== undefined) this.#answer(thread, call, answer);
    this.collected();
    this.#inbox.watch();
  }

  #answer(thread: PoolThread, call: Call, answer: Answer): void {
    if (answer.kind === "noSuchTask") {
      this.#fail(call, noSuchTask(call.task.identity, answer.known));
    } else if (answer.kind === "failed") {
      this.#fail(call, this.#thrown(call, answer.thrown, thread.name));
    } else {
      try {
        this.#succeed(call, answer.hasShared ? adopt(answer.value) : answer.value);
      } catch (error) {
        this.#fail(call, error);
      }
    }
  }

  #succeed(call: Call, value: unknown): void {
    this.#leave(call);
    this.unsettled--;
    this.#settledCount++;
    call.started();
    call.succeed(value);
  }

  #fail(call: Call, error: unknown): void {
    this.#leave(call);
    this.unsettled--;
    this.#settledCount++;
    call.fail(error);
  }

  /** The job is on no line any more. */
  #leave(call: Call): void {
    const { thread } = call;
    if (thread === undefined) return;
    thread.inFlight--;
    call.thread = undefined;
    this.#table.remove(call);
    if (call.payload === 0) return;
    const inHeap = heap();
    inHeap.free(inHeap.handleOf(call.payload));
    call.payload = 0;
  }

  #tellIfEmpty(): void {
    if (this.unsettled > 0) return;
    this.#stopGrowing?.();
    this.#stopGrowing = undefined;
    this.#whenEmpty?.();
  }

  // Cancelling

  cancelled(call: Call, node: CancelNode): void {
    if (call.thread === undefined) {
      if (!this.#queue.remove(call)) this.#modules.stopWaiting(call);
    } else if (!this.#withdraw(call)) {
      // The word before the message: a loop on the thread sees the one, everything
      // that waits there sees the other. Any thread may have stolen the call.
      const board = this.board as Board;
      store(board.cells, board.cancelWord(call.number), call.number);
      const reason = node.makeErrorForWait().message;
      for (const thread of this.threads) thread?.post({ kind: "cancel", call: call.number, reason }, []);
      return;
    }
    this.#fail(call, node.makeErrorForWait());
    this.collected();
    this.#inbox.watch();
  }

  /** Takes a call back from its line. @returns false if it has been taken by a thread */
  #withdraw({ thread, number, record }: Call): boolean {
    const { cells } = (thread as PoolThread).line;
    // Only the pool fills records, so this can't change meanwhile.
    if (cells[record + at.CALL_NUMBER] !== number) return false;
    return compareExchange(cells, record + at.CALL_STATE, at.QUEUED, at.WITHDRAWN) === at.QUEUED;
  }

  stopByForce(call: Call): void {
    if (call.thread === undefined) return;
    const runs = this.threads.find((thread) => thread?.runs(call.number) === true);
    void (runs ?? this.#takerOf(call))?.terminate();
  }

  /** The thread that has taken a call and not yet begun to run it. */
  #takerOf({ thread, number, record }: Call): PoolThread | undefined {
    const { cells } = (thread as PoolThread).line;
    if (cells[record + at.CALL_NUMBER] !== number) return undefined;
    const state = load(cells, record + at.CALL_STATE);
    return this.threads.find((one) => one !== undefined && state === at.takenBy(one.number));
  }

  // Threads and modules

  /** Has a thread import the module, unless one does for each job that waits for it. */
  #loadSomewhere(module: ModuleRecord, call: Call): void {
    const { identity } = call.task;
    let loading = 0;
    let least: PoolThread | undefined;
    for (const thread of this.threads) {
      if (thread === undefined || !thread.isAlive) continue;
      if (thread.isLoading(module.url)) loading++;
      else if (least === undefined || thread.inFlight < least.inFlight) least = thread;
    }
    if (loading >= Math.min(module.waiting.size, this.size)) return;
    try {
      if (least === undefined || least.inFlight > 0) least = this.#startThread() ?? least;
    } catch (error) {
      if (least === undefined && loading === 0) {
        // The platform refuses threads. This job pays for the try; the next one tries again.
        module.waiting.delete(call);
        this.#fail(
          call,
          new WorkerLostError(
            "SKEIN_WORKER_LOST",
            `no thread could be started for task "${identity.key}": ${describeThrown(error)}`,
            { cause: error },
          ),
        );
        return;
      }
    }
    least?.load(identity);
  }

  /** Those threads that have the module are busy: if that lasts, another one is to import it. */
  #growSoon(module: ModuleRecord): void {
    this.#stopGrowing ??= setAlarm(() => {
      this.#stopGrowing = undefined;
      if (!module.ready.every((thread) => thread.inFlight > 0) || this.unsettled <= module.ready.length) return;
      this.#grow(module);
      if (module.ready.length < this.size) this.#growSoon(module);
    }, GROW_AFTER_MS);
  }

  #grow(module: ModuleRecord): void {
    const [task] = module.tasks;
    if (task === undefined) return;
    for (const thread of this.threads) {
      if (thread === undefined || !thread.isAlive || module.ready.includes(thread)) continue;
      if (thread.isLoading(module.url) || module.failed.has(thread)) continue;
      thread.load(task.identity);
      return;
    }
    try {
      this.#startThread()?.load(task.identity);
    } catch {
      // The threads there are will do.
    }
  }

  #startThread(): PoolThread | undefined {
    if (this.#alive >= this.size) return undefined;
    let number = 0;
    while (this.threads[number] !== undefined) number++;
    if (number >= this.size) return undefined; // one that was stopped has not ended yet
    const inHeap = heap();
    this.board ??= Board.make(inHeap, this.size);
    let line = this.lines[number];
    if (line === undefined) {
      line = Line.make(inHeap);
      this.lines[number] = line;
      store(this.board.cells, at.BOARD_LINES + number, line.offset / 16);
    }
    const thread = new PoolThread(this, `${this.name}-${++this.#lastNumber}`, number, line, this.board);
    // The pool sleeps until a line wakes it: this one must be able to.
    if (this.#inbox.isArmed) thread.arm();
    this.threads[number] = thread;
    this.#alive++;
    return thread;
  }

  moduleLoaded(thread: PoolThread, url: string): void {
    if (!thread.isAlive) return;
    const module = this.#modules.of(url);
    for (const task of module.tasks) thread.define(task);
    module.ready.push(thread);
    const waiting = [...module.waiting];
    module.waiting.clear();
    // They came before those in the queue.
    this.#queue.addInFront(waiting);
    this.#placeQueued();
    this.#inbox.watch();
  }

  moduleFailed(thread: PoolThread, url: string, error: unknown): void {
    const module = this.#modules.of(url);
    module.failed.add(thread);
    // Each of them tried once.
    const waiting = [...module.waiting];
    module.waiting.clear();
    for (const call of waiting) this.#fail(call, error);
    this.collected();
    this.#inbox.watch();
  }

  threadEnded(thread: PoolThread, end: ThreadEnd): void {
    while (this.#inbox.collect() > 0);
    const lost = this.#callsOf(callsLostWith(thread.line, thread.number, this.lines));
    const behind = this.#callsOf(takeBack(thread.line, thread.filled, true));
    for (const call of behind) {
      // What was moved to the thread has gone with it.
      if (call.movesSomething) lost.push(call);
      else this.#leave(call);
    }
    thread.passAll();
    this.threads[thread.number] = undefined;
    this.#alive--;
    if (!this.#isClosing) this.#lost++;
    this.#countAwake();
    const waited = this.#modules.forget(thread).flatMap(({ waiting }) => [...waiting]);
    // Before anybody learns that a job has failed: who then takes a lock that the
    // thread held finds it free.
    poolThreadEnded(thread.index, lost.length > 0);
    for (const call of waited) this.#modules.stopWaiting(call);
    for (const call of [...lost, ...waited]) this.#fail(call, lostCall(thread.name, end, call.task.identity));
    if (lost.length + waited.length === 0 && end.error !== undefined) {
      reportToOwner(
        `thread "${thread.name}" ended between jobs by an uncaught error: ${describeThrown(end.error)}`,
        end.error,
      );
    }
    this.#queue.addInFront(behind.filter((call) => !call.isSettled));
    this.#placeQueued();
    // It may have been woken to wake others.
    for (const other of this.threads) other?.wake();
    this.#tellIfEmpty();
    this.#inbox.watch();
  }

  /** Those of the numbers that are still of calls, in their order. */
  #callsOf(numbers: Iterable<number>): Call[] {
    return [...numbers].flatMap((number) => this.#table.of(number) ?? []);
  }

  /** A thread may have ended between its going to sleep and saying so, or the other way round. */
  #countAwake(): void {
    if (this.board === undefined) return;
    const awake = this.threads.filter((thread) => thread?.isAwake === true);
    store(this.board.cells, at.BOARD_AWAKE, awake.length);
  }

  statistics(): ThreadPoolStatistics {
    this.#inbox.collect();
    let running = 0;
    for (const { cells } of this.lines) {
      for (let place = at.RUNNING; place < at.RUNNING + at.MOST_RUNNING; place++) {
        if (this.#table.of(load(cells, place)) !== undefined) running++;
      }
    }
    return {
      name: this.name,
      size: this.size,
      alive: this.#alive,
      running,
      queued: this.unsettled - running,
      settled: this.#settledCount,
      lost: this.#lost,
    };
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#drainAndStop();
    return this.#closing;
  }

  async #drainAndStop(): Promise<void> {
    if (this.unsettled > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    await Promise.all(this.threads.flatMap((thread) => thread?.terminate() ?? []));
    // Each has ended: nobody reads them any more.
    const inHeap = heap();
    for (const { offset } of [...this.lines, ...(this.board === undefined ? [] : [this.board])]) {
      inHeap.free(inHeap.handleOf(offset));
    }
    this.lines.length = 0;
    this.board = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
