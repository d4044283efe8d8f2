/**
 * The latest part of a recording under way, for pages that come and go: first what the
 * recording begins with, which every page gets, then the parts that are kept.
 *
 * Invariant: what is kept is bounded, and so is what waits in the socket of a page. A page
 * that does not keep up is sent the next part when it has taken the last ones; what was
 * given up meanwhile is counted, and told to it. So it loses detail, and nobody waits for it.
 */
import type { WebSocket } from "ws";

import { LEVELS, type ObserverLevel } from "../trace/observer/observer-level.js";
import { isHeadOfFile } from "../trace/trace-file.js";

/** Bytes of the recording that are kept for pages that come later. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Bytes in a page's socket from which on nothing is put there. */
const BACKLOG_BYTES = 4 * 2 ** 20;

interface Reader {
  readonly socket: WebSocket;
  hasHead: boolean;
  /** Number of the part that it gets next. */
  next: number;
  leftOut: number;
  toldEnd: boolean;
}

export class LiveFeed {
  /** The beginning of the file, and its first segment, of which a later one takes the place. */
  #head: Uint8Array[] = [];
  readonly #parts: Uint8Array[] = [];
  /** Number of the oldest part kept. */
  #first = 0;
  #bytes = 0;
  #hasEnded = false;
  /** How much the program reports; `undefined` if that can't be changed from here. */
  #level: ObserverLevel | undefined = undefined;
  /** Called when a page asks for another level. */
  onLevelAsked: (level: ObserverLevel) => void = () => undefined;
  readonly #readers = new Set<Reader>();
  readonly #keptBytes: number;
  readonly #backlogBytes: number;

  constructor(keptBytes: number = KEPT_BYTES, backlogBytes: number = BACKLOG_BYTES) {
    this.#keptBytes = keptBytes;
    this.#backlogBytes = backlogBytes;
  }

  /** All that is kept, in order; together a trace file. */
  get parts(): readonly Uint8Array[] {
    return [...this.#head, ...this.#parts];
  }

  push(part: Uint8Array): void {
    if (isHeadOfFile(part)) {
      const wasWhole = this.#head.length === 2;
      this.#head = [this.#head[0] ?? part, part].slice(0, this.#head.length + 1);
      if (!wasWhole) {
        for (const reader of this.#readers) this.#pump(reader);
        return;
      }
      // Who has got the one before gets the new one in its turn.
    }
    this.#parts.push(part);
    this.#bytes += part.byteLength;
    // The newest stays, whatever its size.
    while (this.#bytes > this.#keptBytes && this.#parts.length > 1) {
      this.#bytes -= this.#parts.shift()?.byteLength ?? 0;
      this.#first++;
    }
    for (const reader of this.#readers) this.#pump(reader);
  }

  /** The program reports as much from now on; pages may ask it for another level. */
  setLevel(level: ObserverLevel): void {
    this.#level = level;
    for (const reader of this.#readers) this.#tellLevel(reader);
  }

  #tellLevel(reader: Reader): void {
    if (this.#level !== undefined) this.#send(reader, JSON.stringify({ level: this.#level }));
  }

  /** Of what a page says, only a level that there is means anything. */
  #said(data: unknown): void {
    if (this.#level === undefined) return;
    const level = LEVELS.find((one) => String(data) === JSON.stringify({ level: one }));
    if (level !== undefined) this.onLevelAsked(level);
  }

  /** Nothing more will come. */
  end(): void {
    this.#hasEnded = true;
    for (const reader of this.#readers) this.#pump(reader);
  }

  add(socket: WebSocket): void {
    const reader: Reader = { socket, hasHead: false, next: this.#first, leftOut: 0, toldEnd: false };
    this.#readers.add(reader);
    socket.on("close", () => this.#readers.delete(reader));
    // A broken socket is closed by the library, which tells it here first.
    socket.on("error", () => undefined);
    socket.on("message", (data) => this.#said(data));
    this.#tellLevel(reader);
    this.#pump(reader);
  }

  #pump(reader: Reader): void {
    const { socket } = reader;
    // Not even what was left out is told to a page with enough to do; the callback below goes on.
    if (socket.bufferedAmount > this.#backlogBytes) return;
    if (this.#head.length < 2) return;
    if (!reader.hasHead) {
      reader.hasHead = true;
      for (const part of this.#head) this.#send(reader, part);
    }
    if (reader.next < this.#first) {
      reader.leftOut += this.#first - reader.next;
      reader.next = this.#first;
      this.#send(reader, JSON.stringify({ leftOut: reader.leftOut }));
    }
    const end = this.#first + this.#parts.length;
    while (reader.next < end && socket.readyState === socket.OPEN) {
      if (socket.bufferedAmount > this.#backlogBytes) return;
      const part = this.#parts[reader.next - this.#first] as Uint8Array;
      reader.next++;
      this.#send(reader, part);
    }
    if (reader.next === end && this.#hasEnded && !reader.toldEnd) {
      reader.toldEnd = true;
      this.#send(reader, JSON.stringify({ ended: true }));
    }
  }

  /** And goes on once that is taken: whatever is in the socket, its going wakes the pump. */
  #send(reader: Reader, data: Uint8Array | string): void {
    reader.socket.send(data, (error) => {
      if (error === undefined || error === null) this.#pump(reader);
    });
  }
}
