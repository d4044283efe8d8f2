/**
 * The pool: takes jobs, has each run on one of its threads, and settles it. Where a job
 * goes is decided in `placing.ts`.
 *
 * Invariants
 * - A job waits (in a queue, or for its module), is on a line, or is settled.
 * - A job on a line is in the table, under the number that its record and its outcome
 *   have. Whoever takes it out of the table settles it, or puts it back into the
 *   queue; so each is settled once.
 * - A job with a key waits in the queue of its key's place in the pool, unless it is on
 *   the line of the thread there; only that thread takes it.
 * - While a job has not settled, the inbox looks for outcomes or has itself told.
 *
 * It has more than 600 lines because all ways on which a call leaves the table stand here
 * beside each other: its outcome, its cancellation, the end of its thread or of the pool.
 * That each is settled once can be read in one place.
 */
import { load, store } from "#atomics";
import { nowMs, setTurn } from "#clock";
import { host } from "#host";

import { cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import {
  type AnyTask,
  type ListTask,
  type RunOptions,
  type Task,
  type TaskIdentity,
  taskIdentity,
} from "../async/executor.js";
import { semaphore, type Semaphore, type SemaphoreToken } from "../async/semaphore.js";
import { CancelledError, ClosedError, describeThrown, MisuseError, QueueFullError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { SharedChannel } from "../shared/channel.js";
import { adopt } from "../shared/crossing.js";
import { heap } from "../shared/heap.js";
import { poolThreadEnded } from "../shared/recovery.js";
import { answerQuestion, type Question, reportUnheard } from "./answering.js";
import { Call, type CallOwner, CallTable, JobCall } from "./call.js";
import { Crew, type CrewOwner } from "./crew.js";
import { decodeThrown, type EncodedValue } from "./error-codec.js";
import { Histogram } from "./histogram.js";
import type { ThreadEnd } from "./host/host.js";
import { Inbox, type InboxOwner } from "./inbox.js";
import { Keys } from "./keys.js";
import * as at from "./line.js";
import type { Board, Line } from "./line.js";
import { taskOfLists } from "./lists.js";
import type { FromThread, ToThread } from "./messages.js";
import { type ModuleRecord, Modules } from "./modules.js";
import { valueOfOutcome } from "./outcome-value.js";
import { Placing, type PlacingOwner } from "./placing.js";
import { runningOn, runTimesOf } from "./pool-statistics.js";
import { Putting } from "./putting.js";
import { callsLostWith, takeBack } from "./remains.js";
import { contextHere, RemoteTable } from "./remotes.js";
import { streamFrom, type StreamOptions } from "./stream.js";
import { cleanStack, lostCall, noSuchTask, threadLost } from "./thread-errors.js";
import {
  isOfScope,
  type JobOptions,
  type PoolPlan,
  requireJobOptions,
  type Helping,
  type Streamed,
  type Submitted,
  type ThreadPool,
  type ThreadPoolStatistics,
} from "./thread-pool.js";
import type { PoolThread } from "./thread.js";
import { wantedBy } from "./wanted.js";

/** A result waits so long at most for what its job has printed, as who reads that may be slow. */
const MOST_PRINT_MS = 1000;

/** Of a thread that was stopped before a call was put to it. */
const NO_END: ThreadEnd = { exitCode: undefined, error: undefined };

function neverRan({ name }: Call): CancelledError {
  return new CancelledError(`job "${name}" was cancelled before it started`);
}

type Answer = Extract<FromThread, { readonly call: number }>;

export class Pool implements ThreadPool, CrewOwner, CallOwner, InboxOwner, PlacingOwner {
  readonly name: string;
  readonly size: number;
  readonly cores: number = host.allowedCores();
  unsettled = 0;
  readonly plan: PoolPlan;
  readonly table: CallTable;
  readonly crew: Crew;
  readonly putting: Putting;
  readonly #modules = new Modules();
  readonly #keys: Keys;
  readonly #placing: Placing = new Placing(this);
  readonly #inbox: Inbox = new Inbox(this);
  readonly #remotes = new RemoteTable(
    (id, reason) => this.#tellAll({ kind: "abort", id, reason }),
    (ids) => this.#tellAll({ kind: "forget", ids }),
  );
  /** Permits of those jobs that may be here at once; only if the queue is bounded. */
  readonly #room: Semaphore | undefined;
  readonly #permits = new Map<Call, SemaphoreToken>();
  #settledCount = 0;
  #lost = 0;
  readonly #waitTimes = new Histogram();
  #isClosing = false;
  /** What jobs fail with once it is destroyed. */
  #destroyed: ClosedError | undefined = undefined;
  readonly #whenEmpty: (() => void)[] = [];
  #closing: Promise<void> | undefined = undefined;

  constructor(plan: PoolPlan) {
    this.plan = plan;
    this.size = plan.size;
    this.#keys = new Keys(plan.size);
    this.name = plan.name;
    this.table = new CallTable(at.mostCalls(plan.size));
    this.crew = new Crew(plan, this, this.#modules);
    this.putting = new Putting(this.table, this.crew, this.#remotes, (call, error) => this.#fail(call, error));
    const most = plan.maxQueue + plan.size * plan.jobsPerThread;
    this.#room = most === Infinity ? undefined : semaphore({ permits: most, name: `queue of ${plan.name}` });
  }

  get jobsAtOnce(): number {
    return this.size * this.plan.jobsPerThread;
  }

  get threads(): readonly (PoolThread | undefined)[] {
    return this.crew.threads;
  }

  get lines(): readonly Line[] {
    return this.crew.lines;
  }

  get board(): Board | undefined {
    return this.crew.board;
  }

  get hasQueued(): boolean {
    return !this.#placing.isEmpty;
  }

  get isArmed(): boolean {
    return this.#inbox.isArmed;
  }

  run<Result>(task: AnyTask, args: readonly unknown[], options?: RunOptions | JobOptions): Promise<Result> {
    let call: Call;
    try {
      call = this.#callOf(task, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#room === undefined || this.#takeRoom(call, this.#room.tryAcquire())) this.#takeOn(call);
    return call.promise as Promise<Result>;
  }

  help(task: AnyTask, args: readonly unknown[]): Helping {
    const call = this.#callOf(task, args, undefined);
    this.#takeOn(call);
    return { ended: call.promise as Promise<void>, takeBack: () => this.#takeBack(call, () => neverRan(call)) };
  }

  /** @returns false if there is none: then the job has failed, and hears of its scope no more */
  #takeRoom(call: Call, permit: SemaphoreToken | undefined): boolean {
    if (permit !== undefined) {
      this.#permits.set(call, permit);
      return true;
    }
    call.fail(
      new QueueFullError(
        `thread pool "${this.name}" has all the jobs it may have (${this.plan.maxQueue} waiting): ` +
          "wait for room with `await pool.submit(task, args)`, or raise maxQueue",
      ),
    );
    return false;
  }

  async submit<Args extends readonly unknown[], Result>(
    task: Task<Args, Result>,
    args: Args,
    options?: JobOptions,
  ): Promise<Submitted<Awaited<Result>>> {
    requireJobOptions(options);
    if (this.#room === undefined) return { result: this.run(task, args, options) };
    const permit = await this.#room.acquire();
    let call: Call;
    try {
      call = this.#callOf(task, args, options);
    } catch (error) {
      permit.release();
      throw error;
    }
    this.#permits.set(call, permit);
    this.#takeOn(call);
    return { result: call.promise as Promise<Awaited<Result>> };
  }

  #callOf(task: AnyTask, args: readonly unknown[], options: RunOptions | JobOptions | undefined): Call {
    requireJobOptions(options);
    const identity = this.requireTask(task);
    if (!Array.isArray(args)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `run expected the arguments in an array, but ${describeKind(args)} came: pool.run(task, [1, 2])`,
      );
    }
    // All that may run code of the program comes first: it may close the pool, and a job that
    // it cancels is none of the pool's yet.
    const own: readonly unknown[] = [...(args as readonly unknown[])];
    const affinity = options?.affinity;
    // Now: when it is put on a line the caller's context is gone.
    const context = contextHere();
    const ofScope = isOfScope(options) ? options : undefined;
    cancelNodeOf(ofScope?.cancel)?.checkpoint();
    if (this.#isClosing) throw this.#closedError();
    const submittedMs = this.putting.submittedMs();
    const numbered = this.#modules.numbered(identity);
    const call =
      ofScope === undefined
        ? new Call(numbered, own, submittedMs)
        : new JobCall(this, numbered, own, submittedMs, ofScope);
    call.affinity = affinity;
    if (context !== undefined) call.context = context;
    return call;
  }

  /** From now on it is this pool's to settle. */
  #takeOn(call: Call): void {
    this.unsettled++;
    if (call.affinity !== undefined) call.place = this.#keys.begin(call.affinity);
    if (host.submitted.hasSubscribers) host.submitted.publish(this.#diagnosed(call));
    this.#placing.admit(call);
    // Who was told of it, or read for it, may have destroyed the pool: nobody looks for room any more.
    if (this.#destroyed !== undefined) this.#failWaiting(this.#destroyed);
    if (call.isSettled) this.#tellIfEmpty();
    this.#inbox.watch();
  }

  stream<Args extends readonly unknown[], Value>(
    task: Task<Args, Streamed<Value>>,
    args: Args,
    options: StreamOptions & JobOptions = {},
  ): AsyncGenerator<Value, void, undefined> {
    const { key } = this.requireTask(task);
    requireJobOptions(options);
    const { affinity } = options;
    const open = (capacity: number): SharedChannel => new SharedChannel({ capacity, name: `values of ${key}` });
    return streamFrom(open, options, (channel) => {
      const keyed = affinity === undefined ? undefined : { affinity };
      const call = this.#callOf(task as AnyTask, [channel, ...args], keyed);
      call.isStream = true;
      if (this.#room === undefined || this.#takeRoom(call, this.#room.tryAcquire())) this.#takeOn(call);
      return call.promise;
    });
  }

  ofLists(task: AnyTask): ListTask | undefined {
    return taskOfLists(task);
  }

  #tellAll(message: ToThread): void {
    for (const thread of this.threads) thread?.post(message, []);
  }

  requireTask(task: unknown): TaskIdentity {
    const identity = taskIdentity(task);
    if (identity !== undefined) return identity;
    throw new MisuseError(
      "SKEIN_NOT_A_TASK",
      `a thread can run only tasks, but ${describeKind(task)} came. Declare it at the top level of a module: const name = task(function name() { … })`,
    );
  }

  #placeQueued(): void {
    this.#placing.placeQueued();
    // Some may have been refused, and have been the last.
    this.#tellIfEmpty();
  }

  takeBackFrom(thread: PoolThread): void {
    this.#placing.waitInFront(this.#placing.withdrawFrom(thread));
    this.#placeQueued();
  }

  // Outcomes

  outcome(line: Line, record: number): void {
    const { cells } = line;
    const call = this.table.of(cells[record + at.OUTCOME_CALL] as number);
    if (call === undefined) return;
    const kind = cells[record + at.OUTCOME_KIND] as number;
    if (kind === at.STARTED) {
      call.started();
      return;
    }
    if (kind === at.NEVER_RAN) {
      this.#fail(call, neverRan(call));
      return;
    }
    let value: unknown;
    try {
      value = valueOfOutcome(line, record, call.task);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    const thread = this.crew.threadOf(line);
    const runMs = line.float64[(record + at.OUTCOME_RUN_MS) >> 1] as number;
    call.task.runTimes.add(runMs);
    this.#waitTimes.add(Math.max(0, this.#inbox.collectedMs - call.submittedMs - runMs));
    if (thread !== undefined) thread.busyMs += runMs;
    if (kind === at.DONE) this.#succeed(call, value);
    else this.#fail(call, this.#thrown(call, value as EncodedValue, thread?.name ?? this.name));
  }

  #thrown(call: Call, thrown: EncodedValue, thread: string): unknown {
    return decodeThrown(thrown, (stack, isOutermost) =>
      cleanStack(stack, isOutermost ? { name: call.name, spawnSite: call.options?.spawnSite } : undefined, thread),
    );
  }

  waited(): void {
    this.#placing.look();
    this.#tellIfEmpty();
    this.#inbox.watch();
  }

  collected(): void {
    this.crew.recycle();
    this.#placing.look();
    this.#tellIfEmpty();
  }

  signalled(thread: PoolThread): void {
    this.#inbox.signalled(thread.line);
  }

  answered(thread: PoolThread, answer: Answer): void {
    // What the job printed goes first, if the program can print it in time.
    if (thread.isPrinting) this.#answerLater(thread, answer, nowMs() + MOST_PRINT_MS);
    else this.#answerNow(thread, answer);
  }

  #answerLater(thread: PoolThread, answer: Answer, untilMs: number): void {
    setTurn(() => {
      if (thread.isPrinting && nowMs() < untilMs) this.#answerLater(thread, answer, untilMs);
      else this.#answerNow(thread, answer);
    });
  }

  #answerNow(thread: PoolThread, answer: Answer): void {
    // What it did before is on the line.
    this.#inbox.collect();
    const call = this.table.of(answer.call);
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

  #diagnosed(call: Call): { readonly pool: string; readonly task: string; readonly name: string } {
    return { pool: this.name, task: call.task.identity.key, name: call.name };
  }

  // Who is told that a job has settled may do anything, as to cancel its scope, or those that
  // are to be settled next. So a job is settled, and listens to its scope no more, before that
  // is told; and one that has settled meanwhile is left alone.

  #succeed(call: Call, value: unknown): void {
    if (call.isSettled) return;
    call.started();
    this.#settled(call);
    call.succeed(value);
    if (host.settled.hasSubscribers) host.settled.publish(this.#diagnosed(call));
  }

  #fail(call: Call, error: unknown): void {
    if (call.isSettled) return;
    this.#settled(call);
    call.fail(error);
    if (host.settled.hasSubscribers) host.settled.publish({ ...this.#diagnosed(call), error });
  }

  failCall(call: Call, error: unknown): void {
    this.#fail(call, error);
  }

  #settled(call: Call): void {
    this.leave(call);
    this.unsettled--;
    this.#settledCount++;
    if (call.affinity !== undefined) this.#keys.end(call.affinity);
    call.remote?.letGo();
    if (this.#room === undefined) return;
    this.#permits.get(call)?.release();
    this.#permits.delete(call);
  }

  leave(call: Call): void {
    const { thread } = call;
    if (thread === undefined) return;
    this.#placing.left(call);
    thread.inFlight--;
    if (call.affinity !== undefined) thread.keyed--;
    call.thread = undefined;
    if (call.isToldToCancel) {
      // The number comes again, for another call.
      call.isToldToCancel = false;
      const { board } = this;
      if (board !== undefined) store(board.cells, board.cancelWord(call.number), 0);
    }
    this.table.remove(call);
    if (call.payload === 0) return;
    const inHeap = heap();
    inHeap.free(inHeap.handleOf(call.payload));
    call.payload = 0;
  }

  #tellIfEmpty(): void {
    if (this.unsettled > 0) return;
    this.crew.stopGrowing();
    for (const tell of this.#whenEmpty.splice(0)) tell();
  }

  // Cancelling

  /** Fails a call that no thread has taken. @returns false if one has, or it was over before */
  #takeBack(call: Call, failure: () => unknown): boolean {
    if (call.isSettled) return false;
    if (call.thread === undefined) {
      if (!this.#placing.remove(call)) this.#modules.stopWaiting(call);
    } else if (!this.#placing.withdraw(call)) return false;
    this.#fail(call, failure());
    this.collected();
    this.#inbox.watch();
    return true;
  }

  cancelled(call: Call, node: CancelNode): void {
    if (call.isSettled) return;
    if (!this.#takeBack(call, () => node.makeErrorForWait())) {
      // The word before the message: a loop on the thread sees the one, everything
      // that waits there sees the other. Any thread may have stolen the call.
      const board = this.board as Board;
      store(board.cells, board.cancelWord(call.number), call.number);
      call.isToldToCancel = true;
      const reason = node.makeErrorForWait().message;
      for (const thread of this.threads) thread?.post({ kind: "cancel", call: call.number, reason }, []);
    }
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

  threadStarted(thread: PoolThread): void {
    this.#remotes.catchUp((id, reason) => thread.post({ kind: "abort", id, reason }, []));
  }

  moduleLoaded(thread: PoolThread, url: string): void {
    this.crew.moduleLoaded(thread, url);
  }

  moduleReady(module: ModuleRecord): void {
    const waiting = [...module.waiting];
    module.waiting.clear();
    // They came before those in the queue.
    this.#placing.waitInFront(waiting);
    this.#placeQueued();
    this.#inbox.watch();
  }

  moduleFailed(thread: PoolThread, url: string, error: unknown): void {
    const module = this.#modules.of(url);
    module.failed.add(thread);
    thread.tellFailed(url, error);
    if (this.plan.onThreadStart?.module === url && !thread.isPrepared) this.crew.hookFailed(thread, error);
    this.failWaiting(module, error, thread);
  }

  failWaiting(module: ModuleRecord, error: unknown, thread: PoolThread): void {
    // Each of them tried once.
    const keyed = this.#placing.takeKeyed(thread.number, (call) => call.task.module === module);
    const waiting = [...module.waiting, ...keyed];
    module.waiting.clear();
    for (const call of waiting) this.#fail(call, error);
    this.collected();
    this.#inbox.watch();
  }

  runHook(thread: PoolThread): Promise<unknown> {
    const call = new Call(this.#modules.numbered(this.plan.onThreadStart as TaskIdentity), [], nowMs());
    this.unsettled++;
    this.#settledCount--; // it is no job
    call.isPosted = true;
    call.isTied = true;
    this.#putHook(thread, call);
    this.#inbox.watch();
    return call.promise;
  }

  #putHook(thread: PoolThread, call: Call): void {
    if (!thread.isAlive) {
      this.#fail(call, this.#destroyed ?? lostCall(thread.name, NO_END, call.task.identity));
      this.collected();
    } else if (this.putting.put(thread, call)) {
      this.putting.publish();
    } else {
      // The thread before it in its place has left a record that another reads, or all
      // numbers are in use: soon there is room, of which nobody tells.
      setTurn(() => this.#putHook(thread, call));
    }
  }

  givenBack(number: number): void {
    const call = this.table.of(number);
    if (call === undefined) return;
    if (this.#destroyed !== undefined || call.isToldToCancel) {
      // Whoever had taken it did not run it, and nobody will.
      this.#fail(call, this.#destroyed ?? neverRan(call));
      this.collected();
    } else {
      this.leave(call);
      this.#placing.waitInFront([call]);
      this.#placeQueued();
    }
    this.#inbox.watch();
  }

  passedOn(functionNumbers: readonly number[]): void {
    const modules = new Set(functionNumbers.map((number) => this.#modules.byNumber(number)?.module));
    for (const module of modules) if (module !== undefined) this.crew.wakeOne(module);
  }

  asked(thread: PoolThread, question: Question): void {
    answerQuestion(thread, this.#remotes.functionOf(question.callback), question);
  }

  wanted(request: unknown): void {
    wantedBy(this, request);
  }

  unheard(thread: PoolThread, thrown: EncodedValue): void {
    reportUnheard(thread, thrown);
  }

  drained(thread: PoolThread): void {
    // What it did before is on the line.
    while (this.#inbox.collect() > 0);
    void thread.terminate();
  }

  threadStops(thread: PoolThread): void {
    this.#modules.forget(thread);
  }

  threadEnded(thread: PoolThread, end: ThreadEnd): void {
    while (this.#inbox.collect() > 0);
    const lost = this.#callsOf(callsLostWith(thread.line, thread.number, this.lines));
    const behind = this.#callsOf(takeBack(thread.line, thread.filled, true));
    for (const call of behind) {
      // What was moved to the thread has gone with it. And what was put there while the pool
      // was destroyed, by an argument that was read for it, goes nowhere else.
      if (call.isBound || this.#destroyed !== undefined) lost.push(call);
      else if (!call.isToldToCancel) this.leave(call);
    }
    this.crew.ended(thread);
    thread.tellFailed(undefined, threadLost(thread.name, end));
    if (!thread.isRetiring) this.#lost++;
    this.#modules.forget(thread);
    // If no job may have ended it, those have who waited for what it was importing. All others
    // try again: each try is paid for by some, so that comes to an end.
    const isByImport = !thread.isRetiring && lost.every((call) => call.isTied);
    const waited = isByImport ? thread.suspects.flatMap((url) => [...this.#modules.of(url).waiting]) : [];
    if (isByImport) {
      const isSuspect = (call: Call): boolean => thread.suspects.includes(call.task.module.url);
      waited.push(...this.#placing.takeKeyed(thread.number, isSuspect));
    }
    // Before anybody learns that a job has failed: who then takes a lock that the
    // thread held finds it free.
    const { isStandingIn } = thread;
    poolThreadEnded(thread.index, lost.length > 0 || isStandingIn);
    for (const call of waited) this.#modules.stopWaiting(call);
    // Cancelled as its arguments were posted, so before it could be withdrawn: it is told once.
    for (const call of behind) if (call.isToldToCancel) this.#fail(call, this.#destroyed ?? neverRan(call));
    for (const call of new Set([...lost, ...waited])) {
      this.#fail(call, this.#destroyed ?? lostCall(thread.name, end, call.task.identity));
    }
    if (lost.length + waited.length === 0 && !isStandingIn && end.error !== undefined && !thread.isRetiring) {
      reportToOwner(
        `thread "${thread.name}" ended between jobs by an uncaught error: ${describeThrown(end.error)}`,
        end.error,
      );
    }
    this.#placing.waitInFront(behind.filter((call) => !call.isSettled));
    if (this.#destroyed !== undefined || (this.#isClosing && this.unsettled === 0)) {
      this.#tellIfEmpty();
      return;
    }
    // Its place is free for another thread, which those may have waited for that wait
    // for a module.
    this.#placing.waitInFront(this.#modules.takeWaiting());
    this.#placeQueued();
    // It may have been woken to wake others.
    for (const other of this.threads) other?.wake();
    this.#tellIfEmpty();
    this.#inbox.watch();
  }

  /** Those of the numbers that are still of calls, in their order. */
  #callsOf(numbers: Iterable<number>): Call[] {
    return [...numbers].flatMap((number) => this.table.of(number) ?? []);
  }

  statistics(): ThreadPoolStatistics {
    this.#inbox.collect();
    const running = this.lines.reduce((sum, line) => sum + runningOn(line, this.table), 0);
    const { run, tasks } = runTimesOf(this.#modules);
    return {
      name: this.name,
      size: this.size,
      alive: this.crew.alive,
      running,
      queued: this.unsettled - running,
      settled: this.#settledCount,
      lost: this.#lost,
      retired: this.crew.retired,
      keys: this.#keys.count,
      run,
      wait: this.#waitTimes.statistics(),
      tasks,
      threads: this.threads.flatMap((thread) => thread?.statistics(this.#keys.countAt(thread.number)) ?? []),
    };
  }

  // Its life

  async ready(...tasks: readonly AnyTask[]): Promise<void> {
    const identities = tasks.map((task) => this.requireTask(task));
    if (this.#isClosing) throw this.#closedError();
    await this.crew.ready(identities);
  }

  publish(): void {
    // Who calls again and again without a turn of its event loop would else fill the lines with
    // outcomes, and threads without room for more take no calls.
    this.#inbox.collect();
    this.putting.publish();
  }

  wakeThread(index: number): boolean {
    for (const thread of this.threads) if (thread?.index === index) return thread.wake();
    return false;
  }

  stopThread(index: number): void {
    void this.threads.find((thread) => thread?.index === index)?.terminate();
  }

  async drain(): Promise<void> {
    if (this.unsettled === 0) return;
    await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.drain().then(() => this.crew.close());
    return this.#closing;
  }

  async destroy(): Promise<void> {
    this.#isClosing = true;
    const error = this.#closedError();
    this.#destroyed = error;
    // Those that threads have taken fail when these have ended: until then they may read
    // what the calls have in the heap.
    const untaken = [...this.table].filter((call) => this.#placing.withdraw(call));
    this.#closing = this.crew.stop();
    this.#failWaiting(error);
    for (const call of untaken) this.#fail(call, error);
    await this.#closing;
    this.#failWaiting(error);
    for (const call of this.table) this.#fail(call, error);
    this.#tellIfEmpty();
    this.#inbox.watch();
  }

  /** Fails the jobs that are on no line. */
  #failWaiting(error: ClosedError): void {
    for (const call of [...this.#placing.takeAll(), ...this.#modules.takeWaiting()]) this.#fail(call, error);
  }

  #closedError(): ClosedError {
    return new ClosedError(`thread pool "${this.name}" is closed`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Makes a pool; `undefined` on the threads of one, for which `#pool` is `no-pool.ts`. */
export const makePool: ((plan: PoolPlan) => Pool) | undefined = (plan) => new Pool(plan);
