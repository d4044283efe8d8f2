/**
 * A pool and its threads as they are shipped, on the lines that they share: the pool's
 * side (`putting.ts`, `inbox.ts`) and each thread's (`runner.ts` with `taking.ts`,
 * `parking.ts`, `outbox.ts`) run as threads under exploration. Stubbed are their event
 * loops, and the platform's port, of which a count of messages is left.
 *
 * Sleeps have no end and alarms never ring. So whatever would be found only by a later
 * look hangs here, and is reported.
 */
import { store } from "#atomics";
import { host } from "#host";
import { type Cell, type Exploration, type ExploredThread } from "skein/explore";
import { controlled } from "#skein/explore/controlled";
import type { Execution } from "#skein/explore/execution";
import { exploreSharedObjects } from "#skein/explore/views";
import type { SharedMemory } from "#skein/explore/shared-memory";
import { Part, type WatchedPart } from "#skein/explore/watched-memory";
import { Heap } from "#skein/shared/heap";
import { Call, CallTable } from "#skein/threads/call";
import { Inbox, type InboxOwner } from "#skein/threads/inbox";
import * as at from "#skein/threads/line";
import { Modules } from "#skein/threads/modules";
import { wake } from "#skein/threads/parking";
import { Putting } from "#skein/threads/putting";
import { callsLostWith, takeBack } from "#skein/threads/remains";
import { registry } from "#skein/threads/registry";
import { RemoteTable } from "#skein/threads/remotes";
import { serve } from "#skein/threads/runner";
import { PoolThread } from "#skein/threads/thread";

import { EventLoop, loopNow, useEventLoops } from "./event-loop.js";

const MOST_THREADS = 2;
/** Records of each ring that a program uses at most. */
const MOST_USED = 4;
const MOST_CALLS = 8;
const MEMORY_BYTES = 4 * 1024 * 1024;
const RECORD_CELLS = 16;

const MODULE = "file:///explored.js";
const IDENTITY = {
  module: MODULE,
  key: "task",
  takesScope: false,
  declaredIn: undefined,
  isOfLists: false,
  shapes: undefined,
};

const memory = new Heap(new SharedArrayBuffer(MEMORY_BYTES));
const board = at.Board.make(memory, MOST_THREADS);
const lines = Array.from({ length: MOST_THREADS }, () => at.Line.make(memory));

/** Words of a line that its threads go by. Of RUNNING the one place that a thread with one job at once uses. */
const WORDS: Readonly<Record<string, number>> = {
  PUBLISHED: at.PUBLISHED,
  STOPPING: at.STOPPING,
  PASSED: at.PASSED,
  STATE: at.STATE,
  FINISHED: at.FINISHED,
  COLLECTED: at.COLLECTED,
  ARMED: at.ARMED,
  RUNNING: at.RUNNING,
};

/** What of a line is explored, and what is only kept for who is called anew. */
function partsOf(line: at.Line, number: number, records: number): WatchedPart[] {
  const name = `line ${number}`;
  const { cells } = line;
  const part = (what: string, from: number, length: number, isStep: boolean, isKept: boolean): WatchedPart => ({
    name: `${name} ${what}`,
    cells: cells.subarray(from, from + length),
    part: isStep ? Part.steps : Part.quiet,
    isKept,
  });
  const states = Array.from({ length: records }, (_, count) =>
    part(`CALL_STATE ${count}`, line.call(count) + at.CALL_STATE, 1, true, false),
  );
  return [
    part("head", 0, line.call(0), false, true),
    part("calls", line.call(0), MOST_USED * RECORD_CELLS, false, true),
    part("outcomes", line.outcome(0), MOST_USED * RECORD_CELLS, false, true),
    ...Object.entries(WORDS).map(([what, from]) => part(what, from, 1, true, false)),
    ...states,
  ];
}

function allParts(records: number): readonly WatchedPart[] {
  const words = board.cells.subarray(0, at.BOARD_LINES + MOST_THREADS);
  const cancelled = board.cells.subarray(board.cancelled, board.cancelled + MOST_CALLS);
  return [
    { name: "board", cells: words, part: Part.quiet, isKept: true },
    { name: "cancelled", cells: cancelled, part: Part.steps, isKept: true },
    ...lines.flatMap((line, number) => partsOf(line, number, records)),
  ];
}

const PARTS = allParts(MOST_USED);
const PARTS_OF_ALL_RECORDS = allParts(at.RECORDS);

/** What the pool's side uses of a thread: all of the real one that is about its line. */
class LineOfThread {
  readonly number: number;
  readonly line: at.Line;
  filled = 0;
  inFlight = 0;
  keyed = 0;
  isAlive = true;
  isRetiring = false;
  isFilledForAll = false;
  isFilledForItself = false;
  // Taken from `PoolThread` below.
  declare readonly nextRecord: PoolThread["nextRecord"];
  declare readonly publish: PoolThread["publish"];
  declare readonly wake: PoolThread["wake"];
  declare readonly arm: PoolThread["arm"];
  declare readonly disarm: PoolThread["disarm"];
  declare readonly retire: PoolThread["retire"];
  readonly #mail: Cell;

  constructor(number: number, mail: Cell) {
    this.number = number;
    this.line = lines[number] as at.Line;
    this.#mail = mail;
  }

  post(): void {
    this.#mail.add(1);
    this.#mail.notify();
    wake(this.line);
  }
}
for (const key of [
  "nextRecord",
  "isNextLapping",
  "publish",
  "wake",
  "isParked",
  "isRunning",
  "isBusy",
  "arm",
  "disarm",
  "retire",
] as const) {
  Object.defineProperty(
    LineOfThread.prototype,
    key,
    Object.getOwnPropertyDescriptor(PoolThread.prototype, key) as PropertyDescriptor,
  );
}

/** The pool's side, which gives calls and waits for their outcomes. */
class PoolSide implements InboxOwner {
  readonly hasQueued = false;
  readonly threads: InboxOwner["threads"];
  readonly lines: readonly at.Line[];
  readonly board = board;
  /** None to look from: it sleeps when it has nothing to do. */
  readonly cores = 0;
  unsettled = 0;
  readonly #calls: Call[] = [];
  readonly #ends = new Map<Call, string>();
  readonly inbox: Inbox = new Inbox(this);
  readonly #own: readonly LineOfThread[];
  readonly #table = new CallTable(MOST_CALLS);
  readonly #task = new Modules().numbered(IDENTITY);
  readonly #putting: Putting;
  readonly #expect: Exploration["expect"];

  constructor(threads: readonly LineOfThread[], expect: Exploration["expect"]) {
    this.#own = threads;
    this.#expect = expect;
    this.threads = threads as unknown as InboxOwner["threads"];
    this.lines = threads.map(({ line }) => line);
    const crew = { wakeOne: () => void this.#own.some((thread) => thread.wake()) };
    const nothing = (): void => undefined;
    this.#putting = new Putting(this.#table, crew, new RemoteTable(nothing, nothing), (_, error) => {
      throw error;
    });
  }

  /** Puts a call on a thread's line; it is published with the others of its microtask. */
  put(thread: number, value: number): void {
    const call = new Call(this.#task, [value], this.#putting.submittedMs());
    this.#calls.push(call);
    this.unsettled++;
    this.#putting.put(this.#own[thread] as unknown as PoolThread, call);
    this.inbox.watch();
  }

  outcome(line: at.Line, record: number): void {
    const number = line.cells[record + at.OUTCOME_CALL] as number;
    const call = this.#table.of(number);
    this.#expect(call !== undefined, `an outcome of call ${number} came twice, or of one that was never put`);
    if (call === undefined) return;
    if (call.thread !== undefined) (call.thread as unknown as LineOfThread).inFlight--;
    this.#settle(call, line.cells[record + at.OUTCOME_KIND] === at.DONE ? "done" : "never ran");
  }

  /** As the pool does: takes it back, or says that it is to end. */
  cancel(value: number): void {
    const call = this.#calls[value] as Call;
    const { line } = call.thread as PoolThread;
    if (call.number === 0) return;
    if (at.takeQueued(line.cells, call.record, at.WITHDRAWN) === at.QUEUED) this.#settle(call, "withdrawn");
    else store(board.cells, board.cancelWord(call.number), call.number);
  }

  /** As the pool does when a thread has ended: what it ran is lost, what waited for it goes to the other. */
  threadEnded(ended: LineOfThread): void {
    while (this.inbox.collect() > 0);
    const lost = callsLostWith(ended.line, ended.number, this.lines);
    const behind = takeBack(ended.line, ended.filled, true);
    for (const number of lost) this.#settleIfOpen(number, "lost");
    for (const thread of this.#own) if (thread !== ended) this.#putAgain(thread, behind);
    for (const thread of this.#own) if (thread !== ended) thread.wake();
    this.inbox.watch();
  }

  #settleIfOpen(number: number, how: string): void {
    const call = this.#table.of(number);
    if (call !== undefined) this.#settle(call, how);
  }

  #putAgain(thread: LineOfThread, numbers: readonly number[]): void {
    for (const number of numbers) {
      const call = this.#table.of(number);
      if (call === undefined) continue;
      this.#table.remove(call);
      this.#putting.put(thread as unknown as PoolThread, call);
    }
    this.#putting.publish();
  }

  /** How each call came to its end, in order. */
  get ends(): string[] {
    return this.#calls.map((call) => this.#ends.get(call) ?? "open");
  }

  #settle(call: Call, how: string): void {
    this.#expect(!this.#ends.has(call), "a call is settled twice");
    this.#ends.set(call, how);
    this.#table.remove(call);
    this.unsettled--;
  }

  collected(): void {}

  waited(): void {}
}

/** What is done with a pool: on which lines calls are put, those in one list in one microtask. */
export interface DispatchPlan {
  readonly threads: number;
  readonly bursts: readonly (readonly number[])[];
  /** Whether the threads are retired in the end, else just told that it is over. */
  readonly retires?: boolean;
  /** Calls that are cancelled as soon as all have been put. */
  readonly cancels?: readonly number[];
  /** Thread 0 is stopped before one of so many of its operations on the lines, whichever. */
  readonly stopsWithin?: number;
  /** Whether operations on records that no call is put in are steps, too. */
  readonly showsAllRecords?: boolean;
}

/** Thrown through a thread that is stopped. */
const STOPPED = new Error("this thread was stopped");

/** Has the thread that runs be stopped before one of its next operations. */
function stopWithin(t: Exploration, shared: SharedMemory, operations: number): void {
  const self = controlled?.current;
  let left = 1 + t.choose(operations);
  shared.onOperation = () => {
    if (controlled?.current === self && !self?.isUnwinding && --left <= 0) throw STOPPED;
  };
}

function prepare(plan: DispatchPlan): SharedMemory {
  const shared = exploreSharedObjects() as SharedMemory;
  const parts = plan.showsAllRecords === true ? PARTS_OF_ALL_RECORDS : PARTS;
  for (const { cells, isKept } of parts) if (isKept) cells.fill(0);
  for (const [number, { offset }] of lines.entries()) board.cells[at.BOARD_LINES + number] = offset / 16;
  shared.watch(parts);
  shared.heapInstead = memory;
  shared.endlessMs = 0;
  // Moments of 0 mean that there is none.
  (controlled as Execution).nowMs = 1;
  useEventLoops();
  return shared;
}

host.isLoopQuiet = () => true;
host.kernelThreadId = () => undefined;
host.printing = () => undefined;
host.heapMb = () => 0;

/** A thread of the pool: its runner, on an event loop. */
function threadOf(
  t: Exploration,
  plan: DispatchPlan,
  number: number,
  mail: Cell,
  signals: Cell,
  runs: Cell[],
  shared: SharedMemory,
  ended: Cell,
): ExploredThread {
  return t.thread(`thread ${number}`, () => {
    if (number === 0 && plan.stopsWithin !== undefined) stopWithin(t, shared, plan.stopsWithin);
    try {
      serveHere();
    } catch (error) {
      if (error !== STOPPED) throw error;
      ended.store(1);
      signals.add(1);
      signals.notify();
    }
  });

  function serveHere(): void {
    registry().modules.set(MODULE, {
      byKey: new Map([["task", (call: number) => t.expect(runs[call]?.add(1) === 0, `call ${call} has run twice`)]]),
      unnamed: 0,
    });
    const stop = { kind: "stop" };
    const port = {
      postMessage(message: unknown): void {
        if (message === 0) {
          signals.add(1);
          signals.notify();
        } else if ((message as { kind: string }).kind === "drained") loop.isOver = true;
        else t.expect(false, `posted ${JSON.stringify(message)}`);
      },
    };
    const told = (message: unknown): void => {
      receive(message);
      if (plan.retires !== true) loop.isOver = true;
    };
    const loop = new EventLoop(mail, () => told(stop));
    host.receiveNow = () => (loopNow()?.takeMessage() === true ? { message: stop } : undefined);
    const setup = {
      line: (lines[number] as at.Line).offset,
      board: board.offset,
      size: plan.threads,
      number,
      cores: 0,
      jobsAtOnce: 1,
    };
    const receive = serve(port, setup, told);
    receive({ kind: "define", number: 1, ...IDENTITY, unnamed: 0 });
    loop.run();
  }
}

export function dispatch(plan: DispatchPlan): (t: Exploration) => Promise<void> {
  return async (t) => {
    const shared = prepare(plan);
    const ended = t.cell("has ended");
    const calls = plan.bursts.flat().length;
    const runs = Array.from({ length: calls }, (_, call) => t.cell(`runs of ${call}`));
    const mails = Array.from({ length: plan.threads }, (_, number) => t.cell(`mail of ${number}`));
    const signals = t.cell("signals");
    for (const [number, mail] of mails.entries()) threadOf(t, plan, number, mail, signals, runs, shared, ended);
    const side = t.thread("pool", () => {
      const own = mails.map((mail, number) => new LineOfThread(number, mail));
      let hasEnded = false;
      const loop = new EventLoop(signals, () => {
        if (plan.stopsWithin !== undefined && !hasEnded && ended.load() === 1) {
          hasEnded = true;
          pool.threadEnded(own[0] as LineOfThread);
        } else pool.inbox.signalled(lines[0] as at.Line);
      });
      const pool = new PoolSide(own, (condition, text) => t.expect(condition, text));
      let call = 0;
      for (const burst of plan.bursts) {
        for (const number of burst) pool.put(number, call++);
        loop.runMicrotasks();
      }
      for (const cancelled of plan.cancels ?? []) pool.cancel(cancelled);
      Object.defineProperty(loop, "isOver", { get: () => pool.unsettled === 0 });
      loop.run();
      for (const thread of own) {
        if (plan.retires === true) thread.retire();
        else thread.post();
      }
      return pool.ends;
    });
    await t.join();
    for (const [call, how] of (side.result as string[]).entries()) {
      const count = (runs[call] as Cell).load();
      t.expect(
        how === "lost" || count === (how === "done" ? 1 : 0),
        `call ${call} is ${how}, and has run ${count} times`,
      );
    }
  };
}
