/**
 * Every error this library makes, from one table.
 *
 * A code belongs to exactly one class. Classes are branded through the symbol
 * registry, so `instanceof` holds across two copies of the library and for an
 * error that came from another thread and was rebuilt here.
 */

/** The class that each code belongs to; the class says who has to act. */
export const ERROR_TABLE = {
  // Misuse: the caller's mistake, thrown at once.
  SKEIN_INVALID_ARGUMENT: "MisuseError",
  SKEIN_SCOPE_CLOSED: "MisuseError",
  SKEIN_TASK_INSIDE_FUNCTION: "MisuseError",
  SKEIN_TASK_DUPLICATE: "MisuseError",
  SKEIN_TASK_NOT_FOUND: "MisuseError",
  SKEIN_NOT_A_TASK: "MisuseError",
  SKEIN_TASK_AT_IMPORT: "MisuseError",
  SKEIN_VERSION_MISMATCH: "MisuseError",
  SKEIN_ALREADY_HELD: "MisuseError",
  SKEIN_NOT_HELD: "MisuseError",
  SKEIN_OVERFLOW: "MisuseError",
  SKEIN_END_CLOSED: "MisuseError",
  SKEIN_ONESHOT_USED: "MisuseError",
  SKEIN_CANNOT_BLOCK: "MisuseError",
  SKEIN_DISPOSED: "MisuseError",
  SKEIN_WRONG_THREAD: "MisuseError",
  SKEIN_NOT_CLONEABLE: "MisuseError",
  // Outcomes: something ended, and this is how.
  SKEIN_CLOSED: "ClosedError",
  SKEIN_CANCELLED: "CancelledError",
  SKEIN_TIMEOUT: "TimeoutError",
  SKEIN_STUCK: "StuckError",
  SKEIN_WORKER_LOST: "WorkerLostError",
  SKEIN_TASK_IMPORT_FAILED: "WorkerLostError",
  SKEIN_NOT_TRANSFERABLE: "TransferError",
  SKEIN_DEADLOCK: "DeadlockError",
  SKEIN_QUEUE_FULL: "QueueFullError",
  SKEIN_CIRCUIT_OPEN: "CircuitOpenError",
  SKEIN_OWNER_DIED: "OwnerDiedError",
  SKEIN_OUT_OF_SHARED_MEMORY: "SharedMemoryError",
  SKEIN_NO_SHARED_MEMORY: "SharedMemoryError",
  SKEIN_TRACE_FILE: "TraceFileError",
  // Ours: a broken invariant of the library itself.
  SKEIN_INTERNAL: "InternalError",
} as const;

/** The closed set of codes that `error.code` can have. */
export type SkeinErrorCode = keyof typeof ERROR_TABLE;

/** The closed set of class names that `error.name` can have. */
export type SkeinErrorName = (typeof ERROR_TABLE)[SkeinErrorCode];

/** Codes that belong to the class `Name`. */
type CodeOf<Name extends SkeinErrorName> = {
  [Code in SkeinErrorCode]: (typeof ERROR_TABLE)[Code] extends Name ? Code : never;
}[SkeinErrorCode];

// Each instance carries, on its prototype, the names of its classes from the base
// down; `instanceof` compares names, not prototypes.
const BRAND = Symbol.for("skein.error");

/** The names of this copy's own classes. A user's subclass is not in it. */
const classNames = new WeakMap<object, string>();

/** Further facts that a `CancelledError` may carry. */
export interface CancelledErrorOptions extends ErrorOptions {
  /** Why the work was cancelled: whatever was given to `cancel()`. */
  readonly reason?: unknown;
  /** The scope whose cancellation this error delivers; tells it from any other's. */
  readonly origin?: object | undefined;
}

/**
 * Base of every error this library throws.
 *
 * Catch by class or compare `code`; both stay the same across threads.
 *
 * @since 0.1.0
 */
export class SkeinError extends Error {
  /** Says what happened, for programs. */
  readonly code: SkeinErrorCode;

  constructor(code: SkeinErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const name = classNames.get(this);
    // Of a user's subclass only the prototype chain tells.
    if (name === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    if (typeof value !== "object" || value === null) return false;
    const brands = (value as Record<PropertyKey, unknown>)[BRAND];
    return Array.isArray(brands) && brands.includes(name);
  }
}

/**
 * The caller used the library wrongly; the message says what was expected, what
 * came, and how to mend it.
 *
 * @since 0.1.0
 */
export class MisuseError extends SkeinError {
  declare readonly code: CodeOf<"MisuseError">;
  constructor(code: CodeOf<"MisuseError">, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/**
 * The channel (or other source) was closed before this operation could be done.
 *
 * @since 0.1.0
 */
export class ClosedError extends SkeinError {
  declare readonly code: "SKEIN_CLOSED";
  constructor(message = "the channel is closed", options?: ErrorOptions) {
    super("SKEIN_CLOSED", message, options);
  }
}

/**
 * The operation was cancelled: it did not happen. `reason` tells why.
 *
 * @since 0.1.0
 */
export class CancelledError extends SkeinError {
  declare readonly code: "SKEIN_CANCELLED";
  /** What was given to `cancel()`, or the failure that made the scope give up. */
  readonly reason: unknown;
  // Private, so that printing the error does not print the scope's whole tree.
  readonly #origin: object | undefined;

  constructor(message = "cancelled", options?: CancelledErrorOptions) {
    super("SKEIN_CANCELLED", message, options);
    this.reason = options?.reason;
    this.#origin = options?.origin;
  }

  /** The scope whose cancellation `error` delivers, if it is such an error and made on this thread. */
  static originOf(error: unknown): object | undefined {
    return typeof error === "object" && error !== null && #origin in error ? error.#origin : undefined;
  }
}

/**
 * A scope's deadline passed before its work was done. The work has ended.
 *
 * @since 0.1.0
 */
export class TimeoutError extends SkeinError {
  declare readonly code: "SKEIN_TIMEOUT";
  constructor(message = "the deadline has passed", options?: ErrorOptions) {
    super("SKEIN_TIMEOUT", message, options);
  }
}

/**
 * Jobs went on after their scope was cancelled and its grace time was over. The
 * message names them. They were abandoned: still running, no longer waited for.
 *
 * @since 0.1.0
 */
export class StuckError extends SkeinError {
  declare readonly code: "SKEIN_STUCK";
  /** Names of the jobs and cleanups that did not end. */
  readonly jobs: readonly string[];
  constructor(message: string, jobs: readonly string[], options?: ErrorOptions) {
    super("SKEIN_STUCK", message, options);
    this.jobs = jobs;
  }
}

/**
 * The thread that ran the job ended before the job did, or could not load it.
 *
 * @since 0.1.0
 */
export class WorkerLostError extends SkeinError {
  declare readonly code: CodeOf<"WorkerLostError">;
  constructor(code: CodeOf<"WorkerLostError">, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/**
 * A value could not be passed to or from a thread; the message holds its path.
 *
 * @since 0.1.0
 */
export class TransferError extends SkeinError {
  declare readonly code: "SKEIN_NOT_TRANSFERABLE";
  constructor(message: string, options?: ErrorOptions) {
    super("SKEIN_NOT_TRANSFERABLE", message, options);
  }
}

/**
 * Jobs wait for each other and none of them can go on.
 *
 * @since 0.1.0
 */
export class DeadlockError extends SkeinError {
  declare readonly code: "SKEIN_DEADLOCK";
  constructor(message: string, options?: ErrorOptions) {
    super("SKEIN_DEADLOCK", message, options);
  }
}

/**
 * A circuit breaker refused the call: what it protects has failed too often, and
 * its pause is not over. The call did not happen.
 *
 * @since 0.1.0
 */
export class CircuitOpenError extends SkeinError {
  declare readonly code: "SKEIN_CIRCUIT_OPEN";
  /** Time, when this was thrown, until the next call is let through; 0 while one is out to see. */
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super("SKEIN_CIRCUIT_OPEN", message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * A thread pool has as many waiting jobs as it may have. The job was not taken.
 *
 * @since 0.1.0
 */
export class QueueFullError extends SkeinError {
  declare readonly code: "SKEIN_QUEUE_FULL";
  constructor(message: string, options?: ErrorOptions) {
    super("SKEIN_QUEUE_FULL", message, options);
  }
}

/**
 * The thread that held the lock ended while it held it, so what the lock protects
 * may be half changed. The lock itself is free.
 *
 * @since 0.1.0
 */
export class OwnerDiedError extends SkeinError {
  declare readonly code: "SKEIN_OWNER_DIED";
  constructor(message: string, options?: ErrorOptions) {
    super("SKEIN_OWNER_DIED", message, options);
  }
}

/**
 * Memory that threads share is missing on this platform, or used up.
 *
 * @since 0.1.0
 */
export class SharedMemoryError extends SkeinError {
  declare readonly code: CodeOf<"SharedMemoryError">;
  constructor(code: CodeOf<"SharedMemoryError">, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/**
 * A trace file can't be read: it is none, or of another version, or damaged from its
 * beginning on. The message says at which byte, and what was expected there.
 *
 * @since 0.1.0
 */
export class TraceFileError extends SkeinError {
  declare readonly code: "SKEIN_TRACE_FILE";
  constructor(message: string, options?: ErrorOptions) {
    super("SKEIN_TRACE_FILE", message, options);
  }
}

/**
 * An invariant of this library was broken. Please report it.
 *
 * @since 0.1.0
 */
export class InternalError extends SkeinError {
  declare readonly code: "SKEIN_INTERNAL";
  constructor(message: string, options?: ErrorOptions) {
    super("SKEIN_INTERNAL", `${message} (a bug in skein: please report it)`, options);
  }
}

/** The classes of the family, by the name their errors carry. */
export const ERROR_CLASSES: { readonly [Name in SkeinErrorName]: { readonly prototype: SkeinError } } = {
  MisuseError,
  ClosedError,
  CancelledError,
  TimeoutError,
  StuckError,
  WorkerLostError,
  TransferError,
  DeadlockError,
  CircuitOpenError,
  QueueFullError,
  OwnerDiedError,
  SharedMemoryError,
  TraceFileError,
  InternalError,
};

// `name` and the instance brand live on the prototypes: they cost an instance
// nothing and do not show up when it is printed.
function brand(type: { readonly prototype: SkeinError }, names: readonly string[]): void {
  const name = names[names.length - 1] as string;
  classNames.set(type, name);
  Object.defineProperty(type.prototype, BRAND, { value: names });
  Object.defineProperty(type.prototype, "name", { value: name, configurable: true, writable: true });
}

brand(SkeinError, ["SkeinError"]);
for (const [name, type] of Object.entries(ERROR_CLASSES)) brand(type, ["SkeinError", name]);

/** True if `code` is one of ours; tells the class that it belongs to. */
export function classNameOfCode(code: unknown): SkeinErrorName | undefined {
  return typeof code === "string" && Object.hasOwn(ERROR_TABLE, code) ? ERROR_TABLE[code as SkeinErrorCode] : undefined;
}

/**
 * A cleanup failed while another error was on its way: the platform's
 * `SuppressedError` where it exists, the same shape where it does not (Node 20).
 */
export function suppressed(error: unknown, earlier: unknown, message: string): Error {
  const platform = (
    globalThis as { SuppressedError?: new (error: unknown, suppressed: unknown, message: string) => Error }
  ).SuppressedError;
  if (platform !== undefined) return new platform(error, earlier, message);
  const made = new Error(message);
  made.name = "SuppressedError";
  return Object.assign(made, { error, suppressed: earlier });
}

/**
 * A short description of any thrown value, for use inside another message.
 *
 * Never throws itself: the reason of a cancellation is described while a tree of
 * scopes is being told, and half of it must not stay untold.
 */
export function describeThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message === "" ? thrown.name : `${thrown.name}: ${thrown.message}`;
    return `${typeof thrown} ${String(thrown)}`;
  } catch {
    return `${typeof thrown} that can't be turned into text`;
  }
}

/**
 * Makes an error whose stack is its headline alone, where the frames would be this
 * library's own: those tell nobody anything, and collecting them takes longer than
 * all the rest.
 */
export function withoutStack<Made extends Error>(make: () => Made): Made {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
