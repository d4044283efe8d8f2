/**
 * Logs of what threads do to a structure, in shared memory: what a thread has written
 * there outlives it, wherever it is stopped.
 *
 * Layout
 *   SECONDS, NANOSECONDS  Float64: the start, by the one clock of all threads
 *   from HEADS            Int32, two for each log:
 *     BEGUN               records so far; the last may be without an end
 *     WRITERS             threads that have written this log, one after another
 *   behind them           Float64: the records of each log, in order
 *
 * Ownership: a log is written by one thread at a time; by another only once that one
 * has ended. A record counts from the write of BEGUN on, which comes before the call
 * that it is about; RESULT is written before END, and END is 0 until the call has
 * returned. So a record without an end is a call that was perhaps never made, or made
 * in part, or in full.
 */
import type { Operation, Value } from "./linearizability.js";
import { ENDED } from "./models.js";

// Float64 indexes.
const SECONDS = 0;
const NANOSECONDS = 1;
/** In bytes. */
const HEADS = 16;
const HEAD_CELLS = 2;

// Int32 offsets in a head.
const BEGUN = 0;
const WRITERS = 1;

// Float64 offsets in a record.
const BEGIN = 0;
const END = 1;
/** Index of the history that the record belongs to. */
const ROUND = 2;
/** Number of the verb, as its test has them. */
const VERB = 3;
const ARGUMENT = 4;
const RESULT = 5;
/** How many threads had written the log before this one. */
const PREDECESSORS = 6;
const RECORD_NUMBERS = 7;

/** What a record says, in the words of the model. */
export interface Told {
  readonly op: string;
  readonly argument: Value;
  readonly result: Value;
}

/** Memory of a history, as it passes to threads. */
export interface HistoryMemory {
  readonly bytes: SharedArrayBuffer;
  readonly logs: number;
  readonly capacity: number;
}

export class History {
  readonly memory: HistoryMemory;
  readonly #start: Float64Array;
  readonly #heads: Int32Array;
  readonly #records: Float64Array;
  /** Operations of this thread that were not logged in shared memory: ends of others. */
  readonly #ended: Operation[] = [];

  private constructor(memory: HistoryMemory) {
    this.memory = memory;
    const { bytes, logs, capacity } = memory;
    this.#start = new Float64Array(bytes, 0, HEADS / 8);
    this.#heads = new Int32Array(bytes, HEADS, logs * HEAD_CELLS);
    this.#records = new Float64Array(bytes, HEADS + logs * HEAD_CELLS * 4, logs * capacity * RECORD_NUMBERS);
  }

  /**
   * @param logs - how many threads write at a time
   * @param capacity - records that a log has room for
   */
  static make(logs: number, capacity: number): History {
    const byteLength = HEADS + logs * HEAD_CELLS * 4 + logs * capacity * RECORD_NUMBERS * 8;
    const history = new History({ bytes: new SharedArrayBuffer(byteLength), logs, capacity });
    const [seconds, nanoseconds] = process.hrtime();
    history.#start[SECONDS] = seconds;
    history.#start[NANOSECONDS] = nanoseconds - 1; // so that no time is 0
    return history;
  }

  /** The history that another thread has made. */
  static at(memory: HistoryMemory): History {
    return new History(memory);
  }

  /** Nanoseconds since the start: exact, for a hundred days. */
  now(): number {
    const [seconds, nanoseconds] = process.hrtime();
    return (seconds - (this.#start[SECONDS] as number)) * 1e9 + (nanoseconds - (this.#start[NANOSECONDS] as number));
  }

  /** A writer of a log, for the calling thread; whoever wrote it before has ended. */
  writer(log: number): HistoryWriter {
    const head = log * HEAD_CELLS;
    const predecessors = Atomics.add(this.#heads, head + WRITERS, 1);
    const first = log * this.memory.capacity * RECORD_NUMBERS;
    return new HistoryWriter(this, this.#heads, head, this.#records, first, predecessors);
  }

  /** Records of all logs together so far. */
  get begun(): number {
    let sum = 0;
    for (let log = 0; log < this.memory.logs; log++) sum += Atomics.load(this.#heads, log * HEAD_CELLS + BEGUN);
    return sum;
  }

  /**
   * Runs `repair`, which puts in order what the ended writer of a log has left, and
   * keeps when it ran. No other may write that log yet.
   */
  ended(log: number, repair: () => void): void {
    const predecessors = Atomics.load(this.#heads, log * HEAD_CELLS + WRITERS) - 1;
    const thread = this.#threadOf(log, Math.max(0, predecessors));
    const begin = this.now();
    repair();
    this.#ended.push({ thread: -1, begin, end: this.now(), op: ENDED, argument: thread });
  }

  /**
   * What was recorded, by round. A thread's end belongs to the last round that the
   * thread took part in.
   *
   * @param tell - gives a record's verb, argument and result in the words of the
   *   model; of one without an end the result is NaN
   */
  read(rounds: number, tell: (verb: number, argument: number, result: number) => Told): Operation[][] {
    const histories: Operation[][] = Array.from({ length: rounds }, () => []);
    const lastRounds = new Map<number, number>();
    for (let log = 0; log < this.memory.logs; log++) {
      const first = log * this.memory.capacity;
      const begun = Atomics.load(this.#heads, log * HEAD_CELLS + BEGUN);
      for (let record = first; record < first + begun; record++) {
        const numbers = this.#records.subarray(record * RECORD_NUMBERS, (record + 1) * RECORD_NUMBERS);
        const isPending = numbers[END] === 0;
        const round = numbers[ROUND] as number;
        const thread = this.#threadOf(log, numbers[PREDECESSORS] as number);
        const told = tell(
          numbers[VERB] as number,
          numbers[ARGUMENT] as number,
          isPending ? NaN : (numbers[RESULT] as number),
        );
        const begin = numbers[BEGIN] as number;
        lastRounds.set(thread, round);
        histories[round]?.push(
          isPending
            ? { thread, begin, end: Infinity, op: told.op, argument: told.argument }
            : { thread, begin, end: numbers[END] as number, ...told },
        );
      }
    }
    for (const end of this.#ended) {
      const round = lastRounds.get(end.argument as number);
      if (round !== undefined) histories[round]?.push(end);
    }
    return histories;
  }

  /** The writers of a log are different threads, with different numbers. */
  #threadOf(log: number, predecessors: number): number {
    return log + predecessors * this.memory.logs;
  }
}

/** Writes one log. Allocates nothing that lasts, so that the garbage collector does not order the threads. */
export class HistoryWriter {
  readonly #history: History;
  readonly #heads: Int32Array;
  readonly #head: number;
  readonly #records: Float64Array;
  readonly #first: number;
  readonly #predecessors: number;
  #record = 0;

  constructor(
    history: History,
    heads: Int32Array,
    head: number,
    records: Float64Array,
    first: number,
    predecessors: number,
  ) {
    this.#history = history;
    this.#heads = heads;
    this.#head = head;
    this.#records = records;
    this.#first = first;
    this.#predecessors = predecessors;
  }

  /** Records of this log so far, also by threads that wrote it before. */
  get begun(): number {
    return Atomics.load(this.#heads, this.#head + BEGUN);
  }

  /** Called right before the call that is recorded; `end` follows, or the thread is stopped. */
  begin(round: number, verb: number, argument: number): void {
    const begun = this.begun;
    if (begun === this.#history.memory.capacity) throw new RangeError(`a log has room for ${begun} records`);
    const record = this.#first + begun * RECORD_NUMBERS;
    const records = this.#records;
    this.#record = record;
    records[record + END] = 0;
    records[record + ROUND] = round;
    records[record + VERB] = verb;
    records[record + ARGUMENT] = argument;
    records[record + PREDECESSORS] = this.#predecessors;
    records[record + BEGIN] = this.#history.now();
    Atomics.store(this.#heads, this.#head + BEGUN, begun + 1);
  }

  /** Called right after. */
  end(result: number): void {
    const now = this.#history.now();
    this.#records[this.#record + RESULT] = result;
    this.#records[this.#record + END] = now;
  }
}
