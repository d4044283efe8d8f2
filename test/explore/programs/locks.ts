/** Threads that wait for each other, and locks held too long or the wrong way. */
import { Condition, Mutex, RwLock } from "skein/shared";
import type { Cell, Exploration } from "skein/explore";

import { announce, at, cells, type KnownBug, waitWhile } from "./program.js";

/** Takes both, in this order. */
function inBoth(outer: Mutex, inner: Mutex): void {
  outer.withLockSync(() => inner.withLockSync(() => {}));
}

async function twoLocks(t: Exploration, isOrdered: boolean): Promise<void> {
  const a = new Mutex({ name: "a" });
  const b = new Mutex({ name: "b" });
  t.thread("first", () => inBoth(a, b));
  t.thread("second", () => (isOrdered ? inBoth(a, b) : inBoth(b, a)));
  await t.join();
}

const deadlock01: KnownBug = {
  name: "AB-BA",
  source: "SCTBench, deadlock01; GoKer, AB-BA: two locks taken in both orders",
  kinds: ["deadlock", "lock order"],
  buggy: (t) => twoLocks(t, false),
  fixed: (t) => twoLocks(t, true),
};

async function transfers(t: Exploration, isOrdered: boolean): Promise<void> {
  const locks = [0, 1, 2].map((index) => new Mutex({ name: `account ${index}` }));
  const balances = cells(t, "balance", 3);
  const transfer = (from: number, to: number) => () => {
    const [outer, inner] = isOrdered && from > to ? [to, from] : [from, to];
    locks[outer]?.withLockSync(() =>
      locks[inner]?.withLockSync(() => {
        at(balances, from).store(at(balances, from).load() - 1);
        at(balances, to).store(at(balances, to).load() + 1);
      }),
    );
  };
  t.thread("0 to 1", transfer(0, 1));
  t.thread("1 to 2", transfer(1, 2));
  t.thread("2 to 0", transfer(2, 0));
  await t.join();
  t.expect(
    balances.every((balance) => balance.load() === 0),
    "what was taken has been given",
  );
}

const circle: KnownBug = {
  name: "three transfers in a circle",
  source: "textbook: transfers lock the giver, then the receiver",
  kinds: ["deadlock", "lock order"],
  buggy: (t) => transfers(t, false),
  fixed: (t) => transfers(t, true),
};

async function dine(t: Exploration, count: number, isLastLeftHanded: boolean): Promise<void> {
  const forks = Array.from({ length: count }, (_, index) => new Mutex({ name: `fork ${index}` }));
  for (let index = 0; index < count; index += 1) {
    const left = forks[index] as Mutex;
    const right = forks[(index + 1) % count] as Mutex;
    const isLast = index === count - 1;
    t.thread(`philosopher ${index}`, () => (isLast && isLastLeftHanded ? inBoth(right, left) : inBoth(left, right)));
  }
  await t.join();
}

const philosophers = [3, 5].map((count): KnownBug => ({
  name: `${count} philosophers`,
  source: `Dijkstra; SCTBench, din_phil${count}: each takes the left fork first`,
  kinds: ["deadlock", "lock order"],
  buggy: (t) => dine(t, count, false),
  fixed: (t) => dine(t, count, true),
}));

/** The first in of a group takes `gate` for all, the last out gives it back. */
function visit(mutex: Mutex, inside: Cell, gate: Cell): void {
  mutex.withLockSync(() => {
    if (inside.add(1) === 0) while (gate.exchange(1) === 1) gate.wait(1);
  });
  mutex.withLockSync(() => {
    if (inside.add(-1) === 1) announce(gate, 0);
  });
}

const carter01: KnownBug = {
  name: "carter01",
  source:
    "SCTBench, carter01: the first of a group waits for the gate while it holds the lock that giving it back needs",
  kinds: ["deadlock", "lost wake-up"],
  async buggy(t) {
    const mutex = new Mutex({ name: "counters" });
    const gate = t.cell("gate", 0);
    const [readers, writers] = [t.cell("readers", 0), t.cell("writers", 0)];
    t.thread("reader", () => visit(mutex, readers, gate));
    t.thread("writer", () => visit(mutex, writers, gate));
    await t.join();
  },
  async fixed(t) {
    const gate = t.cell("gate", 0);
    const [readers, writers] = [t.cell("readers", 0), t.cell("writers", 0)];
    // A lock each: who waits for the gate keeps only its own group out.
    const [readersLock, writersLock] = [new Mutex({ name: "readers" }), new Mutex({ name: "writers" })];
    t.thread("reader", () => visit(readersLock, readers, gate));
    t.thread("writer", () => visit(writersLock, writers, gate));
    await t.join();
  },
};

const doubleLock: KnownBug = {
  name: "double lock",
  source: "GoKer, double lock: a method that locks calls another that locks",
  kinds: ["deadlock", "misuse", "assertion"],
  async buggy(t) {
    const mutex = new Mutex({ name: "state" });
    const size = t.cell("size", 0);
    const grow = (): void => mutex.withLockSync(() => void size.add(1));
    t.thread("grow twice", () => {
      mutex.withLockSync(() => {
        if (size.load() < 2) grow();
      });
    });
    await t.join();
  },
  async fixed(t) {
    const mutex = new Mutex({ name: "state" });
    const size = t.cell("size", 0);
    const growLocked = (): void => void size.add(1);
    t.thread("grow twice", () => {
      mutex.withLockSync(() => {
        if (size.load() < 2) growLocked();
      });
    });
    await t.join();
  },
};

async function earlyReturn(t: Exploration, alwaysUnlocks: boolean): Promise<void> {
  const mutex = new Mutex({ name: "state" });
  const stopped = t.cell("stopped", 0);
  t.thread("worker", () => {
    const guard = mutex.lockSync();
    if (stopped.load() === 1 && !alwaysUnlocks) return;
    guard.release();
  });
  t.thread("stopper", () => {
    mutex.withLockSync(() => stopped.store(1));
    mutex.withLockSync(() => {});
  });
  await t.join();
}

const forgottenUnlock: KnownBug = {
  name: "forgotten unlock",
  source: "GoKer, blocking: an early return leaves the lock taken",
  kinds: ["deadlock", "leak", "misuse"],
  buggy: (t) => earlyReturn(t, false),
  fixed: (t) => earlyReturn(t, true),
};

/** A reader-writer lock of one word: how many read, or -1. */
function enterAsReader(lock: Cell): void {
  for (;;) {
    const readers = lock.load();
    if (readers >= 0 && lock.compareExchange(readers, readers + 1) === readers) return;
    if (readers < 0) lock.wait(readers);
  }
}

function upgrade(lock: Cell): void {
  while (lock.compareExchange(1, -1) !== 1) {
    const readers = lock.load();
    if (readers !== 1) lock.wait(readers);
  }
}

const upgradeDeadlock: KnownBug = {
  name: "two readers upgrade",
  source: "textbook: two readers want to write and each waits for the other to stop reading",
  kinds: ["deadlock"],
  async buggy(t) {
    const lock = t.cell("lock", 0);
    const body = (): void => {
      enterAsReader(lock);
      upgrade(lock);
      announce(lock, 0);
    };
    t.thread("first", body);
    t.thread("second", body);
    await t.join();
  },
  async fixed(t) {
    const lock = t.cell("lock", 0);
    const body = (): void => {
      enterAsReader(lock);
      if (lock.compareExchange(1, -1) === 1) return announce(lock, 0);
      lock.add(-1);
      lock.notify();
    };
    t.thread("first", body);
    t.thread("second", body);
    await t.join();
    t.expect(lock.load() === 0, "all have left");
  },
};

async function countReaders(t: Exploration, verb: "withRead" | "withWrite"): Promise<void> {
  const lock = new RwLock({ name: "statistics" });
  const hits = t.cell("hits", 0);
  const body = (): void => {
    const guard = verb === "withRead" ? lock.readSync() : lock.writeSync();
    hits.store(hits.load() + 1);
    guard.release();
  };
  t.thread("first", body);
  t.thread("second", body);
  await t.join();
  t.expect(hits.load() === 2, "both hits count");
}

const writeUnderRead: KnownBug = {
  name: "write under a read lock",
  source: "GoBench, non-blocking: statistics updated while holding the lock for reading",
  kinds: ["assertion"],
  buggy: (t) => countReaders(t, "withRead"),
  fixed: (t) => countReaders(t, "withWrite"),
};

/** A reader-writer lock where writers who wait keep new readers out: word 0 readers or -1, and a count of waiting writers. */
async function nestedRead(t: Exploration, isNested: boolean): Promise<void> {
  const lock = t.cell("lock", 0);
  const waiting = t.cell("waiting writers", 0);
  const read = (): void => {
    waitWhile(waiting, 1);
    enterAsReader(lock);
  };
  const leave = (): void => {
    lock.add(-1);
    lock.notify();
  };
  t.thread("reader", () => {
    read();
    if (isNested) read();
    if (isNested) leave();
    leave();
  });
  t.thread("writer", () => {
    waiting.store(1);
    while (lock.compareExchange(0, -1) !== 0) {
      const readers = lock.load();
      if (readers !== 0) lock.wait(readers);
    }
    announce(waiting, 0);
    announce(lock, 0);
  });
  await t.join();
}

const readWriteRead: KnownBug = {
  name: "read, write, read",
  source: "GoKer, RWR: a writer comes between two nested reads of one thread",
  kinds: ["deadlock"],
  buggy: (t) => nestedRead(t, true),
  fixed: (t) => nestedRead(t, false),
};

async function waitHolding(t: Exploration, holdsOther: boolean): Promise<void> {
  const state = new Mutex({ name: "state" });
  const signal = new Mutex({ name: "signal" });
  const changed = new Condition({ mutex: signal, name: "changed" });
  const ready = t.cell("ready", 0);
  const awaitReady = (): void => {
    const guard = signal.lockSync();
    while (ready.load() === 0) changed.waitSync(guard);
    guard.release();
  };
  t.thread("waiter", () => (holdsOther ? state.withLockSync(awaitReady) : awaitReady()));
  t.thread("signaller", () => {
    state.withLockSync(() => {});
    signal.withLockSync(() => {
      ready.store(1);
      changed.notifyAll();
    });
  });
  await t.join();
}

const nestedMonitor: KnownBug = {
  name: "nested monitors",
  source: "Lister 1977; GoKer, mixed: waiting for a signal while holding the lock that the signaller needs first",
  kinds: ["deadlock"],
  buggy: (t) => waitHolding(t, true),
  fixed: (t) => waitHolding(t, false),
};

async function loadSettings(t: Exploration, isFlagAtomic: boolean): Promise<void> {
  const lock = new Mutex({ name: "settings lock" });
  const isLoaded = t.cell("is loaded", 0);
  const port = t.cell("port", 0);
  const portOf = (): void => {
    if (isLoaded.load() === 0) {
      lock.withLockSync(() => {
        if (isLoaded.load() === 1) return;
        port.value = 8080;
        if (isFlagAtomic) isLoaded.store(1);
        else isLoaded.value = 1;
      });
    }
    t.expect(port.value === 8080, "who finds the settings loaded finds them");
  };
  t.thread("first", portOf);
  t.thread("second", portOf);
  await t.join();
}

const plainUnderLock: KnownBug = {
  name: "flag written under a lock, read without",
  source: "Skein's own `Once`, before this explorer; Go, 'double-checked locking' in the memory model",
  kinds: ["race"],
  buggy: (t) => loadSettings(t, false),
  fixed: (t) => loadSettings(t, true),
};

export const LOCKS: readonly KnownBug[] = [
  deadlock01,
  circle,
  ...philosophers,
  carter01,
  doubleLock,
  forgottenUnlock,
  upgradeDeadlock,
  writeUnderRead,
  readWriteRead,
  nestedMonitor,
  plainUnderLock,
];
