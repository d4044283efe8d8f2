/**
 * Values that a job gives one by one, through a channel, between threads a shared one:
 * the job is held up when as many as fit there have not been taken.
 */
import { type Cancel, describeKind } from "../async/cancel.js";
import { ClosedError, MisuseError } from "../core/errors.js";

/** What both kinds of channel have. */
export interface StreamChannel extends Partial<Disposable> {
  readonly isClosed: boolean;
  trySend(value: unknown): boolean;
  send(value: unknown): Promise<void>;
  values(cancel?: Cancel): AsyncIterable<unknown>;
  close(): void;
}

/** Options of a stream. */
export interface StreamOptions {
  /** Values that the job may be ahead of who takes them; 16 by default. */
  readonly capacity?: number;
  /** Ends it: the loop over it fails, and the job is told. */
  readonly cancel?: Cancel;
}

const CAPACITY = 16;

/** On the thread: puts what a task's function gave into the channel, to its end. */
export async function streamInto(channel: StreamChannel, given: unknown): Promise<void> {
  try {
    const source = (await given) as AsyncIterable<unknown> | Iterable<unknown> | null | undefined;
    const isIterable = (typeof source === "object" || typeof source === "function") && source !== null;
    if (!isIterable || !(Symbol.asyncIterator in source || Symbol.iterator in source)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `stream expected a task that gives something to iterate over, but it gave ${describeKind(source)}: async function* () { … }`,
      );
    }
    // Either kind of loop ends the source when this leaves it.
    for await (const value of source) if (!channel.trySend(value)) await channel.send(value);
  } catch (error) {
    // Nobody takes any more: then the job has done what it was to do.
    if (!(error instanceof ClosedError && channel.isClosed)) throw error;
  } finally {
    channel.close();
  }
}

/**
 * On the pool's side: the values of a job.
 *
 * @param open - makes the channel to use
 * @param run - starts the job, with that
 */
export async function* streamFrom<Value, Channel extends StreamChannel>(
  open: (capacity: number) => Channel,
  { capacity = CAPACITY, cancel }: StreamOptions,
  run: (channel: Channel) => Promise<unknown>,
): AsyncGenerator<Value, void, undefined> {
  const channel = open(capacity);
  let ended: Promise<unknown>;
  try {
    ended = run(channel).finally(() => channel.close());
  } catch (error) {
    // It did not begin.
    channel[Symbol.dispose]?.();
    throw error;
  }
  // It is awaited below, in any case; perhaps only when the values have been taken.
  ended.catch(() => undefined);
  let isWhole = false;
  try {
    for await (const value of channel.values(cancel)) yield value as Value;
    isWhole = true;
  } finally {
    // Who leaves the loop ends the job, and goes on when that has ended.
    channel.close();
    const failure = await ended.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    channel[Symbol.dispose]?.();
    // A failure of the loop itself goes before one of the job, which it has led to.
    // oxlint-disable-next-line no-unsafe-finally -- the error of the job is what the loop has to fail with
    if (failure !== undefined && isWhole) throw failure.error;
  }
}
