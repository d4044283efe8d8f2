// What does it cost to hand a number to another thread, one at a time, 64 or 1024?
import { MessageChannel } from "node:worker_threads";

import { type AnyTask, scope, threads } from "skein";
import { SharedChannel, text } from "skein/shared";

import { ask, check, type Load, type Samples } from "./harness.js";
import {
  DATA,
  getReady,
  HEAD,
  type Message,
  receiveFromPort,
  receiveFromRing,
  receiveFromRingInBatches,
  receiveInBatches,
  receiveMessages,
  receiveOneByOne,
  LARGE_RING_PLACES,
  RING_PLACES,
  TAIL,
} from "./shared-channel-tasks.js";

/**
 * @param make - gives what the task is given, and how this thread sends to it
 */
async function measure(
  load: Load,
  count: number,
  receive: AnyTask,
  make: () => { readonly end: unknown; readonly transfer?: object; readonly send: (count: number) => void },
): Promise<Samples> {
  const pool = threads({ size: 1, name: "receiving" });
  const samples: number[] = [];
  await scope((s) => s.spawn(getReady, [], { on: pool }));
  for (let i = 0; i < load.of(8, 2); i++) {
    await scope(async (s) => {
      const { end, transfer, send } = make();
      const job = s.spawn(receive as never, [end, count] as never, {
        on: pool,
        transfer: transfer === undefined ? [] : [transfer],
      }) as unknown as Promise<number>;
      // The thread has the task, and waits.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const startMs = performance.now();
      send(count);
      const sum = await job;
      const ns = ((performance.now() - startMs) * 1e6) / count;
      check(sum, (count * (count - 1)) / 2);
      if (i > 1) samples.push(ns);
    });
  }
  await pool.close();
  return { message: samples };
}

function shared(load: Load, batch: number, sides: "one" | "many"): Promise<Samples> {
  const count = load.of(batch === 1 ? 1_000_000 : 8_000_000, 10_000);
  return measure(load, count, batch === 1 ? receiveOneByOne : receiveInBatches, () => {
    const capacity = batch === 1 ? RING_PLACES : LARGE_RING_PLACES;
    const channel = new SharedChannel({ capacity, type: "int32", senders: sides, receivers: sides });
    const values = new Int32Array(batch);
    return {
      end: channel,
      send: (all) => {
        if (batch === 1) {
          for (let i = 0; i < all; i++) channel.sendSync(i);
          return;
        }
        for (let first = 0; first < all; first += batch) {
          const some = values.subarray(0, Math.min(batch, all - first));
          for (let i = 0; i < some.length; i++) some[i] = first + i;
          channel.sendManySync(some);
        }
      },
    };
  });
}

await ask({
  module: import.meta.url,
  asks: "What does it cost to hand a number to another thread, one at a time, 64 or 1024?",
  units: { message: "ns" },
  targets: [
    { metric: "message", of: "skein", atMost: 50 },
    { metric: "message", of: "skein", against: "ring by hand", ratioAtMost: 1.8 },
    { metric: "message", of: "skein", against: "MessagePort", ratioAtMost: 1 / 15 },
    { metric: "message", of: "skein, 1024 at a time", atMost: 4 },
    { metric: "message", of: "skein, 64 at a time", against: "ring by hand, 64 at a time", ratioAtMost: 1.8 },
    { metric: "message", of: "skein, 64 at a time", against: "MessagePort", ratioAtMost: 1 / 150 },
    { metric: "message", of: "skein, objects", against: "MessagePort, objects", ratioAtMost: 1 / 4 },
    { metric: "message", of: "skein, records", against: "MessagePort, objects", ratioAtMost: 1 / 8 },
  ],
  variants: {
    skein: (load) => shared(load, 1, "one"),
    "skein, for many": (load) => shared(load, 1, "many"),
    "skein, 64 at a time": (load) => shared(load, 64, "one"),
    "skein, 1024 at a time": (load) => shared(load, 1024, "one"),
    "skein, objects": (load) =>
      measure(load, load.of(200_000, 10_000), receiveMessages, () => {
        const channel = new SharedChannel<Message>({ capacity: 1024, senders: "one", receivers: "one" });
        return {
          end: channel,
          send: (all) => {
            for (let i = 0; i < all; i++) channel.sendSync({ number: i, text: "message" });
          },
        };
      }),
    "skein, records": (load) =>
      measure(load, load.of(200_000, 10_000), receiveMessages, () => {
        const type = { number: "int32", text: text(8) } as const;
        const channel = new SharedChannel({ capacity: 1024, type, senders: "one", receivers: "one" });
        return {
          end: channel,
          send: (all) => {
            for (let i = 0; i < all; i++) channel.sendSync({ number: i, text: "message" });
          },
        };
      }),
    "ring by hand": (load) =>
      measure(load, load.of(1_000_000, 10_000), receiveFromRing, () => {
        const cells = new Int32Array(new SharedArrayBuffer((DATA + RING_PLACES) * 4));
        return {
          end: cells,
          send: (all) => {
            let head = 0;
            for (let tail = 0; tail < all;) {
              while (tail - head === RING_PLACES) head = Atomics.load(cells, HEAD);
              cells[DATA + (tail % RING_PLACES)] = tail;
              Atomics.store(cells, TAIL, ++tail);
            }
          },
        };
      }),
    "ring by hand, 64 at a time": (load) =>
      measure(load, load.of(8_000_000, 10_000), receiveFromRingInBatches, () => {
        const cells = new Int32Array(new SharedArrayBuffer((DATA + LARGE_RING_PLACES) * 4));
        const values = new Int32Array(64);
        return {
          end: cells,
          send: (all) => {
            let head = 0;
            for (let tail = 0; tail < all;) {
              const batch = Math.min(64, all - tail);
              for (let i = 0; i < batch; i++) values[i] = tail + i;
              while (tail + batch - head > LARGE_RING_PLACES) head = Atomics.load(cells, HEAD);
              for (let i = 0; i < batch; i++) cells[DATA + ((tail + i) % LARGE_RING_PLACES)] = values[i] as number;
              Atomics.store(cells, TAIL, (tail += batch));
            }
          },
        };
      }),
    "channel of Go": { go: "shared-channel" },
    "channel of crossbeam": { rust: "shared-channel" },
    "MessagePort, objects": (load) =>
      measure(load, load.of(100_000, 10_000), receiveFromPort, () => {
        const { port1, port2 } = new MessageChannel();
        return {
          end: port2,
          transfer: port2,
          send: (all) => {
            for (let i = 0; i < all; i++) port1.postMessage({ number: i, text: "message" });
          },
        };
      }),
    MessagePort: (load) =>
      measure(load, load.of(200_000, 10_000), receiveFromPort, () => {
        const { port1, port2 } = new MessageChannel();
        return {
          end: port2,
          transfer: port2,
          send: (all) => {
            for (let i = 0; i < all; i++) port1.postMessage(i);
          },
        };
      }),
  },
});
