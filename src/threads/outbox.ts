/**
 * The thread's side of outcomes: puts them into its ring, and tells the pool of them
 * if that sleeps. For the argument that none is overlooked see `inbox.ts`.
 */
import { exchange, load, store } from "#atomics";
import { nowMs } from "#clock";

import { TransferError } from "../core/errors.js";
import { leaveForPool } from "../shared/object.js";
import { copyWords } from "../shared/payload.js";
import type { ShapeCodec } from "../shared/shape-codec.js";
import { encode } from "../shared/value-codec.js";
import type { Encoded } from "../shared/value-writer.js";
import { findUncloneable } from "./cloneable.js";
import { encodeThrown } from "./error-codec.js";
import * as at from "./line.js";
import type { FromThread } from "./messages.js";
import { isMoved } from "./moved.js";
import { IN_PAYLOAD, SHAPED, writeScalar } from "./scalars.js";
import { misfitOfResult } from "./task-shapes.js";

/** A call that runs here, as far as its outcome is concerned. */
export interface Ending {
  readonly call: number;
  /** Its place in RUNNING. */
  readonly place: number;
  /** The key of its task. */
  readonly key: string;
  /** When it began; a moment on the clock. */
  readonly beganMs: number;
  /** Whether it has sent messages by the port, which its outcome must not overtake. */
  readonly usesPort: boolean;
  /** Of its result, if the task declares a shape for that. */
  readonly result: ShapeCodec | undefined;
}

const NOTHING: readonly object[] = [];

/** An outcome that nobody was told of for so long is told. */
const SIGNAL_AFTER_MS = 0.05;
/** After a call that took so long the next is expected to as well: its outcome is told at once. */
const LONG_CALL_MS = 0.2;
/** Longer results go by the port. */
const MOST_RING_RESULT: number = at.BYTE_RING_BYTES / 4;

export class Outbox {
  readonly #line: at.Line;
  readonly #post: (message: FromThread | number, transfer: readonly object[]) => void;
  /** Whether the thread has calls to run after this one. */
  readonly #hasMore: () => boolean;
  /** Outcomes put into the ring. */
  #finished: number;
  /** Bytes put into the byte ring. */
  #bytesEnd: number;
  /** When the first outcome was published of which the pool, being armed, has not been told; 0 if none. */
  #untoldSinceMs = 0;

  constructor(
    line: at.Line,
    post: (message: FromThread | number, transfer: readonly object[]) => void,
    hasMore: () => boolean,
  ) {
    this.#line = line;
    this.#post = post;
    this.#hasMore = hasMore;
    // The thread before this one in its place has left them where they are.
    this.#finished = load(line.cells, at.FINISHED);
    this.#bytesEnd = load(line.cells, at.BYTES_COLLECTED);
  }

  /**
   * Whether the ring has room for the outcome of one more call. Without it none should
   * be begun: the pool is behind. An outcome that has no room all the same, as that of a
   * call which was suspended meanwhile, goes by the port: none waits here, where it would
   * be lost with the thread although its call has ended.
   */
  get hasRoom(): boolean {
    return ((this.#finished - load(this.#line.cells, at.COLLECTED)) | 0) < at.RECORDS;
  }

  /** The thread has no more to do for now: the pool is to know of all there is. */
  tellRest(): void {
    if (this.#untoldSinceMs > 0) this.signal();
  }

  put(ending: Ending, kind: number, value: unknown, now: number): void {
    if (kind === at.DONE && ending.result !== undefined) this.#putShaped(ending, ending.result, value, now);
    else this.#put(ending, kind, value, now);
  }

  #putShaped(ending: Ending, codec: ShapeCodec, value: unknown, now: number): void {
    const goesByRing = !isMoved(value) && !ending.usesPort && this.hasRoom;
    const encoded = goesByRing ? codec.encode(value) : undefined;
    const record = this.#line.outcome(this.#finished);
    if (encoded !== undefined && this.#putBytes(record, encoded)) {
      this.#publish(ending, record, at.DONE, IN_PAYLOAD + SHAPED, now);
      return;
    }
    const refused = misfitOfResult(codec, ending.key, isMoved(value) ? value.value : value);
    if (refused === undefined) this.#put(ending, at.DONE, value, now);
    else this.#put(ending, at.FAILED, refused, now);
  }

  #put(ending: Ending, kind: number, value: unknown, now: number): void {
    if (kind === at.DONE && isMoved(value)) {
      this.#postOutcome(ending, kind, value.value, value.transfer);
      return;
    }
    if (kind !== at.NEVER_RAN && (ending.usesPort || !this.hasRoom)) {
      this.#postOutcome(ending, kind, kind === at.FAILED ? encodeThrown(value) : value, NOTHING);
      return;
    }
    const record = this.#line.outcome(this.#finished);
    let tags = kind === at.FAILED ? -1 : writeScalar(this.#line, record + at.OUTCOME_VALUE, value);
    if (tags === -1) {
      let encoded: Encoded | undefined;
      const sent = kind === at.FAILED ? encodeThrown(value) : value;
      try {
        encoded = encode(sent);
      } catch {
        // The port may know more kinds of values.
      }
      if (encoded === undefined || !this.#putBytes(record, encoded)) {
        this.#postOutcome(ending, kind, sent, NOTHING);
        return;
      }
      tags = IN_PAYLOAD;
    }
    this.#publish(ending, record, kind, tags, now);
  }

  /** Publishes a record of which the value is there. */
  #publish(ending: Ending, record: number, kind: number, tags: number, now: number): void {
    const { cells } = this.#line;
    cells[record + at.OUTCOME_CALL] = ending.call;
    cells[record + at.OUTCOME_KIND] = kind;
    cells[record + at.OUTCOME_TAGS] = tags;
    cells[record + at.OUTCOME_BYTES_END] = this.#bytesEnd;
    this.#line.float64[(record + at.OUTCOME_RUN_MS) >> 1] = now - ending.beganMs;
    this.#publishNext(now, now - ending.beganMs);
    // After the outcome: from one to the other the call is never in neither.
    store(cells, at.RUNNING + ending.place, 0);
  }

  /** @returns false if the byte ring has no room for them, or none now */
  #putBytes(record: number, encoded: Encoded): boolean {
    const { cells } = this.#line;
    const { byteLength } = encoded;
    if (byteLength > MOST_RING_RESULT) return false;
    // Each begins where a float64 may: values of shapes are read in place.
    const length = (byteLength + 7) & ~7;
    const free = at.BYTE_RING_BYTES - ((this.#bytesEnd - load(cells, at.BYTES_COLLECTED)) | 0);
    const from = this.#bytesEnd & (at.BYTE_RING_BYTES - 1);
    // In one piece: what is left at the end of the ring is passed over.
    const passed = from + length > at.BYTE_RING_BYTES ? at.BYTE_RING_BYTES - from : 0;
    if (passed + length > free) return false;
    const begin = at.BYTES + (passed === 0 ? from / 4 : 0);
    copyWords(encoded, cells, begin);
    cells[record + at.OUTCOME_FROM] = 4 * begin;
    cells[record + at.OUTCOME_LENGTH] = byteLength;
    this.#bytesEnd = (this.#bytesEnd + passed + length) | 0;
    return true;
  }

  /** Tells that a call begins to run, which may take long. */
  tellStart(call: number): void {
    const { cells } = this.#line;
    // Without room the pool learns it from the outcome.
    if (((this.#finished - load(cells, at.COLLECTED)) | 0) >= at.RECORDS - 1) return;
    const record = this.#line.outcome(this.#finished);
    cells[record + at.OUTCOME_CALL] = call;
    cells[record + at.OUTCOME_KIND] = at.STARTED;
    cells[record + at.OUTCOME_BYTES_END] = this.#bytesEnd;
    this.#finished = (this.#finished + 1) | 0;
    store(cells, at.FINISHED, this.#finished);
    // A timeout counts from now.
    if (load(cells, at.ARMED) !== 0) this.signal();
  }

  #publishNext(now: number, tookMs: number): void {
    const { cells } = this.#line;
    this.#finished = (this.#finished + 1) | 0;
    store(cells, at.FINISHED, this.#finished);
    // After the store: the pool arms, then looks at FINISHED, then sleeps. Either it
    // sees this outcome, or this sees that it is armed.
    if (load(cells, at.ARMED) === 0) return;
    if (this.#untoldSinceMs === 0) this.#untoldSinceMs = now;
    if (!this.#hasMore() || tookMs > LONG_CALL_MS || now - this.#untoldSinceMs > SIGNAL_AFTER_MS) this.signal();
  }

  /** Has the pool look, if it does not do so by itself. */
  signal(): void {
    this.#untoldSinceMs = 0;
    const { cells, float64 } = this.#line;
    if (exchange(cells, at.ARMED, 0) === 0) return;
    float64[at.TOLD_MS >> 1] = nowMs();
    cells[at.COUNTS + at.SIGNALS] = ((cells[at.COUNTS + at.SIGNALS] as number) + 1) | 0;
    this.#post(0, NOTHING);
  }

  #postOutcome(ending: Ending, kind: number, value: unknown, transfer: readonly object[]): void {
    const { call, key } = ending;
    if (kind === at.FAILED) {
      this.post(ending, { kind: "failed", call, thrown: value as never });
      return;
    }
    try {
      leaveForPool((hasShared) =>
        this.#post(
          {
            kind: "done",
            call,
            value,
            // Behind `value`: read when that has been copied.
            get hasShared() {
              return hasShared();
            },
          },
          transfer,
        ),
      );
      store(this.#line.cells, at.RUNNING + ending.place, 0);
    } catch (error) {
      const refused = new TransferError(
        `the result of task "${key}" can't be passed back from its thread: ${findUncloneable(value, "result", transfer)}. ` +
          "Return plain data: no functions, promises or symbols",
        { cause: error },
      );
      this.post(ending, { kind: "failed", call, thrown: encodeThrown(refused) });
    }
  }

  /** An outcome that the ring does not carry. */
  post(ending: Ending, message: FromThread): void {
    this.#post(message, NOTHING);
    store(this.#line.cells, at.RUNNING + ending.place, 0);
  }
}
