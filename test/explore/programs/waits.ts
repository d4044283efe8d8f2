/** Signals that are missed, sent too early, or sent to the wrong one. */
import { Barrier, Condition, Event, Latch, Mutex, Semaphore } from "skein/shared";
import type { Exploration } from "skein/explore";

import { announce, type KnownBug, waitWhile } from "./program.js";

async function consumers(t: Exploration, checksAgain: boolean): Promise<void> {
  const mutex = new Mutex({ name: "queue" });
  const filled = new Condition({ mutex, name: "filled" });
  const items = t.cell("items", 0);
  const consume = (): void => {
    const guard = mutex.lockSync();
    if (checksAgain) while (items.load() === 0) filled.waitSync(guard);
    else if (items.load() === 0) filled.waitSync(guard);
    t.expect(items.add(-1) > 0, "a consumer that goes on finds an item");
    guard.release();
  };
  const produce = (): void =>
    mutex.withLockSync(() => {
      items.add(1);
      filled.notifyAll();
    });
  t.thread("consumer 1", consume);
  t.thread("consumer 2", consume);
  t.thread("producer", () => {
    produce();
    produce();
  });
  await t.join();
}

const ifNotWhile: KnownBug = {
  name: "if instead of while",
  source: "Deadlock Empire, Condition Variables: who was woken does not look again",
  kinds: ["assertion"],
  buggy: (t) => consumers(t, false),
  fixed: (t) => consumers(t, true),
};

async function signalOnce(t: Exploration, looksUnderLock: boolean): Promise<void> {
  const mutex = new Mutex({ name: "state" });
  const done = new Condition({ mutex, name: "done" });
  const isDone = t.cell("is done", 0);
  t.thread("waiter", () => {
    if (!looksUnderLock && isDone.load() === 1) return;
    const guard = mutex.lockSync();
    if (looksUnderLock) while (isDone.load() === 0) done.waitSync(guard);
    else done.waitSync(guard);
    guard.release();
  });
  t.thread("signaller", () => {
    mutex.withLockSync(() => {
      isDone.store(1);
      done.notifyOne();
    });
  });
  await t.join();
}

const signalBeforeWait: KnownBug = {
  name: "signal before the wait",
  source: "GoKer, condition variable: the state is looked at before the lock is taken",
  kinds: ["lost wake-up", "deadlock"],
  buggy: (t) => signalOnce(t, false),
  fixed: (t) => signalOnce(t, true),
};

async function park(t: Exploration, wakerChangesWord: boolean): Promise<void> {
  const task = t.cell("task", 0);
  const parked = t.cell("parked", 0);
  t.thread("sleeper", () => {
    for (;;) {
      const epoch = parked.load();
      if (task.load() === 1) return;
      parked.wait(epoch);
    }
  });
  t.thread("waker", () => {
    task.store(1);
    if (wakerChangesWord) parked.add(1);
    parked.notify();
  });
  await t.join();
}

const wakerKeepsWord: KnownBug = {
  name: "waker that does not change the word",
  source: "futex(2): the word that is waited for must change, or a wake-up before the wait is lost",
  kinds: ["lost wake-up", "deadlock"],
  buggy: (t) => park(t, false),
  fixed: (t) => park(t, true),
};

async function boundedBuffer(t: Exploration, wakes: "one" | "all"): Promise<void> {
  const mutex = new Mutex({ name: "buffer" });
  const changed = new Condition({ mutex, name: "changed" });
  const items = t.cell("items", 0);
  const wake = (): void => void (wakes === "one" ? changed.notifyOne() : changed.notifyAll());
  const produce = (): void => {
    const guard = mutex.lockSync();
    while (items.load() === 1) changed.waitSync(guard);
    items.store(1);
    wake();
    guard.release();
  };
  const consume = (): void => {
    const guard = mutex.lockSync();
    while (items.load() === 0) changed.waitSync(guard);
    items.store(0);
    wake();
    guard.release();
  };
  t.thread("consumer 1", consume);
  t.thread("consumer 2", consume);
  t.thread("producer 1", produce);
  t.thread("producer 2", produce);
  await t.join();
}

const wrongWaiter: KnownBug = {
  name: "one condition for two kinds of waiters",
  source: "textbook: a producer's signal wakes another producer, and the consumer sleeps on",
  kinds: ["deadlock", "lost wake-up"],
  buggy: (t) => boundedBuffer(t, "one"),
  fixed: (t) => boundedBuffer(t, "all"),
};

async function pulse(t: Exploration, clears: boolean): Promise<void> {
  const event = new Event({ name: "go" });
  t.thread("waiter", () => event.waitSync());
  t.thread("starter", () => {
    event.set();
    if (clears) event.clear();
  });
  await t.join();
}

const pulsedEvent: KnownBug = {
  name: "pulsed event",
  source: "the documentation of PulseEvent: a waiter that is about to wait misses the pulse",
  kinds: ["lost wake-up", "deadlock"],
  buggy: (t) => pulse(t, true),
  fixed: (t) => pulse(t, false),
};

async function reusedBarrier(t: Exploration, hasGenerations: boolean): Promise<void> {
  const parties = 2;
  const arrived = t.cell("arrived", 0);
  const generation = t.cell("generation", 0);
  const phases = t.cell("phases", 0);
  const pass = (): void => {
    const mine = generation.load();
    if (arrived.add(1) === parties - 1) {
      arrived.store(0);
      if (hasGenerations) generation.add(1);
      (hasGenerations ? generation : arrived).notify();
      return;
    }
    if (hasGenerations) return waitWhile(generation, mine);
    // Nobody says whether the others are of this round or of the next.
    for (let count = arrived.load(); count !== 0; count = arrived.load()) arrived.wait(count);
  };
  const body = (): void => {
    pass();
    phases.add(1);
    pass();
  };
  t.thread("first", body);
  t.thread("second", body);
  await t.join();
  t.expect(phases.load() === parties, "both have passed");
}

const barrierReuse: KnownBug = {
  name: "barrier used again too soon",
  source: "Herlihy and Shavit, 17.3: a barrier without sense or generation",
  kinds: ["deadlock", "lost wake-up", "livelock"],
  buggy: (t) => reusedBarrier(t, false),
  fixed: (t) => reusedBarrier(t, true),
};

async function meet(t: Exploration, alwaysComes: boolean): Promise<void> {
  const barrier = new Barrier({ parties: 2, name: "phase" });
  const failed = t.cell("failed", 0);
  t.thread("steady", () => void barrier.waitSync());
  t.thread("one that may leave", () => {
    if (alwaysComes || failed.load() === 0) barrier.waitSync();
  });
  t.thread("failure", () => failed.store(1));
  await t.join();
}

const missingParty: KnownBug = {
  name: "a party that does not come",
  source: "textbook: a barrier counts a thread that may have left by another way",
  kinds: ["deadlock"],
  buggy: (t) => meet(t, false),
  fixed: (t) => meet(t, true),
};

async function countedAfterStart(t: Exploration, countsFirst: boolean): Promise<void> {
  const running = t.cell("running", countsFirst ? 2 : 0);
  const done = t.cell("done", 0);
  const work = (): void => {
    if (!countsFirst) running.add(1);
    done.add(1);
    running.add(-1);
    running.notify();
  };
  t.thread("worker 1", work);
  t.thread("worker 2", work);
  t.thread("waiter", () => {
    for (let left = running.load(); left !== 0; left = running.load()) running.wait(left);
    t.expect(done.load() === 2, "the wait ends when both have worked");
  });
  await t.join();
}

const waitGroup: KnownBug = {
  name: "wait group counted after the start",
  source: "GoKer, WaitGroup: Add is called inside the goroutine that is waited for",
  kinds: ["assertion"],
  buggy: (t) => countedAfterStart(t, false),
  fixed: (t) => countedAfterStart(t, true),
};

async function latched(t: Exploration, count: number): Promise<void> {
  const latch = new Latch({ count, name: "ready" });
  const prepared = t.cell("prepared", 0);
  for (const index of [1, 2]) {
    t.thread(`preparer ${index}`, () => {
      prepared.add(1);
      latch.countDown();
    });
  }
  t.thread("user", () => {
    latch.waitSync();
    t.expect(prepared.load() === 2, "the latch opens when both have prepared");
  });
  await t.join();
}

const latchTooSmall: KnownBug = {
  name: "latch that counts one too few",
  source: "textbook: the latch is opened before the last has come, and the last one's count is too many",
  kinds: ["assertion", "misuse"],
  buggy: (t) => latched(t, 1),
  fixed: (t) => latched(t, 2),
};

async function pool(t: Exploration, releasesTwice: boolean): Promise<void> {
  const permits = t.cell("permits", 1);
  const inside = t.cell("inside", 0);
  const release = (): void => {
    permits.add(1);
    permits.notify();
  };
  const acquire = (): void => {
    for (let free = permits.load(); ; free = permits.load()) {
      if (free === 0) permits.wait(0);
      else if (permits.compareExchange(free, free - 1) === free) return;
    }
  };
  const use = (fails: boolean) => () => {
    acquire();
    t.expect(inside.add(1) === 0, "one thread has the connection at a time");
    inside.add(-1);
    // The handler of the error gives the permit back, and so does the end.
    if (fails && releasesTwice) release();
    release();
  };
  t.thread("one that fails", use(true));
  t.thread("second", use(false));
  t.thread("third", use(false));
  await t.join();
}

const overRelease: KnownBug = {
  name: "permit given back twice",
  source: "textbook: both the handler of an error and the end release the semaphore",
  kinds: ["assertion"],
  buggy: (t) => pool(t, true),
  fixed: (t) => pool(t, false),
};

async function swapped(t: Exploration, bothInOrder: boolean): Promise<void> {
  const slots = new Semaphore({ permits: 2, name: "slots" });
  const take = (atOnce: boolean) => () => {
    if (atOnce) return slots.acquireSync(2).release();
    const first = slots.acquireSync();
    const second = slots.acquireSync();
    second.release();
    first.release();
  };
  t.thread("first", take(bothInOrder));
  t.thread("second", take(bothInOrder));
  await t.join();
}

const permitsOneByOne: KnownBug = {
  name: "two permits, one after the other",
  source: "textbook, hold and wait: each holds one permit and waits for the other's",
  kinds: ["deadlock"],
  buggy: (t) => swapped(t, false),
  fixed: (t) => swapped(t, true),
};

async function stoppedDriver(t: Exploration, countsFirst: boolean): Promise<void> {
  const stopping = t.cell("stopping", 0);
  const pending = t.cell("pending", 1);
  const stopped = t.cell("stopped", 0);
  const leave = (): void => {
    if (pending.add(-1) === 1) announce(stopped, 1);
  };
  t.thread("user", () => {
    if (!countsFirst && stopping.load() === 1) return;
    pending.add(1);
    if (countsFirst && stopping.load() === 1) return leave();
    t.expect(stopped.load() === 0, "the driver is not used after it has stopped");
    leave();
  });
  t.thread("stop", () => {
    stopping.store(1);
    leave();
    waitWhile(stopped, 0);
  });
  await t.join();
}

const bluetooth: KnownBug = {
  name: "bluetooth driver",
  source: "KISS (Qadeer and Wu 2004); SCTBench, bluetooth_driver: stopping between the check and the count",
  kinds: ["assertion"],
  buggy: (t) => stoppedDriver(t, false),
  fixed: (t) => stoppedDriver(t, true),
};

export const WAITS: readonly KnownBug[] = [
  ifNotWhile,
  signalBeforeWait,
  wakerKeepsWord,
  wrongWaiter,
  pulsedEvent,
  barrierReuse,
  missingParty,
  waitGroup,
  latchTooSmall,
  overRelease,
  permitsOneByOne,
  bluetooth,
];
