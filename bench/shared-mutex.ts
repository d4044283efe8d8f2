// What does it cost to take and release a mutex that threads share, alone and with another thread that wants it?
import { scope, threads } from "skein";
import { Mutex } from "skein/shared";

import { ask, check, type Load, type Samples, time } from "./harness.js";
import { countUnderLock, lockByHand, unlockByHand } from "./shared-mutex-tasks.js";

/** @param once - takes and releases the lock, that often */
async function measure(
  load: Load,
  lock: Mutex | Int32Array,
  once: ((times: number) => void) | undefined,
): Promise<Samples> {
  const operations = load.of(1_000_000, 10_000);
  const alone =
    once === undefined ? undefined : await time({ operations, batches: 12, warmUp: 6 }, () => once(operations));
  const pool = threads({ size: 2, name: "wanting" });
  const contended: number[] = [];
  // Together 10^7, each of them counted.
  const rounds = load.of(5_000_000, 10_000);
  await scope(async (s) => {
    for (let i = 0; i < load.of(3, 2); i++) {
      const counter = new Int32Array(new SharedArrayBuffer(4));
      const jobs = [0, 1].map(() => s.spawn(countUnderLock, [lock, counter, rounds], { on: pool }));
      const [first, second] = (await Promise.all(jobs)) as [number, number];
      check(counter[0], 2 * rounds);
      // Each counted its own rounds while the other did as many.
      if (i > 0) contended.push((first + second) / 4);
    }
  });
  await pool.close();
  return { ...(alone === undefined ? {} : { alone }), "two threads": contended };
}

const mutex = (): Mutex => new Mutex();
const byHand = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));

await ask({
  module: import.meta.url,
  asks: "What does it cost to take and release a mutex that threads share, alone and with another thread that wants it?",
  units: { alone: "ns", "two threads": "ns" },
  targets: [
    { metric: "alone", of: "skein", atMost: 25 },
    { metric: "alone", of: "skein", against: "by hand", ratioAtMost: 1.4 },
  ],
  variants: {
    skein: (load) => {
      const lock = mutex();
      return measure(load, lock, (times) => {
        for (let i = 0; i < times; i++) lock.lockSync().release();
      });
    },
    "skein, withLockSync": (load) => {
      const lock = mutex();
      let count = 0;
      const add = (): number => count++;
      return measure(load, lock, (times) => {
        for (let i = 0; i < times; i++) lock.withLockSync(add);
      });
    },
    "by hand": (load) => {
      const cells = byHand();
      return measure(load, cells, (times) => {
        for (let i = 0; i < times; i++) {
          lockByHand(cells);
          unlockByHand(cells);
        }
      });
    },
  },
});
