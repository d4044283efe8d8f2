import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  CLOSED,
  dequeModel,
  EMPTY,
  ENDED,
  mutexModel,
  OWNER_DIED,
  queueModel,
  rwLockModel,
  semaphoreModel,
  withEndings,
} from "./models.js";
import { isExplained, type Row } from "./written-history.js";

describe("the models", () => {
  it("of locks tell of a holder that died, until all is in order again", () => {
    const mutex = withEndings(mutexModel());
    const death: readonly Row[] = [
      [0, 0, 1, "lock", undefined, true],
      [1, 2, 3, "tryLock", undefined, false],
      [-1, 4, 5, ENDED, 0],
    ];
    assert.ok(
      isExplained(mutex, [
        ...death,
        [1, 6, 7, "lock", undefined, OWNER_DIED],
        [1, 8, 9, "recover", undefined, true],
        [1, 10, 11, "markConsistent"],
        [1, 12, 13, "unlock"],
        [2, 14, 15, "lock", undefined, true],
      ]),
    );
    assert.ok(!isExplained(mutex, [...death, [1, 6, 7, "lock", undefined, true]]));
    assert.ok(!isExplained(mutex, [...death, [1, 6, 7, "tryLock", undefined, false]]));
    const told: Row = [1, 6, 9, "lock", undefined, OWNER_DIED];
    assert.ok(isExplained(mutex, [...death, told, [2, 9, 10, "tryLock", undefined, false]]));
    assert.ok(!isExplained(mutex, [...death, told, [2, 10, 11, "tryLock", undefined, false]]));
    const rwLock = withEndings(rwLockModel());
    assert.ok(
      isExplained(rwLock, [
        [0, 0, 1, "write", undefined, true],
        [-1, 2, 3, ENDED, 0],
        [1, 4, 5, "read", undefined, OWNER_DIED],
      ]),
    );
    assert.ok(
      isExplained(rwLock, [
        [0, 0, 1, "read", undefined, true],
        [-1, 2, 3, ENDED, 0],
        [1, 4, 5, "write", undefined, true],
      ]),
    );
    const semaphore = withEndings(semaphoreModel({ permits: 2 }));
    assert.ok(
      isExplained(semaphore, [
        [0, 0, 1, "acquire", 2],
        [-1, 2, 3, ENDED, 0],
        [1, 4, 5, "free", undefined, 2],
      ]),
    );
  });

  it("let nothing happen for a thread of which nothing is left", () => {
    const mutex = withEndings(mutexModel());
    const pending: readonly Row[] = [
      [0, 0, Infinity, "lock"],
      [-1, 4, 5, ENDED, 0],
    ];
    assert.ok(isExplained(mutex, [...pending, [1, 6, 7, "lock", undefined, true]]));
    assert.ok(isExplained(mutex, [...pending, [1, 6, 7, "lock", undefined, OWNER_DIED]]));
    assert.ok(!isExplained(mutex, [...pending, [1, 6, 7, "tryLock", undefined, false]]));
  });

  it("let a try-form be refused only while another thread has waited for so long", () => {
    const fair = queueModel({ capacity: 2, insistsAfterNs: 1e6 });
    const refused = (begin: number, end: number): Row => [1, begin, end, "trySend", 5, false];
    assert.ok(isExplained(fair, [[0, 0, 2e6, "send", 4], refused(1e6, 1.1e6)]));
    assert.ok(!isExplained(fair, [[0, 0, 2e6, "send", 4], refused(8e5, 9e5)]));
    assert.ok(!isExplained(fair, [[0, 0, 2e6, "send", 4], refused(3e6, 3.1e6)]));
    assert.ok(
      !isExplained(fair, [
        [0, 0, 2e6, "receive", undefined, CLOSED],
        [2, 0, 1, "close"],
        [1, 1e6, 1.1e6, "tryReceive", undefined, 3],
      ]),
    );
  });

  it("of a deque let a steal be in vain where that is said, and somebody else was at it", () => {
    const rows: readonly Row[] = [
      [0, 0, 1, "push", 1, true],
      [0, 2, 3, "push", 2, true],
      [1, 4, 9, "steal", undefined, EMPTY],
    ];
    const other: Row = [2, 4, 9, "steal", undefined, 1];
    assert.ok(isExplained(dequeModel({ losesRaces: true }), [...rows, other]));
    assert.ok(!isExplained(dequeModel({ losesRaces: true }), rows));
    assert.ok(!isExplained(dequeModel(), [...rows, other]));
  });
});
