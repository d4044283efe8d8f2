/**
 * The thread's side of a pool: takes calls from the rings, its own and those of other
 * threads that are behind, runs them, and puts the outcomes into its ring.
 *
 * One turn of the event loop runs calls until there are none or its time is over.
 * With none left the thread spins for a while, then parks: blocked in the kernel as
 * long as its event loop has nothing else to do, else on a promise.
 *
 * Parking. The thread writes PARKED, looks at the rings once more, and sleeps as long
 * as the word is PARKED. Whoever publishes a call reads the word after that, and if
 * it is PARKED changes it and then wakes the sleeper. No wake-up is lost: either the
 * thread's second look comes after the publishing and finds the call; or it comes
 * before, so the publisher reads PARKED. Then the word changes, and either the
 * thread does not fall asleep, or it sleeps already and is notified. A waker that
 * left the word as it was would lose the one case in between: the thread has looked
 * and does not sleep yet. (Both look and word are read and written sequentially
 * consistent, which here all hangs on.)
 *
 * A blocked thread serves no messages and no timers. So it blocks only if its loop
 * waits for nothing else, at the begin of a turn in which nothing ran, for a fraction
 * of a second. After five seconds it parks in the loop, from where waking it takes longer
 * but nothing is spent. Who posts it a message wakes it.
 */
import { add, compareExchange, exchange, hasWaitAsync, load, notify, store, wait, waitAsync } from "#atomics";
import { nowMs, setTurn } from "#clock";
import { host } from "#host";

import { TaskScope } from "../async/scope.js";
import { isSteps, runSteps } from "../async/steps.js";
import { TransferError } from "../core/errors.js";
import { attachProbeRing, probe, ProbeKind } from "../core/probe.js";
import { workerMarker } from "../core/thread.js";
import { adopt } from "../shared/crossing.js";
import { heap } from "../shared/heap.js";
import { arrival, leaveForPool } from "../shared/object.js";
import { bytesWith, copyBytes, PAYLOAD_HEADER_BYTES } from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { findUncloneable } from "./cloneable.js";
import { encodeThrown } from "./error-codec.js";
import * as at from "./line.js";
import type { FromThread, ThreadSetup, ToThread } from "./messages.js";
import { type AnyFunction, registry } from "./registry.js";
import { Patience } from "./patience.js";
import { BY_PORT, howTagged, IN_PAYLOAD, readScalars, writeScalar } from "./scalars.js";

/** The part of the thread's port that is used. */
interface Port {
  postMessage(message: FromThread | number): void;
}

/** A task that this thread can run. */
interface Runnable {
  readonly key: string;
  readonly takesScope: boolean;
  /** `undefined` if the module does not declare it here. */
  readonly fn: AnyFunction | undefined;
  /** What it declares instead. */
  readonly known: readonly string[];
}

/** A call that runs here. */
interface Running {
  readonly call: number;
  readonly place: number;
  readonly jobId: number;
  readonly task: Runnable;
}

/** An outcome for which there was no room. */
interface Outcome {
  readonly running: Running;
  readonly kind: number;
  readonly value: unknown;
}

/** How long calls run before the event loop has its turn. */
const SLICE_MS = 2;
/** The clock is read once in so many calls. */
const CLOCK_EVERY = 8;
/**
 * A thread that blocks looks after its event loop so often, the longer it had nothing
 * to do the more rarely: timers that hold nothing up may be late by it.
 */
const FIRST_BLOCK_MS = 20;
const MOST_BLOCK_MS = 160;
/** So often in a row a thread blocks for nothing, before it parks in its loop: some five seconds. */
const MOST_EMPTY_BLOCKS = 32;
/** Looks at the ring between two at the clock, which take about as long together. */
const LOADS_BETWEEN_CLOCKS = 16;
/** An outcome that nobody was told of for so long is told. */
const SIGNAL_AFTER_MS = 0.05;
/** After a call that took so long the next is expected to as well: its outcome is told at once. */
const LONG_CALL_MS = 0.2;
/** Longer results go by the port. */
const MOST_RING_RESULT: number = at.BYTE_RING_BYTES / 4;

export function serve(
  givenPort: unknown,
  setup: unknown,
  receive: (message: unknown) => void,
): (message: unknown) => void {
  const runner = new Runner(givenPort as Port, setup as ThreadSetup, receive);
  runner.begin();
  return (message) => runner.received(message as ToThread);
}

class Runner {
  readonly #port: Port;
  readonly #receive: (message: unknown) => void;
  readonly #setup: ThreadSetup;
  readonly #line: at.Line;
  readonly #board: at.Board;
  readonly #mine: number;
  readonly #tasks: (Runnable | undefined)[] = [];
  /** Arguments that came by the port. */
  readonly #arrived = new Map<number, readonly unknown[]>();
  /** Scopes of the calls that run now and have one. */
  readonly #scopes = new Map<number, TaskScope>();
  /** Calls of the line that were passed. */
  #head: number;
  /** Outcomes put into the ring. */
  #finished: number;
  /** Bytes put into the byte ring. */
  #bytesEnd: number;
  /** Calls that wait for something: they run, but not now. */
  #suspended = 0;
  readonly #backlog: Outcome[] = [];
  /** Lines of the others, made when first looked at. */
  readonly #others: (at.Line | undefined)[] = [];
  /** Of each other line, how far it is known to have nothing to steal. */
  readonly #searched: number[] = [];
  #isTurnPlanned = false;
  #isParkedInLoop = false;
  #emptyBlocks = 0;
  readonly #patience = new Patience();
  /** When the last call of a turn had ended; 0 while there are any. */
  #idleSinceMs = 0;
  /** When the first outcome was published of which the pool, being armed, has not been told; 0 if none. */
  #untoldSinceMs = 0;
  #lastOutcomeMs = 0;

  constructor(port: Port, setup: ThreadSetup, receive: (message: unknown) => void) {
    const inHeap = heap();
    this.#port = port;
    this.#receive = receive;
    this.#setup = setup;
    this.#line = new at.Line(inHeap, setup.line);
    this.#board = new at.Board(inHeap, setup.board, setup.size);
    this.#mine = at.takenBy(setup.number);
    // The thread before this one in its place has left them where they are.
    const { cells } = this.#line;
    this.#head = load(cells, at.PASSED);
    this.#finished = load(cells, at.FINISHED);
    this.#bytesEnd = load(cells, at.BYTES_COLLECTED);
  }

  begin(): void {
    add(this.#board.cells, at.BOARD_AWAKE, 1);
    this.#planTurn();
  }

  // Messages

  received(message: ToThread): void {
    switch (message.kind) {
      case "define":
        this.#define(message);
        return;
      case "arguments":
        this.#arrived.set(message.call, message.hasShared ? adopt(message.values) : message.values);
        return;
      case "cancel":
        this.#scopes.get(message.call)?.cancelTree(message.reason);
        return;
      case "ring": {
        const ring = message.number;
        attachProbeRing(message.memory, (text) => this.#port.postMessage({ kind: "text", text, ring }));
        break;
      }
      case "load": // the boot code's
    }
  }

  #define({ number, module, key, takesScope, unnamed }: Extract<ToThread, { kind: "define" }>): void {
    const tasks = registry().modules.get(module);
    const positionsDiffer = key.startsWith("#") && tasks?.unnamed !== unnamed;
    const fn = positionsDiffer ? undefined : tasks?.byKey.get(key);
    this.#tasks[number] = { key, takesScope, fn, known: fn === undefined ? [...(tasks?.byKey.keys() ?? [])] : [] };
    // What could not be stolen before can be now.
    this.#searched.length = 0;
    this.#poke();
  }

  /** Takes messages from the port until `isEnough`. They were posted before the record that needs them was published. */
  #receiveUntil(isEnough: () => boolean): void {
    while (!isEnough()) {
      const next = host.receiveNow(this.#port);
      if (next === undefined) return;
      this.#receive(next.message);
    }
  }

  // Turns

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setTurn(this.#turn);
  }

  /** There may be something to do. */
  #poke(): void {
    if (this.#isParkedInLoop) wake(this.#line);
    else this.#planTurn();
  }

  readonly #turn = (): void => {
    this.#isTurnPlanned = false;
    this.#flushBacklog();
    const beganMs = nowMs();
    let count = 0;
    while (this.#suspended < 1 && this.#backlog.length === 0) {
      if (!this.#runNext(count === 0)) break;
      if (count === 0 && this.#idleSinceMs > 0) {
        this.#patience.ended(beganMs - this.#idleSinceMs);
        this.#idleSinceMs = 0;
      }
      if (++count % CLOCK_EVERY === 0 && nowMs() - beganMs > SLICE_MS) {
        this.#planTurn();
        return;
      }
    }
    if (this.#backlog.length > 0) {
      this.#signal();
      this.#planTurn();
      return;
    }
    if (this.#untoldSinceMs > 0) this.#signal();
    // With a call that is suspended its end brings the next turn.
    if (this.#suspended > 0) return;
    if (count > 0) {
      this.#idleSinceMs = nowMs();
      if (this.#spin()) this.#planTurn();
      // A turn between, for what the calls left to their event loop.
      else setTurn(this.#park);
      return;
    }
    this.#park();
  };

  /** Runs one call, if there is any. */
  #runNext(isFirst: boolean): boolean {
    const { cells } = this.#line;
    for (const published = load(cells, at.PUBLISHED); this.#head !== published;) {
      const record = this.#line.call(this.#head);
      const state = compareExchange(cells, record + at.CALL_STATE, at.QUEUED, this.#mine);
      if (state === at.WITHDRAWN) store(cells, record + at.CALL_STATE, at.FREE);
      this.#head = (this.#head + 1) | 0;
      cells[at.PASSED] = this.#head;
      if (state !== at.QUEUED) continue;
      // Whoever woke this thread left it to wake the next.
      if (isFirst && this.#head !== published) this.#wakeAnother();
      this.#run(this.#line, record);
      return true;
    }
    return this.#steal(isFirst);
  }

  #steal(isFirst: boolean): boolean {
    const { size, number } = this.#setup;
    for (let step = 1; step < size; step++) {
      const other = (number + step) % size;
      const line = this.#lineOf(other);
      if (line === undefined) continue;
      const { cells } = line;
      const published = load(cells, at.PUBLISHED);
      const searched = this.#searched[other];
      if (searched === published) continue;
      const passed = cells[at.PASSED] as number;
      let from = searched === undefined || ((passed - searched) | 0) > 0 ? passed : searched;
      // Records further behind were filled again.
      if (((published - from) | 0) > at.RECORDS) from = (published - at.RECORDS) | 0;
      for (; from !== published; from = (from + 1) | 0) {
        const record = line.call(from);
        if (load(cells, record + at.CALL_STATE) !== at.QUEUED) continue;
        // Read before the call is ours: only to be used if it then is.
        const word = cells[record + at.CALL_FUNCTION] as number;
        if ((word & at.PINNED) !== 0 || this.#tasks[word & at.FUNCTION_MASK] === undefined) continue;
        if (compareExchange(cells, record + at.CALL_STATE, at.QUEUED, this.#mine) !== at.QUEUED) continue;
        this.#searched[other] = from;
        this.#count(at.STEALS);
        if (isFirst && ((published - from) | 0) > 1) this.#wakeAnother();
        this.#run(line, record);
        return true;
      }
      this.#searched[other] = published;
    }
    return false;
  }

  #lineOf(number: number): at.Line | undefined {
    const known = this.#others[number];
    if (known !== undefined) return known;
    const units = load(this.#board.cells, at.BOARD_LINES + number);
    if (units === 0) return undefined;
    const line = new at.Line(heap(), units * 16);
    this.#others[number] = line;
    return line;
  }

  /** Wakes one thread that is parked, if there is one. */
  #wakeAnother(): void {
    const { size, number } = this.#setup;
    for (let step = 1; step < size; step++) {
      const line = this.#lineOf((number + step) % size);
      if (line !== undefined && wake(line)) return;
    }
  }

  #hasWork(): boolean {
    if (load(this.#line.cells, at.PUBLISHED) !== this.#head) return true;
    const { size, number } = this.#setup;
    for (let step = 1; step < size; step++) {
      const other = (number + step) % size;
      const line = this.#lineOf(other);
      if (line !== undefined && load(line.cells, at.PUBLISHED) !== this.#searched[other]) return true;
    }
    return false;
  }

  // Waiting

  /** Waits for work a little, if a core is free for that. */
  #spin(): boolean {
    // One for the thread that the pool is on.
    if (load(this.#board.cells, at.BOARD_AWAKE) + 1 > this.#setup.cores) return false;
    const { cells } = this.#line;
    const untilMs = this.#idleSinceMs + this.#patience.budgetMs;
    do {
      for (let i = 0; i < LOADS_BETWEEN_CLOCKS; i++) if (load(cells, at.PUBLISHED) !== this.#head) return true;
    } while (nowMs() < untilMs);
    return false;
  }

  readonly #park = (): void => {
    if (this.#isTurnPlanned) return;
    const { cells } = this.#line;
    const isBlocking = this.#emptyBlocks < MOST_EMPTY_BLOCKS && host.isLoopQuiet();
    this.#count(at.PARKS);
    add(this.#board.cells, at.BOARD_AWAKE, -1);
    store(cells, at.STATE, at.PARKED);
    // The second look, after the word: see above.
    if (this.#hasWork()) {
      this.#awake();
    } else if (isBlocking || !hasWaitAsync) {
      this.#count(at.BLOCKS);
      const mostMs = Math.min(FIRST_BLOCK_MS * (1 + this.#emptyBlocks), MOST_BLOCK_MS);
      const woken = wait(cells, at.STATE, at.PARKED, mostMs) !== "timed-out";
      this.#emptyBlocks = woken ? 0 : this.#emptyBlocks + 1;
      this.#awake();
    } else {
      const waiting = waitAsync(cells, at.STATE, at.PARKED);
      this.#isParkedInLoop = waiting.async;
      if (waiting.async) void waiting.value.then(() => this.#awake());
      else this.#awake();
      this.#emptyBlocks = 0;
    }
  };

  #awake(): void {
    this.#isParkedInLoop = false;
    store(this.#line.cells, at.STATE, at.AWAKE);
    add(this.#board.cells, at.BOARD_AWAKE, 1);
    if (load(this.#line.cells, at.PUBLISHED) === this.#head) {
      // A message woke it, or nothing did: the loop's turn first.
      this.#planTurn();
      return;
    }
    this.#isTurnPlanned = true;
    this.#turn();
  }

  // Calls

  #run(line: at.Line, record: number): void {
    const { cells } = line;
    const call = cells[record + at.CALL_NUMBER] as number;
    const word = cells[record + at.CALL_FUNCTION] as number;
    const tags = cells[record + at.CALL_TAGS] as number;
    const jobId = line.float64[(record + at.CALL_JOB) >> 1] as number;
    const place = 0;
    // Before the record is freed: from one to the other the call is never in neither.
    store(this.#line.cells, at.RUNNING + place, call);
    // It may take long. A call that came while this thread was about to run another
    // line's: either the pool saw above that this thread is busy and woke another, or
    // it is seen here.
    if (line !== this.#line && load(this.#line.cells, at.PUBLISHED) !== this.#head) this.#wakeAnother();
    const number = word & at.FUNCTION_MASK;
    const how = howTagged(tags);
    if (this.#tasks[number] === undefined) this.#receiveUntil(() => this.#tasks[number] !== undefined);
    const task = this.#tasks[number] as Runnable;
    const running: Running = { call, place, jobId, task };
    let values: readonly unknown[];
    try {
      if (how === BY_PORT) {
        this.#receiveUntil(() => this.#arrived.has(call));
        values = this.#arrived.get(call) as readonly unknown[];
        this.#arrived.delete(call);
      } else if (how === IN_PAYLOAD) {
        const offset = cells[record + at.CALL_VALUES] as number;
        const length = cells[record + at.CALL_VALUES + 1] as number;
        values = decodeValue(
          bytesWith(heap(), offset),
          arrival as never,
          offset + PAYLOAD_HEADER_BYTES,
          length,
        ) as readonly unknown[];
      } else {
        values = readScalars(line, record + at.CALL_VALUES, tags);
      }
    } catch (error) {
      store(cells, record + at.CALL_STATE, at.FREE);
      this.#end(running, at.FAILED, error);
      return;
    }
    store(cells, record + at.CALL_STATE, at.FREE);
    this.#begin(running, values, (word & at.TELLS_START) !== 0);
  }

  #begin(running: Running, values: readonly unknown[], tellsStart: boolean): void {
    const { call, jobId, task } = running;
    // Cancelled while something held this thread up: a job that has not started never
    // does. The pool makes the error that callers see.
    if (this.#isCancelled(call)) {
      this.#end(running, at.NEVER_RAN, undefined);
      return;
    }
    if (task.fn === undefined) {
      this.#post(running, { kind: "noSuchTask", call, known: task.known });
      return;
    }
    if (tellsStart) this.#tellStart(call);
    if (workerMarker !== undefined) workerMarker.runningJobs++;
    probe.ring?.write(ProbeKind.jobStart, jobId);
    let result: unknown;
    try {
      result = this.#invoke(running, task.fn as (...args: readonly unknown[]) => unknown, values);
    } catch (error) {
      this.#ended(running, at.FAILED, error);
      return;
    }
    if (!isThenable(result)) {
      this.#ended(running, at.DONE, result);
      return;
    }
    probe.ring?.write(ProbeKind.jobSuspend, jobId);
    this.#suspended++;
    const settled = result instanceof Promise ? (result as Promise<unknown>) : Promise.resolve(result);
    void settled.then(
      (value) => this.#resumed(running, at.DONE, value),
      (error: unknown) => this.#resumed(running, at.FAILED, error),
    );
  }

  #invoke({ call, task }: Running, fn: (...args: readonly unknown[]) => unknown, values: readonly unknown[]): unknown {
    // A generator task runs its steps to the end.
    const completed = (returned: unknown, cancel: TaskScope | undefined): unknown =>
      isSteps(returned) ? runSteps(returned, cancel) : returned;
    if (!task.takesScope) return completed(fn(...values), undefined);
    // The word reaches a loop that never gives the thread back; the message, which
    // the loop keeps out, reaches everything else.
    const poll = (): void => {
      if (this.#isCancelled(call)) scope.cancelTree("the job was cancelled");
    };
    const [name, ...args] = values;
    const scope = new TaskScope(undefined, { name: name as string }, false, poll);
    this.#scopes.set(call, scope);
    return scope.run((s) => completed(fn(s, ...args), scope)).finally(() => this.#scopes.delete(call));
  }

  #isCancelled(call: number): boolean {
    return load(this.#board.cells, this.#board.cancelWord(call)) === call;
  }

  #resumed(running: Running, kind: number, value: unknown): void {
    this.#suspended--;
    this.#ended(running, kind, value);
    this.#planTurn();
  }

  #ended(running: Running, kind: number, value: unknown): void {
    probe.ring?.write(ProbeKind.jobStop, running.jobId);
    if (workerMarker !== undefined) workerMarker.runningJobs--;
    this.#end(running, kind, value);
  }

  // Outcomes

  #end(running: Running, kind: number, value: unknown): void {
    if (this.#backlog.length > 0 || !this.#tryEnd(running, kind, value)) this.#backlog.push({ running, kind, value });
  }

  #flushBacklog(): void {
    for (;;) {
      const [first] = this.#backlog;
      if (first === undefined || !this.#tryEnd(first.running, first.kind, first.value)) return;
      this.#backlog.shift();
    }
  }

  /** @returns false if the ring has no room now */
  #tryEnd(running: Running, kind: number, value: unknown): boolean {
    const { cells } = this.#line;
    if (((this.#finished - load(cells, at.COLLECTED)) | 0) >= at.RECORDS) return false;
    const record = this.#line.outcome(this.#finished);
    let tags = kind === at.FAILED ? -1 : writeScalar(this.#line, record + at.OUTCOME_VALUE, value);
    if (tags === -1) {
      let bytes: Uint8Array | undefined;
      const sent = kind === at.FAILED ? encodeThrown(value) : value;
      try {
        bytes = encodeValue(sent);
      } catch {
        // The port may know more kinds of values.
      }
      if (bytes === undefined || bytes.length > MOST_RING_RESULT) {
        this.#postOutcome(running, kind, sent);
        return true;
      }
      if (!this.#putBytes(record, bytes)) return false;
      tags = IN_PAYLOAD;
    }
    cells[record + at.OUTCOME_CALL] = running.call;
    cells[record + at.OUTCOME_KIND] = kind;
    cells[record + at.OUTCOME_TAGS] = tags;
    cells[record + at.OUTCOME_BYTES_END] = this.#bytesEnd;
    this.#publishOutcome();
    cells[at.RUNNING + running.place] = 0;
    return true;
  }

  #putBytes(record: number, bytes: Uint8Array): boolean {
    const { cells, bytes: ring } = this.#line;
    const free = at.BYTE_RING_BYTES - ((this.#bytesEnd - load(cells, at.BYTES_COLLECTED)) | 0);
    const from = this.#bytesEnd & (at.BYTE_RING_BYTES - 1);
    // In one piece: what is left at the end of the ring is passed over.
    const passed = from + bytes.length > at.BYTE_RING_BYTES ? at.BYTE_RING_BYTES - from : 0;
    if (passed + bytes.length > free) return false;
    const begin = passed === 0 ? from : 0;
    copyBytes(bytes, 0, bytes.length, ring, begin);
    cells[record + at.OUTCOME_FROM] = begin;
    cells[record + at.OUTCOME_LENGTH] = bytes.length;
    this.#bytesEnd = (this.#bytesEnd + passed + bytes.length) | 0;
    return true;
  }

  #tellStart(call: number): void {
    const { cells } = this.#line;
    // Without room the pool learns it from the outcome.
    if (((this.#finished - load(cells, at.COLLECTED)) | 0) >= at.RECORDS - 1) return;
    const record = this.#line.outcome(this.#finished);
    cells[record + at.OUTCOME_CALL] = call;
    cells[record + at.OUTCOME_KIND] = at.STARTED;
    cells[record + at.OUTCOME_BYTES_END] = this.#bytesEnd;
    this.#finished = (this.#finished + 1) | 0;
    store(cells, at.FINISHED, this.#finished);
    // It may run for long; a timeout counts from now.
    if (load(cells, at.ARMED) !== 0) this.#signal();
  }

  #publishOutcome(): void {
    const { cells } = this.#line;
    this.#finished = (this.#finished + 1) | 0;
    store(cells, at.FINISHED, this.#finished);
    // After the store: the pool arms, then looks at FINISHED, then sleeps. Either it
    // sees this outcome, or this sees that it is armed.
    if (load(cells, at.ARMED) === 0) return;
    const now = nowMs();
    const tookMs = now - this.#lastOutcomeMs;
    this.#lastOutcomeMs = now;
    if (this.#untoldSinceMs === 0) this.#untoldSinceMs = now;
    const isLast = load(cells, at.PUBLISHED) === this.#head;
    if (isLast || tookMs > LONG_CALL_MS || now - this.#untoldSinceMs > SIGNAL_AFTER_MS) this.#signal();
  }

  /** Has the pool look, if it does not do so by itself. */
  #signal(): void {
    this.#untoldSinceMs = 0;
    if (exchange(this.#line.cells, at.ARMED, 0) === 0) return;
    this.#count(at.SIGNALS);
    this.#port.postMessage(0);
  }

  #postOutcome(running: Running, kind: number, value: unknown): void {
    const { call, task } = running;
    if (kind === at.FAILED) {
      this.#post(running, { kind: "failed", call, thrown: value as never });
      return;
    }
    try {
      leaveForPool((hasShared) =>
        this.#port.postMessage({
          kind: "done",
          call,
          value,
          // Behind `value`: read when that has been copied.
          get hasShared() {
            return hasShared();
          },
        }),
      );
      this.#line.cells[at.RUNNING + running.place] = 0;
    } catch (error) {
      const refused = new TransferError(
        `the result of task "${task.key}" can't be passed back from its thread: ${findUncloneable(value, "result", [])}. ` +
          "Return plain data: no functions, promises or symbols",
        { cause: error },
      );
      this.#post(running, { kind: "failed", call, thrown: encodeThrown(refused) });
    }
  }

  #post(running: Running, message: FromThread): void {
    this.#port.postMessage(message);
    this.#line.cells[at.RUNNING + running.place] = 0;
  }

  #count(what: number): void {
    const { cells } = this.#line;
    cells[at.COUNTS + what] = ((cells[at.COUNTS + what] as number) + 1) | 0;
  }
}

/** Wakes the thread of a line if it is parked. @returns whether it was */
export function wake(line: at.Line): boolean {
  const { cells } = line;
  if (load(cells, at.STATE) !== at.PARKED) return false;
  // The word first: a thread about to sleep then does not.
  if (compareExchange(cells, at.STATE, at.PARKED, at.AWAKE) !== at.PARKED) return false;
  notify(cells, at.STATE);
  return true;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
