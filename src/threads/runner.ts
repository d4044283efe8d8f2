/**
 * The thread's side of a pool: runs calls, one turn of the event loop after another.
 *
 * One turn runs calls until there are none, its time is over, or as many wait for
 * something as may run at once; the outcomes go to the outbox. See `taking.ts` for
 * where calls come from, `parking.ts` for how the thread waits.
 */
import { load, store } from "#atomics";
import { nowMs, setAlarm, setTurn } from "#clock";
import { host } from "#host";

import { taskIdentity } from "../async/executor.js";
import { TaskScope } from "../async/scope.js";
import { isSteps, runSteps } from "../async/steps.js";
import { CancelledError, TransferError } from "../core/errors.js";
import { attachProbeRing, probe } from "../core/probe.js";
import { startPulse, stopPulse } from "../core/pulse.js";
import { workerMarker } from "../core/thread.js";
import { kindsToCome } from "../shared/bringing.js";
import { heap } from "../shared/heap.js";
import { viewsOf } from "../shared/memory-views.js";
import { adoptArrived, arrival, leaveForPool } from "../shared/object.js";
import { bytesUpTo } from "../shared/payload.js";
import { decodeValue } from "../shared/value-codec.js";
import { hasCome } from "./given.js";
import * as at from "./line.js";
import { callWithEach, identityOfLists } from "./lists.js";
import type { FromThread, ThreadSetup, ToThread } from "./messages.js";
import { type Ending, Outbox } from "./outbox.js";
import { Parking, wake } from "./parking.js";
import { type AnyFunction, registry } from "./registry.js";
import { RemoteEnds } from "./remote-ends.js";
import { type Header, runWithContext } from "./remotes.js";
import { BY_PORT, howTagged, IN_PAYLOAD, readScalars } from "./scalars.js";
import { type StreamChannel, streamInto } from "./stream.js";
import { StandBys } from "./stand-bys.js";
import { Taking } from "./taking.js";
import { setAsking } from "./wanted.js";
import { codecsOfFound, decodeShaped, type TaskCodecs } from "./task-shapes.js";

/** The part of the thread's port that is used. */
interface Port {
  postMessage(message: FromThread | number, transfer?: readonly object[]): void;
}

/** A task that this thread can run. */
interface Runnable {
  readonly key: string;
  readonly takesScope: boolean;
  readonly isOfLists: boolean;
  /** `undefined` if the module does not declare it here. */
  readonly fn: AnyFunction | undefined;
  readonly codecs: TaskCodecs | undefined;
  /** What it declares instead. */
  readonly known: readonly string[];
}

/** The platform could not put together here what it took apart there. */
function unreadable(key: string): TransferError {
  return new TransferError(
    `the arguments of task "${key}" can't be read on the thread: pass plain data, and list ports and streams under \`transfer\``,
  );
}

type AnyTaskFunction = (...args: readonly unknown[]) => unknown;

/** A call that runs here. */
interface Running extends Ending {
  readonly jobId: number;
  readonly task: Runnable;
}

/** How long calls run before the event loop has its turn. */
const SLICE_MS = 2;
/** With no room for outcomes the thread looks again after so long. */
const NO_ROOM_MS = 1;
/** The heap is looked at so often, at most. */
const HEAP_LOOK_MS = 100;

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
  readonly #most: number;
  readonly #size: number;
  readonly #line: at.Line;
  readonly #board: at.Board;
  readonly #outbox: Outbox;
  readonly #taking: Taking;
  readonly #standBys = new StandBys();
  readonly #parking: Parking;
  readonly #tasks: (Runnable | undefined)[] = [];
  /** Arguments that came by the port, in which shared objects are still addresses. */
  readonly #arrived = new Map<number, readonly unknown[]>();
  /** Scopes of the calls that run now and have one. */
  readonly #scopes = new Map<number, TaskScope>();
  /** Places in RUNNING that are free. */
  readonly #places: number[] = [];
  readonly #remotes: RemoteEnds;
  /** Calls that wait for something: they run, but not now. */
  #suspended = 0;
  /** Whether a call that was taken waits for what knows shared objects: until then no other is taken. */
  #isBringing = false;
  /** Calls that have ended, but what they printed has not arrived. */
  #printing = 0;
  #isTurnPlanned = false;
  #hasSaidDrained = false;
  /** The moment as of which the next call runs: the clock is read once a call. */
  #nowMs = 0;
  #heapLookedMs = 0;
  #stoodInMs = 0;

  constructor(port: Port, setup: ThreadSetup, receive: (message: unknown) => void) {
    const inHeap = heap();
    this.#port = port;
    this.#receive = receive;
    this.#remotes = new RemoteEnds((message) => port.postMessage(message));
    this.#most = setup.jobsAtOnce;
    this.#size = setup.size;
    for (let place = at.MOST_RUNNING - 1; place >= 0; place--) this.#places.push(place);
    this.#line = new at.Line(inHeap, setup.line);
    this.#board = new at.Board(inHeap, setup.board, setup.size);
    this.#taking = new Taking(
      inHeap,
      this.#line,
      this.#board,
      setup,
      (number) => this.#tasks[number] !== undefined,
      (call) => port.postMessage({ kind: "back", number: call }),
      (functions) => port.postMessage({ kind: "passOn", functions }),
    );
    this.#outbox = new Outbox(
      this.#line,
      (message, transfer) => port.postMessage(message, transfer),
      () => this.#suspended < this.#most && this.#taking.hasOwn,
    );
    this.#parking = new Parking(this.#line, this.#board, setup.cores, this.#taking, this.#standBys, this.#onAwake, () =>
      this.#takeMessage(),
    );
  }

  begin(): void {
    this.#parking.begin();
    setAsking({
      size: this.#size,
      ask: (request) => this.#ask(request),
      hasCalls: () => this.#taking.hasWaiting,
      mayLook: () => this.#mayLook(),
      standBy: (one) => this.#standBys.add(one),
      wakeThread: (index) => this.#taking.wakeThread(index),
    });
    const id = host.kernelThreadId();
    if (id !== undefined) this.#port.postMessage({ kind: "kernelThread", id });
    this.#planTurn();
  }

  /** See `wanted.ts`. */
  #mayLook(): boolean {
    return (
      this.#parking.hasFreeCore &&
      !this.#taking.hasWaiting &&
      // They go on in the event loop.
      this.#suspended + this.#printing === 0 &&
      load(this.#line.cells, at.STOPPING) === 0
    );
  }

  /** See `wanted.ts`. */
  #ask(request: unknown): void {
    leaveForPool((hasShared) =>
      this.#port.postMessage({
        kind: "wanted",
        request,
        // Behind it: read when that has been copied.
        get hasShared() {
          return hasShared();
        },
      }),
    );
  }

  // Messages

  received(message: ToThread): void {
    switch (message.kind) {
      case "define":
        this.#define(message);
        break;
      case "arguments":
        this.#arrived.set(message.call, message.values);
        break;
      case "drop":
        this.#arrived.delete(message.call);
        break;
      case "cancel":
        this.#scopes.get(message.call)?.cancelTree(message.reason);
        break;
      case "ring":
        attachProbeRing(message.memory);
        break;
      case "pulse":
        if (message.memory === undefined) stopPulse();
        else startPulse(message.memory);
        break;
      case "given":
        hasCome(message.name, message.value);
        break;
      case "reply":
        this.#remotes.replied(message);
        break;
      case "abort":
        this.#remotes.aborted(message.id, message.reason);
        break;
      case "forget":
        this.#remotes.forget(message.ids);
        break;
      case "stop":
        this.#planTurn();
        break;
      case "load": // the boot code's
    }
  }

  #define(message: Extract<ToThread, { kind: "define" }>): void {
    const { number, module, key, takesScope, isOfLists, unnamed } = message;
    const tasks = registry().modules.get(module);
    const positionsDiffer = key.startsWith("#") && tasks?.unnamed !== unnamed;
    const fn = positionsDiffer ? undefined : tasks?.byKey.get(key);
    const identity = taskIdentity(fn);
    const codecs = codecsOfFound(isOfLists && identity !== undefined ? identityOfLists(identity) : identity);
    const known = fn === undefined ? [...(tasks?.byKey.keys() ?? [])] : [];
    this.#tasks[number] = { key, takesScope, isOfLists, fn, codecs, known };
    this.#taking.searchAnew();
    this.#planTurn();
  }

  /** Takes messages from the port until `isEnough`. They were posted before the record that needs them was published. */
  #receiveUntil(isEnough: () => boolean): void {
    while (!isEnough() && this.#takeMessage());
  }

  #takeMessage(): boolean {
    const next = host.receiveNow(this.#port);
    if (next === undefined) return false;
    this.#receive(next.message);
    return true;
  }

  // Turns

  #planTurn(): void {
    if (this.#parking.isInLoop) {
      wake(this.#line);
    } else if (!this.#isTurnPlanned) {
      this.#isTurnPlanned = true;
      setTurn(this.#turn);
    }
  }

  readonly #turn = (): void => {
    this.#isTurnPlanned = false;
    let beganMs = 0;
    let count = 0;
    const hasStoodIn = this.#standBys.hasWork;
    if (hasStoodIn) this.#standIn();
    while (!this.#isBringing && this.#suspended < this.#most && this.#places.length > 0 && this.#outbox.hasRoom) {
      if (!this.#taking.next(count === 0)) break;
      if (count++ === 0) {
        // Not before: a thread that has yet to run something has no use for a clock,
        // which the platform loads when it is first asked.
        beganMs = nowMs();
        this.#nowMs = beganMs;
        this.#parking.foundWork(beganMs);
      }
      this.#run(this.#taking.line, this.#taking.record);
      if (this.#nowMs - beganMs > SLICE_MS) {
        this.#planTurn();
        return;
      }
    }
    if (!this.#outbox.hasRoom) {
      // The pool is behind, perhaps blocked for long: no hurry.
      this.#outbox.signal();
      setAlarm(() => this.#planTurn(), NO_ROOM_MS);
      return;
    }
    this.#outbox.tellRest();
    // A look takes long, compared with all else that an idle thread does.
    if (count > 0 || hasStoodIn) this.#lookAtHeap();
    if (load(this.#line.cells, at.STOPPING) !== 0) {
      this.#stopWhenDone();
      return;
    }
    // The end of one of those that are suspended brings the next turn.
    if (this.#isBringing || this.#suspended >= this.#most || this.#places.length === 0) return;
    if (count === 0) {
      // What it stood in for may have left something to the event loop, too.
      if (hasStoodIn) setTurn(this.#park);
      else this.#park();
    } else if (this.#parking.look(this.#nowMs)) this.#planTurn();
    // A turn between, for what the calls left to their event loop.
    else setTurn(this.#park);
  };

  /** Does what it was woken for without a call. */
  #standIn(): void {
    const own = this.#line.cells;
    const beganMs = nowMs();
    this.#parking.foundWork(beganMs);
    store(own, at.COUNTS + at.IS_STANDING_IN, 1);
    own[at.COUNTS + at.RUNS] = ((own[at.COUNTS + at.RUNS] as number) + 1) | 0;
    // It may have been woken for a call as well: another thread looks for that, as for one that
    // was put on the line of a thread that is busy. After the word: the pool shows a call and then
    // reads it. So the pool sees that this thread stands in, and wakes another, or this look finds the call.
    if (this.#taking.hasAny) this.#taking.wakeAnother();
    try {
      this.#standBys.run();
    } finally {
      store(own, at.COUNTS + at.IS_STANDING_IN, 0);
      this.#nowMs = nowMs();
      this.#stoodInMs += this.#nowMs - beganMs;
      own[at.COUNTS + at.STOOD_IN_MS] = this.#stoodInMs | 0;
    }
  }

  readonly #park = (): void => {
    if (!this.#isTurnPlanned && !this.#parking.isInLoop)
      this.#parking.park(this.#suspended === 0 && !this.#remotes.isWaiting);
  };

  readonly #onAwake = (): void => {
    // If a message woke it, or nothing did, the loop has its turn first.
    if (this.#isTurnPlanned) return;
    if (this.#taking.hasOwn || this.#standBys.hasWork) {
      this.#isTurnPlanned = true;
      this.#turn();
    } else {
      this.#planTurn();
    }
  };

  /** It is to take no more: tells the pool once nothing runs. */
  #stopWhenDone(): void {
    if (this.#suspended + this.#printing > 0 || this.#hasSaidDrained) return;
    if (this.#taking.hasOwn) {
      // Put there just before it was told to stop.
      this.#planTurn();
      return;
    }
    this.#hasSaidDrained = true;
    // Somebody may have woken it for a call that it takes no more.
    this.#taking.wakeAnother();
    const say = (): void => this.#port.postMessage({ kind: "drained" });
    const printing = host.printing();
    if (printing === undefined) say();
    else void printing.then(say);
  }

  #lookAtHeap(): void {
    if (this.#nowMs - this.#heapLookedMs < HEAP_LOOK_MS) return;
    this.#heapLookedMs = this.#nowMs;
    this.#line.cells[at.COUNTS + at.HEAP_MB] = host.heapMb();
  }

  // Calls

  #run(line: at.Line, record: number): void {
    const { cells } = line;
    const own = this.#line.cells;
    const word = cells[record + at.CALL_FUNCTION] as number;
    const place = this.#places.pop() as number;
    // Before the record is freed: from one to the other the call is never in neither.
    store(own, at.RUNNING + place, cells[record + at.CALL_NUMBER] as number);
    // See `taking.ts` for why this look.
    if (line !== this.#line && this.#taking.hasOwn) this.#taking.wakeAnother();
    own[at.COUNTS + at.RUNS] = ((own[at.COUNTS + at.RUNS] as number) + 1) | 0;
    const toCome = (word & at.HAS_SHARED) === 0 ? undefined : kindsToCome();
    if (toCome === undefined) {
      this.#takeIn(line, record, place);
      return;
    }
    // Meanwhile the record stays taken. If they don't come, the values are refused.
    //
    // And no other call is taken. It could not begin either, and unlike others that wait it has
    // not begun: if this one then blocks, until that one has run, nobody else could run it.
    this.#suspended++;
    this.#isBringing = true;
    const goOn = (): void => {
      this.#suspended--;
      this.#isBringing = false;
      this.#nowMs = nowMs();
      this.#takeIn(line, record, place);
      this.#planTurn();
    };
    void toCome.then(goOn, goOn);
  }

  /** Takes the values out of the record, frees that, and begins. */
  #takeIn(line: at.Line, record: number, place: number): void {
    const { cells } = line;
    const call = cells[record + at.CALL_NUMBER] as number;
    const word = cells[record + at.CALL_FUNCTION] as number;
    const tags = cells[record + at.CALL_TAGS] as number;
    const jobId = line.float64[(record + at.CALL_JOB) >> 1] as number;
    const number = word & at.FUNCTION_MASK;
    const how = howTagged(tags);
    if (this.#tasks[number] === undefined) this.#receiveUntil(() => this.#tasks[number] !== undefined);
    const task = this.#tasks[number] as Runnable;
    const usesPort = (word & at.HAS_HEADER) !== 0;
    const result = task.codecs?.result;
    const running: Running = { call, place, key: task.key, beganMs: this.#nowMs, usesPort, result, jobId, task };
    let values: readonly unknown[];
    try {
      if (how === BY_PORT) {
        this.#receiveUntil(() => this.#arrived.has(call));
        const arrived = this.#arrived.get(call);
        if (arrived === undefined) throw unreadable(task.key);
        values = arrived;
        this.#arrived.delete(call);
        if ((word & at.HAS_SHARED) !== 0) values = adoptArrived(values);
      } else if (how === IN_PAYLOAD) {
        const from = (cells[record + at.CALL_VALUES] as number) >>> 0;
        const length = cells[record + at.CALL_VALUES + 1] as number;
        const bytes = bytesUpTo(heap(), from + length);
        values =
          tags === IN_PAYLOAD
            ? (decodeValue(bytes, arrival as never, from, length) as readonly unknown[])
            : (decodeShaped(task.codecs?.args, task.key, viewsOf(heap()), from, length) as readonly unknown[]);
      } else {
        values = readScalars(line, record + at.CALL_VALUES, tags);
      }
    } catch (error) {
      store(cells, record + at.CALL_STATE, at.FREE);
      this.#end(running, at.FAILED, error);
      return;
    }
    store(cells, record + at.CALL_STATE, at.FREE);
    this.#begin(running, values, word);
  }

  #begin(running: Running, values: readonly unknown[], word: number): void {
    const { call, jobId, task } = running;
    // Cancelled while something held this thread up: a job that has not started never
    // does. The pool makes the error that callers see.
    if (this.#isCancelled(call)) {
      this.#end(running, at.NEVER_RAN, undefined);
      return;
    }
    if (task.fn === undefined) {
      this.#places.push(running.place);
      this.#outbox.post(running, { kind: "noSuchTask", call, known: task.known });
      return;
    }
    if ((word & at.TELLS_START) !== 0) this.#outbox.tellStart(call);
    if (workerMarker !== undefined) workerMarker.runningJobs++;
    probe.ring?.started(jobId, false, this.#nowMs);
    let result: unknown;
    let promise: Promise<unknown> | undefined;
    try {
      result =
        word < at.HAS_HEADER
          ? this.#invoke(running, task.fn as AnyTaskFunction, values)
          : this.#invokeSpecially(running, task.fn as AnyTaskFunction, values, word);
      // What the result does when it is looked at is the job's doing too.
      if (isThenable(result)) promise = Promise.resolve(result);
    } catch (error) {
      this.#ended(running, at.FAILED, error);
      return;
    }
    if (promise === undefined) {
      this.#ended(running, at.DONE, result);
      return;
    }
    probe.ring?.suspended(jobId);
    this.#suspended++;
    // The language's own `then`, as `await` has it: a job settles once, whatever promise it gave.
    void then.call(
      promise,
      (value) => this.#resumed(running, at.DONE, value),
      (error: unknown) => this.#resumed(running, at.FAILED, error),
    );
    this.#nowMs = nowMs();
  }

  /** With a header, or with values that it gives one by one. */
  #invokeSpecially(running: Running, fn: AnyTaskFunction, values: readonly unknown[], word: number): unknown {
    const args = [...values];
    const header = (word & at.HAS_HEADER) === 0 ? undefined : (args.shift() as Header);
    if (header !== undefined) this.#remotes.place(running.call, header, args);
    const channel = (word & at.STREAMS) === 0 ? undefined : (args.shift() as StreamChannel);
    const called = channel === undefined ? fn : (...given: readonly unknown[]) => streamInto(channel, fn(...given));
    return header === undefined
      ? this.#invoke(running, called, args)
      : runWithContext(header.context, () => this.#invoke(running, called, args));
  }

  #invoke({ call, task }: Running, fn: AnyTaskFunction, values: readonly unknown[]): unknown {
    // A generator task runs its steps to the end.
    const completed = (returned: unknown, cancel: TaskScope | undefined): unknown =>
      isSteps(returned) ? runSteps(returned, cancel) : returned;
    if (task.isOfLists) {
      const checkpoint = (): void => {
        if (this.#isCancelled(call)) throw new CancelledError("the job was cancelled");
      };
      return callWithEach((item) => completed(fn(item), undefined), values[0] as readonly unknown[], checkpoint);
    }
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
    // It ends when all that it asked has been answered: nothing of it goes on after that,
    // and what failed unheard has been told before.
    const answers = running.usesPort ? this.#remotes.answers(running.call) : undefined;
    if (answers === undefined) {
      this.#printed(running, kind, value);
      return;
    }
    this.#suspended++;
    const goOn = (): void => {
      this.#suspended--;
      this.#printed(running, kind, value);
      this.#planTurn();
    };
    void answers.then(goOn);
  }

  /** Its outcome does not overtake what it printed. */
  #printed(running: Running, kind: number, value: unknown): void {
    const printing = host.printing();
    if (printing === undefined) {
      this.#over(running, kind, value);
      return;
    }
    // Others run meanwhile: the pool's thread, which prints for this one, may be blocked
    // until one of them has.
    this.#printing++;
    const goOn = (): void => {
      this.#printing--;
      // By the port, as there the pool makes sure that it has printed what has arrived.
      this.#over({ ...running, usesPort: true }, kind, value);
      this.#planTurn();
    };
    void printing.then(goOn);
  }

  #over(running: Running, kind: number, value: unknown): void {
    if (workerMarker !== undefined) workerMarker.runningJobs--;
    this.#nowMs = nowMs();
    probe.ring?.stopped(running.jobId, this.#nowMs);
    this.#end(running, kind, value);
  }

  #end(running: Running, kind: number, value: unknown): void {
    this.#outbox.put(running, kind, value, this.#nowMs);
    this.#places.push(running.place);
  }
}

const { then } = Promise.prototype as Promise<unknown>;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
