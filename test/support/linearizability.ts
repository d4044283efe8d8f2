/**
 * Decides whether a recorded history could have been made by a structure whose
 * operations happen one at a time, each at one moment between its call and its
 * return (Herlihy and Wing, "Linearizability", 1990).
 *
 * The search tries orders: of the operations that nothing outstanding comes before,
 * it places one that the model allows, and goes on from there, or takes it back
 * (Wing and Gong, 1993). Two orders of the same operations that end in the same
 * state have the same future, so such a pair of set and state is gone into once
 * (Lowe, 2017). Where the model can tell parts of a history that have nothing to do
 * with each other, as the keys of a map, each part is decided by itself, which is
 * exact and makes one large search several small ones.
 */

/** What an operation was given, or gave. */
export type Value = string | number | boolean | undefined | readonly Value[];

/** One call of a verb, as a thread recorded it. */
export interface Operation<Verb extends string = string> {
  readonly thread: number;
  /** Nanoseconds, read before the call. */
  readonly begin: number;
  /**
   * Nanoseconds, read after the call. Both ends belong to the interval: of two
   * operations with a moment in common neither precedes the other. Infinity: it is
   * pending. Its thread was stopped, so it has no result, and happened or did not.
   */
  readonly end: number;
  readonly op: Verb;
  readonly argument?: Value;
  readonly result?: Value;
}

export function isPending(operation: Operation): boolean {
  return operation.end === Infinity;
}

/** The operations of other threads, at hand while one operation is looked at. */
export interface Outstanding<Verb extends string = string> {
  /** Whether `test` holds for one of those that overlap with the operation and come after it in the order tried. */
  some(test: (other: Operation<Verb>) => boolean): boolean;
}

/** What a structure does when one operation happens at a time. */
export interface Model<State, Verb extends string = string> {
  readonly initial: State;
  /**
   * The state that the operation leads to, or `undefined` if it can't have had its
   * result in `state`. A pending one is asked for the effect it had if it had any.
   *
   * @param outstanding - for what a structure may refuse while others are at it
   */
  step(state: State, operation: Operation<Verb>, outstanding: Outstanding<Verb>): State | undefined;
  /** The same text for states that behave alike, and for no others. */
  keyOf(state: State): string;
  /** The part of the history that the operation belongs to. Without it all is one part. */
  partOf?(operation: Operation<Verb>): string;
}

export type Verdict<Verb extends string = string> =
  | {
      readonly isLinearizable: true;
      /** An order that explains all results; pending operations that had no effect are not in it. */
      readonly order: readonly Operation<Verb>[];
    }
  | {
      readonly isLinearizable: false;
      /** The most operations that an order explained, of the part that failed. */
      readonly prefix: readonly Operation<Verb>[];
      /** Those that could have come next, had the model allowed one of them. */
      readonly refused: readonly Operation<Verb>[];
      /** All that in words. */
      readonly explanation: string;
    };

/** The search has gone on for too long to tell; says nothing about the history. */
export class UndecidedError extends Error {}

/** Pairs of set and state in a part. Histories of a few threads and some hundred operations take some thousand. */
const CONFIGURATION_LIMIT = 200_000;

/**
 * Decides whether `history` is linearizable.
 *
 * **Throws** an `UndecidedError` if more than `limit` configurations of a part are reached.
 */
export function checkLinearizability<State, Verb extends string>(
  history: readonly Operation<Verb>[],
  model: Model<State, Verb>,
  limit: number = CONFIGURATION_LIMIT,
): Verdict<Verb> {
  const parts = new Map<string, Operation<Verb>[]>();
  for (const operation of history) {
    if (!(operation.begin <= operation.end)) throw new RangeError(`${describe(operation)} ends before it begins`);
    const part = model.partOf?.(operation) ?? "";
    const operations = parts.get(part);
    if (operations === undefined) parts.set(part, [operation]);
    else operations.push(operation);
  }
  const orders: (readonly Operation<Verb>[])[] = [];
  for (const operations of parts.values()) {
    const verdict = new Search(operations, model, limit).run();
    if (!verdict.isLinearizable) return verdict;
    orders.push(verdict.order);
  }
  return { isLinearizable: true, order: merged(orders) };
}

/** Fails with all that is known if the history is not linearizable; gives its order. */
export function requireLinearizable<State, Verb extends string>(
  history: readonly Operation<Verb>[],
  model: Model<State, Verb>,
  name: string,
): readonly Operation<Verb>[] {
  const verdict = checkLinearizability(history, model);
  if (verdict.isLinearizable) return verdict.order;
  const all = history.toSorted((a, b) => a.begin - b.begin).map((operation) => `  ${describe(operation)}`);
  throw new Error(`${name}: ${verdict.explanation}\n\nThe history, by begin:\n${all.join("\n")}`);
}

/**
 * One order from those of the parts. Each operation gets the earliest moment in its
 * interval that is no earlier than that of the one before it in its part. There is
 * one: it would be past the interval's end only if one placed before had begun after
 * that, so had to be placed behind. In the order of these moments an operation that
 * ended before another began comes before it, whatever their parts.
 */
function merged<Verb extends string>(orders: readonly (readonly Operation<Verb>[])[]): Operation<Verb>[] {
  const placed: { readonly moment: number; readonly operation: Operation<Verb> }[] = [];
  for (const order of orders) {
    let moment = -Infinity;
    for (const operation of order) {
      moment = Math.max(moment, operation.begin);
      placed.push({ moment, operation });
    }
  }
  // Stable, so those of one part keep their order.
  return placed.sort((a, b) => a.moment - b.moment).map(({ operation }) => operation);
}

/** A prefix of the order that is tried, and how far the search among its successors has come. */
interface Frame<State> {
  readonly state: State;
  /** Index of the first operation that is not in the prefix. */
  readonly first: number;
  /** Index of the last one that is. */
  readonly last: number;
  /** Index of the next operation to look at. */
  cursor: number;
  /** The first end of those outstanding that were looked at; what begins later can't come next. */
  firstEnd: number;
  /** Index of the operation that the frame above has placed. */
  chosen: number;
}

/** The longest prefix that was reached. */
interface Deepest<State, Verb extends string> {
  readonly order: readonly Operation<Verb>[];
  readonly state: State;
  readonly placed: Uint32Array;
  readonly first: number;
}

class Search<State, Verb extends string> {
  /** By begin. */
  readonly #operations: readonly Operation<Verb>[];
  readonly #model: Model<State, Verb>;
  readonly #limit: number;
  /** A bit for each operation: whether the order that is tried has it. */
  readonly #placed: Uint32Array;
  readonly #path: Frame<State>[];
  /** Operations still to be placed, the pending ones not counted. */
  #missing: number;

  constructor(operations: readonly Operation<Verb>[], model: Model<State, Verb>, limit: number) {
    this.#operations = operations.toSorted((a, b) => a.begin - b.begin);
    this.#model = model;
    this.#limit = limit;
    this.#placed = new Uint32Array(Math.ceil(operations.length / 32));
    this.#path = [newFrame(model.initial, 0, -1)];
    this.#missing = operations.filter((operation) => !isPending(operation)).length;
  }

  run(): Verdict<Verb> {
    const operations = this.#operations;
    const model = this.#model;
    const path = this.#path;
    const reached = new Set<string>();
    let deepest: Deepest<State, Verb> = {
      order: this.#order(),
      state: model.initial,
      placed: this.#placed.slice(),
      first: 0,
    };
    while (this.#missing > 0) {
      const frame = path.at(-1) as Frame<State>;
      const index = this.#next(frame);
      if (index === undefined) {
        if (path.length - 1 > deepest.order.length) {
          const { state, first } = frame;
          deepest = { order: this.#order(), state, placed: this.#placed.slice(), first };
        }
        path.pop();
        const below = path.at(-1);
        if (below === undefined) return this.#rejected(deepest);
        this.#flip(below.chosen);
        continue;
      }
      const operation = operations[index] as Operation<Verb>;
      const state = model.step(frame.state, operation, this.#outstandingBeside(operation, frame.first));
      if (state === undefined) continue;
      this.#flip(index);
      let { first } = frame;
      while (first < operations.length && this.#isPlaced(first)) first++;
      const last = Math.max(frame.last, index);
      // All before `first` are placed, and none behind `last`.
      const set = `${first} ${this.#placed.subarray(first >>> 5, (last >>> 5) + 1).join()}`;
      const configuration = `${set} ${model.keyOf(state)}`;
      if (reached.has(configuration)) {
        this.#flip(index);
        continue;
      }
      if (reached.size >= this.#limit) {
        throw new UndecidedError(
          `a history of ${operations.length} operations is undecided after ${this.#limit} configurations: ` +
            "record shorter histories, or with fewer operations that overlap",
        );
      }
      reached.add(configuration);
      frame.chosen = index;
      path.push(newFrame(state, first, last));
    }
    return { isLinearizable: true, order: this.#order() };
  }

  /**
   * The next operation that may follow the prefix: none that is outstanding ended
   * before it began. Those that come behind it in the list begin no earlier, so end
   * no earlier than it begins; what was looked at before tells all.
   */
  #next(frame: Frame<unknown>): number | undefined {
    const operations = this.#operations;
    while (frame.cursor < operations.length) {
      const index = frame.cursor;
      const { begin, end } = operations[index] as Operation;
      if (begin > frame.firstEnd) return undefined;
      frame.cursor++;
      if (this.#isPlaced(index)) continue;
      frame.firstEnd = Math.min(frame.firstEnd, end); // a pending one ends never: it holds up nobody
      return index;
    }
    return undefined;
  }

  #isPlaced(index: number): boolean {
    return (((this.#placed[index >>> 5] as number) >>> (index & 31)) & 1) === 1;
  }

  /** Places an operation, or takes it back. */
  #flip(index: number): void {
    this.#placed[index >>> 5] = (this.#placed[index >>> 5] as number) ^ (1 << (index & 31));
    if (!isPending(this.#operations[index] as Operation)) this.#missing += this.#isPlaced(index) ? -1 : 1;
  }

  #order(): Operation<Verb>[] {
    return this.#path.slice(0, -1).map(({ chosen }) => this.#operations[chosen] as Operation<Verb>);
  }

  /** No outstanding operation ended before this one began, or it would not be looked at; so those overlap that begin in time. */
  #outstandingBeside({ thread, end }: Operation, first: number): Outstanding<Verb> {
    return {
      some: (test) => {
        for (let i = first; i < this.#operations.length; i++) {
          const other = this.#operations[i] as Operation<Verb>;
          if (other.begin > end) return false;
          if (other.thread !== thread && !this.#isPlaced(i) && test(other)) return true;
        }
        return false;
      },
    };
  }

  #rejected({ order, state, placed, first }: Deepest<State, Verb>): Verdict<Verb> {
    // Had the model allowed one of these, there would be a longer prefix.
    this.#placed.set(placed);
    const frame = newFrame(state, first, -1);
    const refused: Operation<Verb>[] = [];
    for (let index = this.#next(frame); index !== undefined; index = this.#next(frame)) {
      refused.push(this.#operations[index] as Operation<Verb>);
    }
    const explanation = [
      `no order of these ${this.#operations.length} operations explains their results.`,
      `The longest that does has ${order.length}:`,
      ...order.map((operation, i) => `  ${i + 1}. ${describe(operation)}`),
      `It leads to ${this.#model.keyOf(state)}. There none of those that could come next is possible:`,
      ...refused.map((operation) => `  ${describe(operation)}`),
    ].join("\n");
    return { isLinearizable: false, prefix: order, refused, explanation };
  }
}

function newFrame<State>(state: State, first: number, last: number): Frame<State> {
  return { state, first, last, cursor: first, firstEnd: Infinity, chosen: -1 };
}

/** One operation for people: `thread 1 send(7) gave true, 120 to 348 ns`. */
function describe({ thread, begin, end, op, argument, result }: Operation): string {
  const call = `thread ${thread} ${op}(${argument === undefined ? "" : described(argument)})`;
  if (end === Infinity) return `${call} pending, from ${begin} ns`;
  return `${call}${result === undefined ? "" : ` gave ${described(result)}`}, ${begin} to ${end} ns`;
}

function described(value: Value): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
