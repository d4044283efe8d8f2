/** How calls get on lines: records filled one by one, and published many at a time. */
import { store } from "#atomics";
import { nowMs } from "#clock";

import { heap } from "../shared/heap.js";
import { crossingsSoFar, leaveForPool } from "../shared/object.js";
import { copyWords, makePayloadOf, PAYLOAD_HEADER_BYTES } from "../shared/payload.js";
import { encode } from "../shared/value-codec.js";
import type { Encoded } from "../shared/value-writer.js";
import type { Call, CallTable } from "./call.js";
import * as at from "./line.js";
import type { Line } from "./line.js";
import type { ModuleRecord } from "./modules.js";
import type { RemoteTable } from "./remotes.js";
import { BY_PORT, IN_PAYLOAD, SHAPED, writeScalars } from "./scalars.js";
import { misfitOfArguments } from "./task-shapes.js";
import { notTransferable } from "./thread-errors.js";
import type { PoolThread } from "./thread.js";

/** Calls put on lines before they are published, if no microtask comes first: then threads run the first while the rest are put. */
const MOST_UNPUBLISHED = 64;
/** Threads woken by one publishing for what is on their own lines; those wake the rest, see `taking.ts`. */
const MOST_WAKES = 2;
/** Instead of how a record has its values: the job is settled. */
const SETTLED = -2;

export class Putting {
  readonly #table: CallTable;
  readonly #crew: { wakeOne(module?: ModuleRecord): void };
  readonly #remotes: RemoteTable;
  readonly #fail: (call: Call, error: unknown) => void;
  /** Threads on whose lines calls wait to be published. */
  #filled: PoolThread[] = [];
  #unpublished = 0;
  #isFlushPlanned = false;
  /** When the first of the calls came that are to be published next. */
  #submittedMs = 0;

  constructor(
    table: CallTable,
    crew: { wakeOne(module?: ModuleRecord): void },
    remotes: RemoteTable,
    fail: (call: Call, error: unknown) => void,
  ) {
    this.#table = table;
    this.#crew = crew;
    this.#remotes = remotes;
    this.#fail = fail;
  }

  /** The moment to be taken for that of a submission: the clock is read once a microtask. */
  submittedMs(): number {
    if (!this.#isFlushPlanned) this.#planFlush();
    return this.#submittedMs;
  }

  /**
   * Fills the next record of a thread's line. What it reads of the arguments may run code of
   * the program, which must not come back here.
   *
   * @returns false if that is in use, or there is no number for the call, or it turned out that
   *   the call needs an idle thread, which this is not. True also if it is settled now
   */
  put(thread: PoolThread, call: Call): boolean {
    const record = thread.nextRecord();
    if (record === undefined || this.#table.isFull) return false;
    const isKeyed = call.affinity !== undefined;
    // The thread would run it before others of its key.
    if (isKeyed && thread.keyed > 0 && thread.isNextLapping) return false;
    const { line } = thread;
    const { cells } = line;
    const { task, options } = call;
    const crossed = crossingsSoFar();
    let values = task.identity.takesScope ? [call.name, ...call.args] : call.args;
    let word = options === undefined ? task.number : task.number | at.TELLS_START;
    if (call.isStream) word |= at.STREAMS;
    const isPlain = call.context === undefined && task.codecs?.args === undefined;
    let tags = isPlain ? writeScalars(line, record + at.CALL_VALUES, values) : -1;
    if (tags === -1) {
      try {
        call.remote ??= this.#remotes.leave(values, call.context);
      } catch (error) {
        this.#fail(call, error);
        return true;
      }
      if (call.isSettled) {
        // A proxy among them has cancelled it, before there was anything to let go of.
        call.remote?.letGo();
        return true;
      }
      if (call.remote !== undefined) {
        values = call.remote.values;
        word |= at.HAS_HEADER;
      }
    }
    if (tags === -1 || call.movesSomething) {
      tags = this.#encode(call, values, line, record);
      if (tags === BY_PORT && !call.isPosted) {
        call.isPosted = true;
        if (thread.inFlight > 0 || thread.isRunning) return false;
      }
      if (tags === SETTLED || call.isSettled) {
        this.#freePayload(call);
        return true;
      }
      if (!thread.isAlive) {
        // What waited on its line has been taken back: this would begin before that.
        this.#freePayload(call);
        return false;
      }
    }
    this.#table.add(call);
    call.record = record;
    call.thread = thread;
    thread.inFlight++;
    if (isKeyed) thread.keyed++;
    if (tags === BY_PORT && !this.#postArguments(thread, call, values)) return true;
    cells[record + at.CALL_NUMBER] = call.number;
    cells[record + at.CALL_FUNCTION] = crossingsSoFar() === crossed ? word : word | at.HAS_SHARED;
    cells[record + at.CALL_TAGS] = tags;
    line.float64[(record + at.CALL_JOB) >> 1] = options === undefined ? 0 : options.jobId;
    const isForAll = !call.isPosted && !isKeyed;
    const state = isForAll ? at.QUEUED : at.QUEUED_HERE;
    // Who looks for calls further back may take it as of now, published or not: see `line.ts`.
    store(cells, record + at.CALL_STATE, state);
    thread.filled = (thread.filled + 1) | 0;
    if (!thread.isFilledForAll && !thread.isFilledForItself) this.#filled.push(thread);
    if (!isForAll) {
      thread.isFilledForItself = true;
    } else if (!thread.isFilledForAll) {
      thread.isFilledForAll = true;
      thread.filledFor = task.module;
    } else if (thread.filledFor !== task.module) {
      thread.filledFor = undefined;
    }
    if (!this.#isFlushPlanned) this.#planFlush();
    else if (++this.#unpublished >= MOST_UNPUBLISHED) this.publish();
    return true;
  }

  /** Writes arguments that are no scalars as bytes. @returns how the record has them; SETTLED if the job has failed */
  #encode(call: Call, values: readonly unknown[], line: Line, record: number): number {
    const { codecs, identity } = call.task;
    if (codecs?.args !== undefined) {
      const isWhole = call.remote === undefined && !call.movesSomething && !call.isStream;
      const encoded = isWhole ? codecs.args.encode(values) : undefined;
      if (encoded !== undefined) return this.#putBytes(call, encoded, line, record) + SHAPED;
      const besides = (call.remote === undefined ? 0 : 1) + (identity.takesScope ? 1 : 0) + (call.isStream ? 1 : 0);
      const refused = misfitOfArguments(codecs, identity.key, values.slice(besides));
      if (refused !== undefined) {
        this.#fail(call, refused);
        return SETTLED;
      }
    }
    if (call.isPosted) return BY_PORT;
    try {
      return this.#putBytes(call, encode(values), line, record);
    } catch {
      return BY_PORT; // which knows more kinds of values
    }
  }

  /** Into the record's tail, or if they are more into a block of the heap. */
  #putBytes(call: Call, encoded: Encoded, line: Line, record: number): number {
    const { cells } = line;
    const tail = line.tail(record);
    let from = line.offset + 4 * tail;
    if (encoded.byteLength <= at.TAIL_BYTES) {
      copyWords(encoded, cells, tail);
    } else {
      call.payload = makePayloadOf(heap(), line.offset, encoded);
      from = call.payload + PAYLOAD_HEADER_BYTES;
    }
    cells[record + at.CALL_VALUES] = from;
    cells[record + at.CALL_VALUES + 1] = encoded.byteLength;
    return IN_PAYLOAD;
  }

  /** It gets no record: it was cancelled while its arguments were written, or the thread was told to end. */
  #freePayload(call: Call): void {
    if (call.payload === 0) return;
    const inHeap = heap();
    inHeap.free(inHeap.handleOf(call.payload));
    call.payload = 0;
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
    this.publish();
  };

  /** Shows the threads what was put on their lines, and wakes some for it. */
  publish(): void {
    this.#unpublished = 0;
    if (this.#filled.length === 0) return;
    // All before the first is woken: that one looks for those that are left asleep here.
    for (const thread of this.#filled) thread.publish();
    let wakes = 0;
    for (const thread of this.#filled) {
      const { isFilledForAll, isFilledForItself } = thread;
      thread.isFilledForAll = false;
      thread.isFilledForItself = false;
      // What only this thread can run nobody else will wake it for.
      if (wakes < MOST_WAKES || isFilledForItself ? thread.wake() : thread.isParked) wakes++;
      // It is awake, but may be long in coming: another one steals.
      else if (isFilledForAll && thread.isBusy) this.#crew.wakeOne(thread.filledFor);
    }
    this.#filled = [];
  }
}
