/** Updates that get lost, and critical sections that are cut in two. */
import { Mutex, SharedMap } from "skein/shared";
import type { Cell, Exploration } from "skein/explore";

import type { KnownBug } from "./program.js";

async function twoThreads(t: Exploration, body: () => void): Promise<void> {
  t.thread("first", body);
  t.thread("second", body);
  await t.join();
}

const lostUpdate: KnownBug = {
  name: "lost update",
  source: "textbook: a counter read and written in two steps",
  kinds: ["assertion"],
  async buggy(t) {
    const counter = t.cell("counter", 0);
    await twoThreads(t, () => counter.store(counter.load() + 1));
    t.expect(counter.load() === 2, "both increments count");
  },
  async fixed(t) {
    const counter = t.cell("counter", 0);
    await twoThreads(t, () => void counter.add(1));
    t.expect(counter.load() === 2, "both increments count");
  },
};

const plainCounter: KnownBug = {
  name: "plain counter",
  source: "DataRaceBench: an increment without synchronisation",
  kinds: ["race"],
  async buggy(t) {
    const counter = t.cell("counter", 0);
    await twoThreads(t, () => {
      counter.value += 1;
    });
  },
  async fixed(t) {
    const counter = t.cell("counter", 0);
    const mutex = new Mutex({ name: "mutex" });
    await twoThreads(t, () => {
      mutex.withLockSync(() => {
        counter.value += 1;
      });
    });
    t.expect(counter.value === 2, "both increments count");
  },
};

/** Computes the new balance from one read under the lock, as the original's deposit and withdrawal do. */
function changeInTwoSections(mutex: Mutex, balance: Cell, change: number): void {
  const before = mutex.withLockSync(() => balance.load());
  mutex.withLockSync(() => balance.store(before + change));
}

const account: KnownBug = {
  name: "account",
  source: "SCTBench, account: a deposit and a withdrawal in two critical sections each",
  kinds: ["assertion"],
  async buggy(t) {
    const balance = t.cell("balance", 100);
    const mutex = new Mutex({ name: "account" });
    t.thread("deposit", () => changeInTwoSections(mutex, balance, 50));
    t.thread("withdrawal", () => changeInTwoSections(mutex, balance, -30));
    await t.join();
    t.expect(balance.load() === 120, "no money appears or is lost");
  },
  async fixed(t) {
    const balance = t.cell("balance", 100);
    const mutex = new Mutex({ name: "account" });
    const change = (by: number) => mutex.withLockSync(() => balance.store(balance.load() + by));
    t.thread("deposit", () => change(50));
    t.thread("withdrawal", () => change(-30));
    await t.join();
    t.expect(balance.load() === 120, "no money appears or is lost");
  },
};

async function wrongLock(t: Exploration, others: number, lockOfOthers: "data" | "self"): Promise<void> {
  const data = t.cell("data", 0);
  const locks = { data: new Mutex({ name: "data lock" }), self: new Mutex({ name: "own lock" }) };
  t.thread("reader", () => {
    locks.data.withLockSync(() => {
      const before = data.load();
      data.store(before + 1);
      t.expect(data.load() === before + 1, "nobody else writes while the data lock is held");
    });
  });
  for (let index = 0; index < others; index += 1) {
    t.thread(`writer ${index}`, () => locks[lockOfOthers].withLockSync(() => data.store(data.load() + 1)));
  }
  await t.join();
}

const wrongLock1: KnownBug = {
  name: "wrong lock",
  source: "SCTBench, wronglock: two locks guard the same data",
  kinds: ["assertion"],
  buggy: (t) => wrongLock(t, 1, "self"),
  fixed: (t) => wrongLock(t, 1, "data"),
};

const wrongLock3: KnownBug = {
  name: "wrong lock, three writers",
  source: "SCTBench, wronglock_3",
  kinds: ["assertion"],
  buggy: (t) => wrongLock(t, 3, "self"),
  fixed: (t) => wrongLock(t, 3, "data"),
};

async function twoStage(t: Exploration, isOneSection: boolean): Promise<void> {
  const first = t.cell("first", 0);
  const second = t.cell("second", 0);
  const firstLock = new Mutex({ name: "first lock" });
  const secondLock = new Mutex({ name: "second lock" });
  const stageTwo = (): void => void secondLock.withLockSync(() => second.store(first.load() + 1));
  t.thread("writer", () => {
    firstLock.withLockSync(() => {
      first.store(1);
      if (isOneSection) stageTwo();
    });
    if (!isOneSection) stageTwo();
  });
  t.thread("reader", () => {
    const seen = firstLock.withLockSync(() => first.load());
    if (seen === 0) return;
    const derived = secondLock.withLockSync(() => second.load());
    t.expect(derived === seen + 1, "who sees the first stage finds the second done");
  });
  await t.join();
}

const twoStages: KnownBug = {
  name: "two stages",
  source: "SCTBench, twostage: two values change together under two locks, one after the other",
  kinds: ["assertion"],
  buggy: (t) => twoStage(t, false),
  fixed: (t) => twoStage(t, true),
};

async function reorder(t: Exploration, setters: number, isLocked: boolean): Promise<void> {
  const a = t.cell("a", 0);
  const b = t.cell("b", 0);
  const mutex = new Mutex({ name: "pair" });
  const inside = <Result>(fn: () => Result): Result => (isLocked ? mutex.withLockSync(fn) : fn());
  for (let index = 0; index < setters; index += 1) {
    t.thread(`setter ${index}`, () => {
      inside(() => {
        a.store(1);
        b.store(-1);
      });
    });
  }
  t.thread("checker", () => {
    const [seenA, seenB] = inside(() => [a.load(), b.load()] as const);
    t.expect(
      (seenA === 0 && seenB === 0) || (seenA === 1 && seenB === -1),
      `a pair that belongs together, not ${seenA}, ${seenB}`,
    );
  });
  await t.join();
}

const reorders = [2, 3, 4, 9, 19].map((setters): KnownBug => ({
  name: `reorder ${setters + 1}`,
  source: `SCTBench, reorder_${setters + 1}: a pair written in two steps by ${setters} threads`,
  kinds: ["assertion"],
  buggy: (t) => reorder(t, setters, false),
  fixed: (t) => reorder(t, setters, true),
}));

const lazy01: KnownBug = {
  name: "lazy01",
  source: "SCTBench, lazy01: the check may run after both additions",
  kinds: ["assertion"],
  async buggy(t) {
    const data = t.cell("data", 0);
    const mutex = new Mutex({ name: "mutex" });
    t.thread("one", () => mutex.withLockSync(() => data.store(data.load() + 1)));
    t.thread("two", () => mutex.withLockSync(() => data.store(data.load() + 2)));
    t.thread("check", () =>
      mutex.withLockSync(() => t.expect(data.load() < 3, "the check comes before both additions")),
    );
    await t.join();
  },
  async fixed(t) {
    const data = t.cell("data", 0);
    const mutex = new Mutex({ name: "mutex" });
    const check = t.thread("check", () =>
      mutex.withLockSync(() => t.expect(data.load() < 3, "the check comes before both additions")),
    );
    await t.join(check);
    t.thread("one", () => mutex.withLockSync(() => data.store(data.load() + 1)));
    t.thread("two", () => mutex.withLockSync(() => data.store(data.load() + 2)));
    await t.join();
  },
};

async function tokenRing(t: Exploration, isOrdered: boolean): Promise<void> {
  const [x1, x2, x3] = [t.cell("x1", 1), t.cell("x2", 1), t.cell("x3", 1)];
  const mutex = new Mutex({ name: "ring" });
  const steps: [string, () => void][] = [
    ["pass 1", () => x1.store((x3.load() + 1) % 4)],
    ["pass 2", () => x2.store(x1.load())],
    ["pass 3", () => x3.store(x2.load())],
  ];
  for (const [name, step] of steps) {
    const pass = t.thread(name, () => mutex.withLockSync(step));
    if (isOrdered) await t.join(pass);
  }
  await t.join();
  t.expect(x1.load() === x2.load() && x2.load() === x3.load(), "the token has gone all the way round");
}

const tokenRings: KnownBug = {
  name: "token ring",
  source: "SCTBench, token_ring: each step is atomic, their order is left open",
  kinds: ["assertion"],
  buggy: (t) => tokenRing(t, false),
  fixed: (t) => tokenRing(t, true),
};

async function stringBuffer(t: Exploration, isOneSection: boolean): Promise<void> {
  const length = t.cell("length", 3);
  const mutex = new Mutex({ name: "buffer" });
  const inside = <Result>(fn: () => Result): Result => (isOneSection ? mutex.withLockSync(fn) : fn());
  const locked = <Result>(fn: () => Result): Result => (isOneSection ? fn() : mutex.withLockSync(fn));
  t.thread("append", () => {
    inside(() => {
      const seen = locked(() => length.load());
      locked(() => t.expect(seen <= length.load(), "the characters that were counted are still there"));
    });
  });
  t.thread("erase", () => mutex.withLockSync(() => length.store(0)));
  await t.join();
}

const stringBuffers: KnownBug = {
  name: "string buffer",
  source: "SCTBench and ConVul, StringBuffer.append: the length is asked for in one section and used in the next",
  kinds: ["assertion"],
  buggy: (t) => stringBuffer(t, false),
  fixed: (t) => stringBuffer(t, true),
};

const mapCounter: KnownBug = {
  name: "counter in a shared map",
  source: "jcstress samples: get and put of a concurrent map are atomic, both together are not",
  kinds: ["assertion"],
  async buggy(t) {
    const hits = new SharedMap({ type: "int32", name: "hits" });
    await twoThreads(t, () => void hits.set(1, (hits.get(1) ?? 0) + 1));
    t.expect(hits.get(1) === 2, "both hits count");
  },
  async fixed(t) {
    const hits = new SharedMap({ type: "int32", name: "hits" });
    await twoThreads(t, () => void hits.update(1, (count) => (count ?? 0) + 1));
    t.expect(hits.get(1) === 2, "both hits count");
  },
};

export const LOST_UPDATES: readonly KnownBug[] = [
  lostUpdate,
  plainCounter,
  account,
  wrongLock1,
  wrongLock3,
  twoStages,
  ...reorders,
  lazy01,
  tokenRings,
  stringBuffers,
  mapCounter,
];
