/**
 * A recording under way, put together from its parts as they come: what a trace file
 * begins with, then segments. Of a long one the latest part is kept.
 */
import { decodeTrace, type Trace } from "skein/trace";

/** As much as the server keeps. A page that was open all the time knows no more than one that is opened later. */
const KEPT_BYTES = 64 * 2 ** 20;

export class LiveTrace {
  #head: Uint8Array | undefined;
  readonly #segments: Uint8Array[] = [];
  #bytes = 0;
  readonly #keptBytes: number;

  constructor(keptBytes: number = KEPT_BYTES) {
    this.#keptBytes = keptBytes;
  }

  add(part: Uint8Array): void {
    if (this.#head === undefined) {
      this.#head = part;
      return;
    }
    this.#segments.push(part);
    this.#bytes += part.length;
    while (this.#bytes > this.#keptBytes && this.#segments.length > 1) {
      this.#bytes -= this.#segments.shift()?.length ?? 0;
    }
  }

  /** As it is now; `undefined` before anything was recorded. */
  trace(): Trace | undefined {
    if (this.#head === undefined) return undefined;
    const bytes = new Uint8Array(this.#head.length + this.#bytes);
    let at = 0;
    for (const part of [this.#head, ...this.#segments]) {
      bytes.set(part, at);
      at += part.length;
    }
    return decodeTrace(bytes);
  }
}
