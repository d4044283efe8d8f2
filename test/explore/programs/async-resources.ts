/** What is taken and given back across awaits: leases, connections, permits, files. */
import { sleep } from "skein";

import type { Exploration } from "skein/explore";

import type { KnownBug } from "./program.js";

async function leased(t: Exploration, hasFence: boolean): Promise<void> {
  let lease = 0;
  let newestWritten = 0;
  const writes: number[] = [];
  const write = async (mine: number): Promise<void> => {
    await t.completes(undefined, { name: `write under lease ${mine}` });
    if (hasFence && mine < newestWritten) return;
    newestWritten = Math.max(newestWritten, mine);
    writes.push(mine);
  };
  t.job("first", async () => {
    const mine = ++lease;
    await t.completes(undefined, { name: "pause of the first" });
    await write(mine);
  });
  t.job("second", async () => {
    await sleep(1000); // the lease of the first is over
    await write(++lease);
  });
  await t.join();
  t.expect(writes.at(-1) === Math.max(...writes), `the older lease does not write last: ${writes.join(", ")}`);
}

const expiredLease: KnownBug = {
  name: "write under a lease that is over",
  source: "Kleppmann 2016, How to do distributed locking: the holder pauses past the end of its lease",
  kinds: ["assertion"],
  buggy: (t) => leased(t, false),
  fixed: (t) => leased(t, true),
};

/** Connections that are handed out, and those who wait for one. */
class Pool {
  readonly #waiting: ((connection: string) => void)[] = [];
  readonly idle: string[] = ["connection"];

  take(): Promise<string> {
    const connection = this.idle.pop();
    if (connection !== undefined) return Promise.resolve(connection);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(connection: string): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.idle.push(connection);
    else next(connection);
  }
}

async function takeWithLimit(t: Exploration, givesBackLate: boolean): Promise<void> {
  const pool = new Pool();
  t.job("holder", async () => {
    const connection = await pool.take();
    await t.completes(undefined, { name: "long query" });
    pool.give(connection);
  });
  t.job("impatient", async () => {
    await t.completes(undefined, { name: "request" });
    const taking = pool.take();
    const first = await Promise.race([taking, sleep(100).then(() => undefined)]);
    if (first !== undefined) pool.give(first);
    else if (givesBackLate) void taking.then((connection) => pool.give(connection));
  });
  await t.join();
  await t.completes(undefined, { name: "a while later" });
  t.expect(pool.idle.length === 1, "the pool has its connection back");
}

const abandonedTake: KnownBug = {
  name: "connection given to one who has gone",
  source: "textbook, connection pools: the wait for a connection is given up, and the connection still comes",
  kinds: ["assertion"],
  buggy: (t) => takeWithLimit(t, false),
  fixed: (t) => takeWithLimit(t, true),
};

async function permits(t: Exploration, releasesOnce: boolean): Promise<void> {
  let free = 1;
  let inside = 0;
  const waiting: (() => void)[] = [];
  const acquire = async (): Promise<void> => {
    if (free === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return acquire();
    }
    free -= 1;
    return undefined;
  };
  const release = (): void => {
    free += 1;
    waiting.shift()?.();
  };
  const refused = new Error("refused");
  const use = async (index: number): Promise<void> => {
    await acquire();
    inside += 1;
    t.expect(inside === 1, "one is inside at a time");
    try {
      await t.completes(undefined, { name: `use ${index}`, mayReject: refused });
    } catch {
      if (!releasesOnce) release(); // and again below
    } finally {
      inside -= 1;
      release();
    }
  };
  for (const index of [1, 2, 3]) t.job(`user ${index}`, () => use(index));
  await t.join();
}

const releasedTwice: KnownBug = {
  name: "permit released twice",
  source: "textbook, semaphores: the handler of the error and the finally block both release",
  kinds: ["assertion"],
  buggy: (t) => permits(t, false),
  fixed: (t) => permits(t, true),
};

async function closeTwice(t: Exploration, marksFirst: boolean): Promise<void> {
  let isClosed = false;
  let freed = 0;
  const close = async (why: string): Promise<void> => {
    if (isClosed) return;
    if (marksFirst) isClosed = true;
    await t.completes(undefined, { name: `flush because of ${why}` });
    isClosed = true;
    freed += 1;
  };
  t.job("peer", async () => {
    await t.completes(undefined, { name: "end of the peer" });
    await close("the peer");
  });
  t.job("owner", async () => {
    await t.completes(undefined, { name: "last answer" });
    await close("the owner");
  });
  await t.join();
  t.expect(freed === 1, `the descriptor is closed once, not ${freed} times`);
}

const doubleClose: KnownBug = {
  name: "closed twice",
  source: "close(2), a descriptor closed a second time may be another's; here the mark comes after an await",
  kinds: ["assertion"],
  buggy: (t) => closeTwice(t, false),
  fixed: (t) => closeTwice(t, true),
};

interface Waiter {
  readonly signal: AbortSignal;
  readonly enter: () => void;
}

async function cancelledWaiter(t: Exploration, skipsCancelled: boolean): Promise<void> {
  let isLocked = false;
  const waiting: Waiter[] = [];
  const lock = async (signal: AbortSignal): Promise<boolean> => {
    if (!isLocked) return (isLocked = true);
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(false));
      waiting.push({ signal, enter: () => resolve(true) });
    });
  };
  const unlock = (): void => {
    const isThere = ({ signal }: Waiter): boolean => !skipsCancelled || !signal.aborted;
    const next = waiting.splice(0, waiting.findIndex(isThere) + 1).at(-1);
    if (next === undefined) isLocked = false;
    else next.enter();
  };
  const never = new AbortController().signal;
  const leaves = t.mayAbort("the second gives up");
  for (const [index, signal] of [never, leaves, never].entries()) {
    t.job(`user ${index + 1}`, async () => {
      if (!(await lock(signal))) return;
      await t.completes(undefined, { name: `use ${index + 1}` });
      unlock();
    });
  }
  await t.join();
}

const lockLost: KnownBug = {
  name: "lock handed to a cancelled waiter",
  source: "trio and tokio, cancellation: whoever is given the lock has gone, and nobody gives it on",
  kinds: ["deadlock", "leak"],
  buggy: (t) => cancelledWaiter(t, false),
  fixed: (t) => cancelledWaiter(t, true),
};

async function limited(t: Exploration, countsFailures: boolean): Promise<void> {
  const refused = new Error("refused");
  const queue: (() => void)[] = [];
  let running = 0;
  const done = (): void => {
    running -= 1;
    queue.shift()?.();
  };
  const run = async (index: number): Promise<void> => {
    if (running === 1) await new Promise<void>((resolve) => queue.push(resolve));
    running += 1;
    let isDone = false;
    try {
      await t.completes(undefined, { name: `task ${index}`, mayReject: refused });
      isDone = true;
    } catch {
      // Reported elsewhere.
    }
    if (isDone || countsFailures) done();
  };
  t.job("first", () => run(1));
  t.job("second", () => run(2));
  await t.join();
}

const stalledLimit: KnownBug = {
  name: "limit that a failure uses up",
  source: "textbook: a hand-made limit of concurrency starts the next task after a success alone",
  kinds: ["deadlock", "leak"],
  buggy: (t) => limited(t, false),
  fixed: (t) => limited(t, true),
};

async function create(t: Exploration, isExclusive: boolean): Promise<void> {
  const files = new Map<string, string>();
  const made: string[] = [];
  const make = async (owner: string): Promise<void> => {
    if (!isExclusive) {
      await t.completes(undefined, { name: `access by ${owner}` });
      if (files.has("lock")) return;
    }
    await t.completes(undefined, { name: `open by ${owner}` });
    if (isExclusive && files.has("lock")) return;
    files.set("lock", owner);
    made.push(owner);
  };
  t.job("first", () => make("first"));
  t.job("second", () => make("second"));
  await t.join();
  t.expect(made.length === 1, `one has made the file, not ${made.length}`);
}

const checkedThenOpened: KnownBug = {
  name: "file looked for, then opened",
  source: "Node.js, documentation of fs.access: others may change the file between the two calls",
  kinds: ["assertion"],
  buggy: (t) => create(t, false),
  fixed: (t) => create(t, true),
};

async function stop(t: Exploration, refusesFirst: boolean): Promise<void> {
  let active = 0;
  let isOpen = true;
  let mayEnter = true;
  let idle: (() => void) | undefined;
  for (const index of [1, 2]) {
    t.job(`client ${index}`, async () => {
      await t.completes(undefined, { name: `request ${index}` });
      if (!mayEnter) return;
      active += 1;
      await t.completes(undefined, { name: `answer ${index}` });
      t.expect(isOpen, "no request is served after the end");
      active -= 1;
      if (active === 0) idle?.();
    });
  }
  t.job("shutdown", async () => {
    await t.completes(undefined, { name: "signal" });
    if (refusesFirst) mayEnter = false;
    if (active > 0) await new Promise<void>((resolve) => (idle = resolve));
    await t.completes(undefined, { name: "last log line" });
    mayEnter = false;
    isOpen = false;
  });
  await t.join();
}

const lateRequest: KnownBug = {
  name: "request taken during the shutdown",
  source: "textbook, graceful shutdown: idle is looked for before new requests are refused",
  kinds: ["assertion"],
  buggy: (t) => stop(t, false),
  fixed: (t) => stop(t, true),
};

async function transactions(t: Exploration, ownConnections: boolean): Promise<void> {
  const stored: string[] = [];
  const connect = (): { query(what: string): Promise<void> } => {
    let open: string[] | undefined;
    return {
      async query(what) {
        await t.completes(undefined, { name: what });
        if (what.startsWith("begin")) open = [];
        else if (what.startsWith("rollback")) open = undefined;
        else if (what.startsWith("commit")) {
          stored.push(...(open ?? []));
          open = undefined;
        } else (open ?? stored).push(what);
      },
    };
  };
  const shared = connect();
  const transaction = async (what: string, end: "commit" | "rollback"): Promise<void> => {
    const connection = ownConnections ? connect() : shared;
    await connection.query(`begin ${what}`);
    await connection.query(what);
    await connection.query(`${end} ${what}`);
  };
  t.job("order", () => transaction("order", "commit"));
  t.job("trial", () => transaction("trial", "rollback"));
  await t.join();
  t.expect(stored.join() === "order", `the order is stored and the trial is not: ${stored.join(", ") || "nothing"}`);
}

const mixedTransactions: KnownBug = {
  name: "transactions on one connection",
  source: "node-postgres, documentation of transactions: all statements of one have to use the same client, alone",
  kinds: ["assertion"],
  buggy: (t) => transactions(t, false),
  fixed: (t) => transactions(t, true),
};

export const ASYNC_RESOURCES: readonly KnownBug[] = [
  expiredLease,
  abandonedTake,
  releasedTwice,
  doubleClose,
  lockLost,
  stalledLimit,
  checkedThenOpened,
  lateRequest,
  mixedTransactions,
];
