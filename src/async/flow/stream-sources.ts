/**
 * Iterators over streams of the web and of Node that can be closed at once. The
 * streams' own async iterators can't: their `return()` waits for a pending read.
 */

/** The part of Node's `Readable` that reading needs. */
export interface NodeReadable extends AsyncIterable<unknown> {
  destroy(error?: Error): unknown;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

export function isWebReadable<T>(source: object): source is ReadableStream<T> {
  return "getReader" in source && typeof source.getReader === "function" && "cancel" in source;
}

export function isReadable(source: object): source is NodeReadable {
  return (
    "destroy" in source &&
    typeof source.destroy === "function" &&
    "on" in source &&
    typeof source.on === "function" &&
    Symbol.asyncIterator in source
  );
}

export function webIterator<T>(stream: ReadableStream<T>): AsyncIterator<T> {
  const reader = stream.getReader();
  return {
    async next() {
      const step = await reader.read();
      if (!step.done) return { done: false, value: step.value };
      reader.releaseLock();
      return { done: true, value: undefined };
    },
    async return() {
      // Ends a pending read, and tells whoever fills the stream to stop.
      await reader.cancel();
      reader.releaseLock();
      return { done: true, value: undefined };
    },
  };
}

export function readableIterator(stream: NodeReadable): AsyncIterator<unknown> {
  const inner = stream[Symbol.asyncIterator]();
  return {
    next: () => inner.next(),
    async return() {
      stream.destroy();
      // Now the pending read ends, and with it what `return` queues behind. It
      // may end in an error of ours: that the stream was destroyed.
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
}
