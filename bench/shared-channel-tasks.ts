/** What the threads of `shared-channel` run. */
import type { MessagePort } from "node:worker_threads";

import { task } from "skein";
import type { SharedChannel } from "skein/shared";

/** Indexes of the ring written by hand: each in a cache line of its own. */
export const HEAD = 0;
export const TAIL = 32;
export const DATA = 64;
export const RING_PLACES = 1024;
/** Where many go at a time: so many that both sides seldom work on the same lines of the cache. */
export const LARGE_RING_PLACES = 65_536;

/** Brings the module to the thread: a sender that blocks could not answer its questions. */
export const getReady = task(function getReady(): void {});

export const receiveOneByOne = task(function receiveOneByOne(channel: SharedChannel<number>, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += channel.receiveSync();
  return sum;
});

export const receiveInBatches = task(function receiveInBatches(channel: SharedChannel<number>, count: number): number {
  const values = new Int32Array(1024); // as many as there are, up to that
  let sum = 0;
  for (let received = 0; received < count;) {
    const there = channel.receiveIntoSync(values);
    for (let i = 0; i < there; i++) sum += values[i] as number;
    received += there;
  }
  return sum;
});

export const receiveMessages = task(function receiveMessages(channel: SharedChannel<Message>, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += channel.receiveSync().number;
  return sum;
});

/** What is sent where it is not a number alone. */
export interface Message {
  readonly number: number;
  readonly text: string;
}

/** One sender, one receiver, both spinning: the least that it takes. */
export const receiveFromRing = task(function receiveFromRing(cells: Int32Array, count: number): number {
  let sum = 0;
  let tail = 0;
  for (let head = 0; head < count;) {
    while (tail === head) tail = Atomics.load(cells, TAIL);
    sum += cells[DATA + (head % RING_PLACES)] as number;
    Atomics.store(cells, HEAD, ++head);
  }
  return sum;
});

/** The same, up to 64 at a time. */
export const receiveFromRingInBatches = task(function receiveFromRingInBatches(
  cells: Int32Array,
  count: number,
): number {
  let sum = 0;
  let tail = 0;
  for (let head = 0; head < count;) {
    while (tail === head) tail = Atomics.load(cells, TAIL);
    const there = Math.min(64, tail - head);
    for (let i = 0; i < there; i++) sum += cells[DATA + ((head + i) % LARGE_RING_PLACES)] as number;
    Atomics.store(cells, HEAD, (head += there));
  }
  return sum;
});

export const receiveFromPort = task(async function receiveFromPort(port: MessagePort, count: number): Promise<number> {
  return new Promise((resolve) => {
    let sum = 0;
    let received = 0;
    port.on("message", (value: number | Message) => {
      sum += typeof value === "number" ? value : value.number;
      if (++received < count) return;
      port.close();
      resolve(sum);
    });
  });
});
