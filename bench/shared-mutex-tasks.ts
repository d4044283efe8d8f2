/** What the threads of `shared-mutex` run, and the lock written by hand that it compares with. */
import { task } from "skein";
import { Mutex } from "skein/shared";

/** Three states: 0 free, 1 held, 2 held and somebody sleeps. After Drepper. */
export function lockByHand(cells: Int32Array): void {
  let state = Atomics.compareExchange(cells, 0, 0, 1);
  if (state === 0) return;
  do {
    if (state === 2 || Atomics.compareExchange(cells, 0, 1, 2) !== 0) Atomics.wait(cells, 0, 2);
    state = Atomics.compareExchange(cells, 0, 0, 2);
  } while (state !== 0);
}

export function unlockByHand(cells: Int32Array): void {
  if (Atomics.exchange(cells, 0, 0) === 2) Atomics.notify(cells, 0, 1);
}

/** Takes and releases so often, and counts. @returns nanoseconds for each */
export const countUnderLock = task(function countUnderLock(
  lock: Mutex | Int32Array,
  counter: Int32Array,
  rounds: number,
): number {
  const startMs = performance.now();
  if (lock instanceof Mutex) {
    for (let round = 0; round < rounds; round++) {
      const guard = lock.lockSync();
      counter[0] = (counter[0] as number) + 1;
      guard.release();
    }
  } else {
    for (let round = 0; round < rounds; round++) {
      lockByHand(lock);
      counter[0] = (counter[0] as number) + 1;
      unlockByHand(lock);
    }
  }
  return ((performance.now() - startMs) * 1e6) / rounds;
});
