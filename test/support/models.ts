/**
 * What the structures do when one operation happens at a time, for
 * `checkLinearizability`.
 *
 * Two things a try-form of ours may do that such a structure can't, and that the
 * models allow where the docs do:
 *
 * - It may fail while a thread insists: one that waits, blocked or not, and has done
 *   so for a millisecond (see `insists`).
 * - A lock whose holder died is held for an instant by each who learns of that.
 */
import { isPending, type Model, type Operation, type Outstanding, type Value } from "./linearizability.js";

/** When waits of a structure may have others refused. */
export interface Fairness {
  /** How long a wait has lasted before it insists; it never does by default. */
  readonly insistsAfterNs?: number;
}

/** Lengths of intervals are differences of large numbers, read by another call than the structure's. */
const CLOCK_ERROR_NS = 1000;

/**
 * Whether a try-form may be refused as somebody insists: a wait of another thread, by
 * one of `verbs`, that has lasted for so long by the end of the operation, and that
 * has nothing yet.
 */
function insists(
  operation: Operation,
  outstanding: Outstanding,
  verbs: string[],
  { insistsAfterNs }: Fairness,
): boolean {
  if (insistsAfterNs === undefined) return false;
  const leastNs = insistsAfterNs - CLOCK_ERROR_NS;
  return outstanding.some(({ op, begin }) => verbs.includes(op) && operation.end - begin >= leastNs);
}

// Threads that end

/** A model that knows what a thread leaves when it ends. */
export interface MortalModel<State, Verb extends string = string> extends Model<State, Verb> {
  /** The state when all that an ended thread has left is in order; the same by default. */
  threadEnded?(state: State, thread: number): State;
}

/** The operation of whoever puts in order what a thread has left; its argument is the thread. */
export const ENDED = "threadEnded";

interface WithEnded<State> {
  readonly inner: State;
  /** Threads of which nothing is left. */
  readonly ended: readonly number[];
}

/**
 * The model with the operation `ENDED`. What a stopped thread had pending happened
 * before that, or not at all.
 */
export function withEndings<State, Verb extends string>(
  model: MortalModel<State, Verb>,
): Model<WithEnded<State>, Verb | typeof ENDED> {
  const live: Model<WithEnded<State>, Verb | typeof ENDED> = {
    initial: { inner: model.initial, ended: [] },
    step({ inner, ended }, operation, outstanding) {
      if (operation.op === ENDED) {
        const thread = operation.argument as number;
        return { inner: model.threadEnded?.(inner, thread) ?? inner, ended: [...ended, thread].sort((a, b) => a - b) };
      }
      if (ended.includes(operation.thread)) return undefined;
      const next = model.step(inner, operation as Operation<Verb>, {
        some: (test) =>
          outstanding.some(
            (other) => other.op !== ENDED && !ended.includes(other.thread) && test(other as Operation<Verb>),
          ),
      });
      return next === undefined ? undefined : { inner: next, ended };
    },
    keyOf({ inner, ended }) {
      return ended.length === 0 ? model.keyOf(inner) : `${model.keyOf(inner)} after the end of ${ended.join()}`;
    },
  };
  return live;
}

// Queues

export type QueueVerb = "trySend" | "send" | "tryReceive" | "receive" | "close";

export interface QueueState {
  readonly values: readonly Value[];
  readonly isClosed: boolean;
}

/** What `tryReceive` gives when there is nothing. */
export const EMPTY = "empty";
/** What `send` gives on a closed queue, and `receive` on one that is drained too. */
export const CLOSED = "closed";

/** A queue with so many places. `trySend` gives whether it sent, `send` nothing or `CLOSED`. */
export function queueModel({
  capacity,
  ...fairness
}: Fairness & { readonly capacity: number }): Model<QueueState, QueueVerb> {
  const received = (state: QueueState, operation: Operation): QueueState | undefined => {
    const [first, ...values] = state.values;
    if (first === undefined || !(isPending(operation) || operation.result === first)) return undefined;
    return { ...state, values };
  };
  return {
    initial: { values: [], isClosed: false },
    step(state, operation, outstanding) {
      const { op, argument, result } = operation;
      const { values, isClosed } = state;
      const hasPlace = !isClosed && values.length < capacity;
      switch (op) {
        case "trySend":
          if (result === false)
            return !hasPlace || insists(operation, outstanding, ["send"], fairness) ? state : undefined;
          return hasPlace ? { isClosed, values: [...values, argument] } : undefined;
        case "send":
          if (result === CLOSED) return isClosed ? state : undefined;
          return hasPlace ? { isClosed, values: [...values, argument] } : undefined;
        case "tryReceive":
          if (result !== EMPTY) return received(state, operation);
          return values.length === 0 || insists(operation, outstanding, ["receive"], fairness) ? state : undefined;
        case "receive":
          if (result !== CLOSED) return received(state, operation);
          return isClosed && values.length === 0 ? state : undefined;
        case "close":
          return { values, isClosed: true };
      }
    },
    keyOf: ({ values, isClosed }) => `${JSON.stringify(values)}${isClosed ? " closed" : ""}`,
  };
}

interface FragileState {
  readonly queue: QueueState;
  /** A thread has ended, which closes the queue if it used it: nobody has seen yet whether. */
  readonly isPerhapsClosed: boolean;
}

/** A queue that is closed when a thread that has used it ends. */
export function fragileQueueModel(
  options: Fairness & { readonly capacity: number },
): MortalModel<FragileState, QueueVerb> {
  const model = queueModel(options);
  return {
    initial: { queue: model.initial, isPerhapsClosed: false },
    step({ queue, isPerhapsClosed }, operation, outstanding) {
      const { op, result } = operation;
      const open = model.step(queue, operation, outstanding);
      if (open !== undefined) {
        const hasSent = op === "send" || (op === "trySend" && result !== false);
        return { queue: open, isPerhapsClosed: isPerhapsClosed && !hasSent && !open.isClosed };
      }
      if (!isPerhapsClosed) return undefined;
      const closed = model.step({ ...queue, isClosed: true }, operation, outstanding);
      return closed === undefined ? undefined : { queue: closed, isPerhapsClosed: false };
    },
    threadEnded: ({ queue }) => ({ queue, isPerhapsClosed: !queue.isClosed }),
    keyOf: ({ queue, isPerhapsClosed }) => `${model.keyOf(queue)}${isPerhapsClosed ? " perhaps closed" : ""}`,
  };
}

// Locks

/** What taking a lock gives once a holder has died, until somebody said that all is in order. */
export const OWNER_DIED = "owner died";

/** Whether a lock may look held, although it is free, as somebody is just learning that a holder has died. */
function isBeingTold(outstanding: Outstanding): boolean {
  return outstanding.some((other) => isPending(other) || other.result === OWNER_DIED);
}

export type MutexVerb = "tryLock" | "lock" | "recover" | "markConsistent" | "unlock";

export interface MutexState {
  readonly owner: number | undefined;
  readonly isConsistent: boolean;
}

/** A mutex. Those that take it give true, `tryLock` perhaps false, or `OWNER_DIED`. */
export function mutexModel(fairness: Fairness = {}): MortalModel<MutexState, MutexVerb> {
  return {
    initial: { owner: undefined, isConsistent: true },
    step(state, operation, outstanding) {
      const { op, thread, result } = operation;
      const { owner, isConsistent } = state;
      const isFree = owner === undefined;
      const isOwn = owner === thread;
      const taken = isFree ? { owner: thread, isConsistent } : undefined;
      switch (op) {
        case "tryLock":
          if (result !== false) return takenOrTold(operation, state, isFree, taken);
          if (!isFree || (!isConsistent && isBeingTold(outstanding))) return state;
          // Granted to one that was stopped before it came: that one never had it.
          return insists(
            operation,
            { some: (test) => outstanding.some((other) => isPending(other) && test(other)) },
            ["lock", "recover"],
            fairness,
          )
            ? state
            : undefined;
        case "lock":
          return takenOrTold(operation, state, isFree, taken);
        case "recover":
          return taken;
        case "markConsistent":
          return isOwn ? { owner, isConsistent: true } : undefined;
        case "unlock":
          return isOwn ? { owner: undefined, isConsistent } : undefined;
      }
    },
    keyOf: ({ owner, isConsistent }) =>
      `${owner === undefined ? "free" : `held by thread ${owner}`}${isConsistent ? "" : ", inconsistent"}`,
    threadEnded: (state, thread) => (state.owner === thread ? { owner: undefined, isConsistent: false } : state),
  };
}

/** For a verb that takes a lock, and was not told that it is held. A stopped thread may have had it for an instant. */
function takenOrTold<State extends { readonly isConsistent: boolean }>(
  operation: Operation,
  state: State,
  isFree: boolean,
  taken: State | undefined,
): State | undefined {
  if (isPending(operation)) return taken;
  if (operation.result === OWNER_DIED) return isFree && !state.isConsistent ? state : undefined;
  return state.isConsistent ? taken : undefined;
}

export type RwLockVerb = "tryRead" | "read" | "tryWrite" | "write" | "recover" | "markConsistent" | "release";

export interface RwLockState {
  readonly writer: number | undefined;
  /** A thread for each share. */
  readonly readers: readonly number[];
  readonly isConsistent: boolean;
}

/** A reader-writer lock; results as of a mutex. `release` gives up what the argument says, "read" or "write". */
export function rwLockModel(fairness: Fairness = {}): MortalModel<RwLockState, RwLockVerb> {
  return {
    initial: { writer: undefined, readers: [], isConsistent: true },
    step(state, operation, outstanding) {
      const { op, thread, argument, result } = operation;
      const { writer, readers, isConsistent } = state;
      const isReadable = writer === undefined;
      const isWritable = isReadable && readers.length === 0;
      const reading = isReadable ? { ...state, readers: [...readers, thread].sort((a, b) => a - b) } : undefined;
      const writing = isWritable ? { ...state, writer: thread } : undefined;
      const mayRefuse = (): boolean =>
        insists(operation, outstanding, ["read", "write", "recover"], fairness) ||
        (!isConsistent && isBeingTold(outstanding));
      switch (op) {
        case "tryRead":
          if (result === false) return !isReadable || mayRefuse() ? state : undefined;
          return takenOrTold(operation, state, isReadable, reading);
        case "tryWrite":
          if (result === false) return !isWritable || mayRefuse() ? state : undefined;
          return takenOrTold(operation, state, isWritable, writing);
        case "read":
          return takenOrTold(operation, state, isReadable, reading);
        case "write":
          return takenOrTold(operation, state, isWritable, writing);
        case "recover":
          return writing;
        case "markConsistent":
          return writer === thread ? { ...state, isConsistent: true } : undefined;
        case "release": {
          if (argument === "write") return writer === thread ? { ...state, writer: undefined } : undefined;
          const share = readers.indexOf(thread);
          return share === -1 ? undefined : { ...state, readers: readers.toSpliced(share, 1) };
        }
      }
    },
    keyOf: ({ writer, readers, isConsistent }) =>
      `${writer === undefined ? "" : `written by thread ${writer}, `}read by [${readers.join()}]${isConsistent ? "" : ", inconsistent"}`,
    threadEnded: ({ writer, readers, isConsistent }, thread) => ({
      writer: writer === thread ? undefined : writer,
      readers: readers.filter((reader) => reader !== thread),
      isConsistent: isConsistent && writer !== thread,
    }),
  };
}

// Semaphores

export type SemaphoreVerb = "tryAcquire" | "acquire" | "release" | "free";

/** Permits that each thread holds, of those that hold any. */
export type SemaphoreState = ReadonlyMap<number, number>;

/** A semaphore. The argument is how many permits; `tryAcquire` gives whether it took them, `free` how many there are. */
export function semaphoreModel({
  permits,
  ...fairness
}: Fairness & { readonly permits: number }): MortalModel<SemaphoreState, SemaphoreVerb> {
  const heldBy = (state: SemaphoreState): number => [...state.values()].reduce((sum, count) => sum + count, 0);
  const withMore = (state: SemaphoreState, thread: number, count: number): SemaphoreState => {
    const next = new Map(state);
    const held = (state.get(thread) ?? 0) + count;
    if (held === 0) next.delete(thread);
    else next.set(thread, held);
    return next;
  };
  return {
    initial: new Map(),
    step(state, operation, outstanding) {
      const { op, thread, argument, result } = operation;
      const count = argument as number;
      const isFree = (): boolean => permits - heldBy(state) >= count;
      switch (op) {
        case "tryAcquire":
          if (result === false)
            return !isFree() || insists(operation, outstanding, ["acquire"], fairness) ? state : undefined;
          return isFree() ? withMore(state, thread, count) : undefined;
        case "acquire":
          return isFree() ? withMore(state, thread, count) : undefined;
        case "release":
          return (state.get(thread) ?? 0) >= count ? withMore(state, thread, -count) : undefined;
        case "free":
          return isPending(operation) || result === permits - heldBy(state) ? state : undefined;
      }
    },
    keyOf: (state) => `held ${JSON.stringify([...state].sort(([a], [b]) => a - b))} of ${permits}`,
    threadEnded: (state, thread) => withMore(state, thread, -(state.get(thread) ?? 0)),
  };
}

// Maps

export type MapVerb = "get" | "has" | "set" | "delete" | "compareAndSet";

/**
 * A map with text as keys. The argument is the key, then what is expected, then what
 * is set, as the verb needs them; `get` gives the value or nothing, `has`, `delete`
 * and `compareAndSet` whether it was there. Nothing expected: that the key is absent.
 */
export function mapModel(): Model<ReadonlyMap<string, Value>, MapVerb> {
  return {
    initial: new Map(),
    step(state, operation) {
      const { op, result } = operation;
      const [key, ...rest] = operation.argument as readonly [string, ...Value[]];
      const value = state.get(key);
      const gives = (expected: Value): boolean => isPending(operation) || result === expected;
      switch (op) {
        case "get":
          return gives(value) ? state : undefined;
        case "has":
          return gives(state.has(key)) ? state : undefined;
        case "set":
          return new Map(state).set(key, rest[0]);
        case "delete": {
          if (!gives(state.has(key))) return undefined;
          const next = new Map(state);
          next.delete(key);
          return next;
        }
        case "compareAndSet": {
          const isEqual = value === rest[0];
          if (!gives(isEqual)) return undefined;
          return isEqual ? new Map(state).set(key, rest[1]) : state;
        }
      }
    },
    keyOf: (state) => JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1))),
    partOf: ({ argument }) => (argument as readonly string[])[0] as string,
  };
}

// Deques

export type DequeVerb = "push" | "pop" | "steal";

/** How a deque may differ from one with a lock around it. */
export interface DequeOptions {
  readonly capacity?: number;
  /** Whether `steal` may give `EMPTY` although there is something, as another was there first; it may not by default. */
  readonly losesRaces?: boolean;
}

/**
 * A deque whose owner pushes and pops at the bottom, and from whose top anybody
 * steals. `push` gives false if it is full, `pop` and `steal` give `EMPTY` if there is nothing.
 */
export function dequeModel({ capacity = Infinity, losesRaces = false }: DequeOptions = {}): Model<
  readonly Value[],
  DequeVerb
> {
  return {
    initial: [],
    step(values, operation, outstanding) {
      const { op, argument, result } = operation;
      if (op === "push") {
        if (result === false) return values.length >= capacity ? values : undefined;
        return values.length < capacity ? [...values, argument] : undefined;
      }
      if (result === EMPTY) {
        const isEmpty = values.length === 0;
        // Lost to somebody who is at it too.
        const isLost = (): boolean => op === "steal" && losesRaces && outstanding.some((other) => other.op !== "push");
        return isEmpty || isLost() ? values : undefined;
      }
      const taken = op === "pop" ? values.at(-1) : values[0];
      if (taken === undefined || !(isPending(operation) || result === taken)) return undefined;
      return op === "pop" ? values.slice(0, -1) : values.slice(1);
    },
    keyOf: (values) => JSON.stringify(values),
  };
}
