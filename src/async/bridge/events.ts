/**
 * Events as a flow, or one of them as a promise.
 *
 * Invariants
 * - Listeners are on exactly while a consumption or a wait lasts: they are off
 *   before its outcome is seen, whatever it is.
 * - Events that came before the end, or before a failure, are delivered first.
 */
import { ClosedError, MisuseError } from "../../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "../cancel.js";
import { channel } from "../channel.js";
import type { Flow } from "../flow/flow.js";
import { Pipeline } from "../flow/pipeline.js";
import { runIterator } from "../flow/source.js";
import { requireCount } from "../flow/stage.js";
import { suspend } from "../wait-queue.js";
import {
  type EmitterLike,
  errorOf,
  failingEvents,
  isEmitter,
  listen,
  requireSource,
  type TargetLike,
} from "./listening.js";

/** Events that may wait to be read: more than any burst that a reader could be expected to keep up with. */
const DEFAULT_BUFFER = 1024;

/**
 * How `events` listens.
 *
 * @since 0.1.0
 */
export interface EventsOptions<T> {
  /** Events that may wait to be read: 1024 if omitted. Emitters can't be slowed down. */
  readonly buffer?: number;
  /**
   * What becomes of an event for which there is no room: `"fail"`, the default, fails the
   * flow; `"drop-newest"` drops it; `"drop-oldest"` drops the one that waited longest.
   */
  readonly overflow?: "fail" | "drop-newest" | "drop-oldest";
  /** Told of each event that is dropped. */
  readonly onDrop?: (event: T) => void;
  /** The event, or events, that end the flow. */
  readonly endOn?: string | readonly string[];
  /** The event, or events, that fail it: an emitter's `"error"` if omitted. */
  readonly errorOn?: string | readonly string[];
}

/**
 * The events of an emitter or a target, as a flow: from an `EventEmitter` the
 * arguments of each event in an array, from an `EventTarget` the events.
 *
 * It listens from the moment a consumption starts until it ends; events before
 * that are missed. For a single event, use `nextEvent`.
 *
 * **Cancels** The listeners are taken off.
 *
 * **Throws** the error that a failing event brings; `SKEIN_OVERFLOW` if events
 * come faster than they are read, unless `overflow` says otherwise;
 * `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT`.
 *
 * @param cancel - the scope, or signal, that cancels each consumption for which
 *   none is given
 *
 * @example
 * ```ts
 * const target = new EventTarget();
 * queueMicrotask(() => target.dispatchEvent(new Event("ping")));
 * for await (const event of events<Event>(target, "ping")) {
 *   report(event.type);
 *   break;
 * }
 * ```
 *
 * @since 0.1.0
 */
export function events<Args extends readonly unknown[] = unknown[]>(
  emitter: EmitterLike,
  name: string,
  options?: EventsOptions<Args>,
  cancel?: Cancel,
): Flow<Args>;
export function events<T = unknown>(
  target: TargetLike,
  name: string,
  options?: EventsOptions<T>,
  cancel?: Cancel,
): Flow<T>;
export function events(
  source: EmitterLike | TargetLike,
  name: string,
  options: EventsOptions<never> = {},
  cancel?: Cancel,
): Flow<unknown> {
  requireSource("events", source, name);
  const { buffer = DEFAULT_BUFFER, overflow = "fail" } = options;
  requireCount("buffer", buffer, 1, true);
  if (overflow !== "fail" && overflow !== "drop-newest" && overflow !== "drop-oldest") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `overflow must be "fail", "drop-newest" or "drop-oldest", but ${describeKind(overflow)} came`,
    );
  }
  cancelNodeOf(cancel);
  const label = `events "${name}"`;
  return new Pipeline<unknown>(
    (scope, emit) => runIterator(label, () => subscribe(source, name, options as EventsOptions<unknown>), scope, emit),
    cancel,
  );
}

function subscribe(
  source: EmitterLike | TargetLike,
  name: string,
  { buffer = DEFAULT_BUFFER, overflow = "fail", onDrop, endOn = [], errorOn }: EventsOptions<unknown>,
): AsyncIterator<unknown> {
  const arrived = channel<unknown>({ capacity: buffer, name: `events "${name}"` });
  let failure: { readonly error: unknown } | undefined;
  let stop: () => void = () => undefined;
  const end = (error?: { readonly error: unknown }): void => {
    if (arrived.isClosed) return;
    failure = error;
    stop();
    arrived.close();
  };
  const makeRoom = (event: unknown): void => {
    if (overflow === "fail") {
      const message = `${buffer} events "${name}" waited to be read when one more came. Read faster, raise buffer, or choose what overflow drops`;
      end({ error: new MisuseError("SKEIN_OVERFLOW", message) });
      return;
    }
    const dropped = overflow === "drop-oldest" ? arrived.tryReceive() : { value: event };
    if (overflow === "drop-oldest") arrived.trySend(event);
    if (dropped !== undefined) onDrop?.(dropped.value);
  };
  const arrive = (event: unknown): void => {
    if (arrived.isClosed || arrived.trySend(event)) return;
    try {
      makeRoom(event);
    } catch (error) {
      // Thrown on, it would hit whoever emits.
      end({ error });
    }
  };
  stop = listen(source, [
    { name, listener: isEmitter(source) ? (...args) => arrive(args) : arrive },
    ...[endOn].flat().map((ending) => ({ name: ending, listener: () => end() })),
    ...failingEvents(source, name, errorOn).map((failing) => ({
      name: failing,
      listener: (brought: unknown) => end({ error: errorOf(failing, brought) }),
    })),
  ]);
  return {
    async next() {
      try {
        return { done: false, value: await arrived.receive() };
      } catch (error) {
        if (!(error instanceof ClosedError)) throw error;
      }
      if (failure !== undefined) throw failure.error;
      return { done: true, value: undefined };
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
  };
}

/**
 * Waits for the next event: from an `EventEmitter` its arguments in an array, from
 * an `EventTarget` the event.
 *
 * **Cancels** The listeners are taken off at once.
 *
 * **Throws** the error that a failing event brings: an emitter's `"error"` unless
 * `errorOn` names others; `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * const target = new EventTarget();
 * queueMicrotask(() => target.dispatchEvent(new Event("ready")));
 * const event = await nextEvent<Event>(target, "ready");
 * report(event.type);
 * ```
 *
 * @since 0.1.0
 */
export async function nextEvent<Args extends readonly unknown[] = unknown[]>(
  emitter: EmitterLike,
  name: string,
  options?: Pick<EventsOptions<Args>, "errorOn">,
  cancel?: Cancel,
): Promise<Args>;
export async function nextEvent<T = unknown>(
  target: TargetLike,
  name: string,
  options?: Pick<EventsOptions<T>, "errorOn">,
  cancel?: Cancel,
): Promise<T>;
export async function nextEvent(
  source: EmitterLike | TargetLike,
  name: string,
  options: Pick<EventsOptions<never>, "errorOn"> = {},
  cancel?: Cancel,
): Promise<unknown> {
  requireSource("nextEvent", source, name);
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  let stop: () => void = () => undefined;
  const { waiter, promise } = suspend<unknown>(`event "${name}"`, node, undefined, () => stop());
  const arrive = (event: unknown): void => {
    stop();
    waiter.resolve(event);
  };
  try {
    stop = listen(source, [
      { name, listener: isEmitter(source) ? (...args) => arrive(args) : arrive },
      ...failingEvents(source, name, options.errorOn).map((failing) => ({
        name: failing,
        listener: (brought: unknown) => {
          stop();
          waiter.reject(errorOf(failing, brought));
        },
      })),
    ]);
  } catch (error) {
    waiter.reject(error);
  }
  // Adding the listeners ran code of the source, which may have ended the wait.
  if (waiter.isOver) stop();
  return promise;
}
