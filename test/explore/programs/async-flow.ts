/** Jobs, cancellation, time limits, events and channels. */
import { EventEmitter } from "node:events";

import { channel, scope, select, sleep } from "skein";
import { type Mutex, mutex, semaphore } from "skein/async";

import type { Exploration } from "skein/explore";

import { Database } from "./database.js";
import type { KnownBug } from "./program.js";

async function fetchWithLimit(t: Exploration, receivesLate: boolean): Promise<void> {
  const answers = channel<string>(receivesLate ? 1 : 0);
  t.job("fetch", async () => {
    await answers.send(await t.completes("answer", { name: "fetch" }));
  });
  t.job("asker", async () => {
    const won = await select({ answer: answers.receiving(), stopped: after(t, "stop") });
    if (won.case === "answer") t.expect(won.value.value === "answer", "the answer came");
  });
  await t.join();
}

/** A case of `select` that can be done once the explorer has let `name` happen. */
function after(t: Exploration, name: string): ReturnType<ReturnType<typeof channel<undefined>>["receiving"]> {
  const happened = channel<undefined>(1);
  void t.completes(undefined, { name }).then(() => happened.trySend(undefined));
  return happened.receiving();
}

const senderLeft: KnownBug = {
  name: "sender without a receiver",
  source: "GoKer, channel and context: the asker has gone when the answer is sent",
  kinds: ["deadlock", "leak"],
  buggy: (t) => fetchWithLimit(t, false),
  fixed: (t) => fetchWithLimit(t, true),
};

async function consume(t: Exploration, closesAlways: boolean): Promise<void> {
  const items = channel<number>(2);
  t.job("producer", async () => {
    try {
      const count = await t.completes(2, { name: "count", mayReject: new Error("no connection") });
      for (let item = 1; item <= count; item += 1) await items.send(item);
      if (!closesAlways) items.close();
    } catch {
      // Reported elsewhere.
    } finally {
      if (closesAlways) items.close();
    }
  });
  t.job("consumer", async () => {
    let sum = 0;
    for await (const item of items) sum += item;
    t.expect(sum === 3 || sum === 0, "all items came, or none");
  });
  await t.join();
}

const forgottenClose: KnownBug = {
  name: "channel not closed after an error",
  source: "GoKer, channel: an early return by-passes the close, and the receiver waits on",
  kinds: ["deadlock", "leak"],
  buggy: (t) => consume(t, false),
  fixed: (t) => consume(t, true),
};

async function stopProducers(t: Exploration, lastCloses: boolean): Promise<void> {
  const items = channel<number>(4);
  let left = 2;
  for (const producer of [1, 2]) {
    t.job(`producer ${producer}`, async () => {
      const item = await t.completes(producer, { name: `item ${producer}` });
      await items.send(item);
      left -= 1;
      if (!lastCloses || left === 0) items.close();
    });
  }
  await t.join();
}

const closedByFirst: KnownBug = {
  name: "channel closed by the first to end",
  source: "GoKer, channel: each of several senders closes the channel",
  kinds: ["assertion", "misuse"],
  buggy: (t) => stopProducers(t, false),
  fixed: (t) => stopProducers(t, true),
};

async function selectStop(t: Exploration, drains: boolean): Promise<void> {
  const items = channel<number>(4);
  const stop = channel<undefined>(1);
  const seen: number[] = [];
  t.job("producer", async () => {
    await t.completes(undefined, { name: "work" });
    await items.send(1);
    await items.send(2);
    await stop.send(undefined);
  });
  t.job("consumer", async () => {
    for (;;) {
      await t.completes(undefined, { name: "turn" });
      const won = await select({ item: items.receiving(), stop: stop.receiving() });
      if (won.case === "stop") break;
      if (!won.value.done) seen.push(won.value.value);
    }
    if (!drains) return;
    for (let left = items.tryReceive(); left !== undefined; left = items.tryReceive()) seen.push(left.value);
  });
  await t.join();
  t.expect(seen.length === 2, `no item is left behind, but ${seen.length} of 2 were seen`);
}

const selectRace: KnownBug = {
  name: "stop chosen before the rest",
  source: "GoBench, non-blocking, select: of two ready cases either is taken, and what is left is dropped",
  kinds: ["assertion"],
  buggy: (t) => selectStop(t, false),
  fixed: (t) => selectStop(t, true),
};

async function useResource(t: Exploration, givesBackAlways: boolean): Promise<void> {
  const slots = semaphore(1);
  t.job("user", async () => {
    const using = scope(async (s) => {
      s.spawn(async () => {
        await t.completes(undefined, { name: "cancel" });
        s.cancel();
      });
      const token = await slots.acquire(1, s);
      try {
        await new Promise<void>((resolve, reject) => {
          s.signal.addEventListener("abort", () => reject(s.signal.reason as Error));
          void t.completes(undefined, { name: "use" }).then(resolve);
        });
        if (!givesBackAlways) token.release();
      } finally {
        if (givesBackAlways) token.release();
      }
    });
    await using.catch(() => {});
    t.expect(slots.statistics().free === 1, "the slot is free when its user has gone");
  });
  await t.join();
}

const cancelBetween: KnownBug = {
  name: "cancelled between acquire and release",
  source: "trio and Go, context: the release is by-passed when the wait in between is cancelled",
  kinds: ["assertion", "leak", "deadlock"],
  buggy: (t) => useResource(t, false),
  fixed: (t) => useResource(t, true),
};

async function pay(t: Exploration, hasKey: boolean): Promise<void> {
  const charges: string[] = [];
  const charge = async (attempt: number): Promise<void> => {
    await t.completes(undefined, { name: `charge, attempt ${attempt}` });
    const key = hasKey ? "order 7" : `attempt ${attempt}`;
    if (!charges.includes(key)) charges.push(key);
  };
  t.job("payment", async () => {
    const first = charge(1);
    const late = sleep(1000).then(() => "late");
    if ((await Promise.race([first, late])) !== "late") return;
    await charge(2);
  });
  await t.join();
  t.expect(charges.length === 1, `the order is paid once, not ${charges.length} times`);
}

const retryInFlight: KnownBug = {
  name: "retry while the first is in flight",
  source: "textbook: a time limit does not undo what it limits, and the retry does it again",
  kinds: ["assertion"],
  buggy: (t) => pay(t, false),
  fixed: (t) => pay(t, true),
};

async function timeLimit(t: Exploration, settlesOnce: boolean): Promise<void> {
  let outcome: "done" | "too late" | undefined;
  let reports = 0;
  const report = (what: "done" | "too late"): void => {
    if (settlesOnce && outcome !== undefined) return;
    outcome = what;
    reports += 1;
  };
  t.job("work", async () => {
    await t.completes(undefined, { name: "work" });
    report("done");
  });
  t.job("limit", async () => {
    await sleep(100);
    report("too late");
  });
  await t.join();
  t.expect(reports === 1, "the caller is told one outcome");
}

const timeoutRace: KnownBug = {
  name: "time limit and completion both report",
  source: "NodeRacer, timers: the alarm is not stopped by the completion, nor the completion by the alarm",
  kinds: ["assertion"],
  buggy: (t) => timeLimit(t, false),
  fixed: (t) => timeLimit(t, true),
};

async function listen(t: Exploration, listensFirst: boolean): Promise<void> {
  const server = new EventEmitter();
  t.job("server", async () => {
    await t.completes(undefined, { name: "open" });
    server.emit("open");
  });
  t.job("client", async () => {
    const opened = listensFirst ? new Promise((resolve) => server.once("open", resolve)) : undefined;
    await t.completes(undefined, { name: "configuration" });
    await (opened ?? new Promise((resolve) => server.once("open", resolve)));
  });
  await t.join();
}

const lateListener: KnownBug = {
  name: "listener registered too late",
  source: "NodeFz and NACD: the event happens while the one who wants to hear it awaits something else",
  kinds: ["deadlock", "leak", "lost wake-up"],
  buggy: (t) => listen(t, false),
  fixed: (t) => listen(t, true),
};

async function shutDown(t: Exploration, awaits: boolean): Promise<void> {
  const database = new Database<string>(t);
  t.job("request", async () => {
    const logged = database.write("log", "request");
    if (awaits) await logged;
    await t.completes(undefined, { name: "answer" });
    database.close();
    await logged;
  });
  await t.join();
}

const notAwaited: KnownBug = {
  name: "write that nobody awaits",
  source: "NodeRacer: a fire-and-forget write goes on after the connection has been closed",
  kinds: ["assertion"],
  buggy: (t) => shutDown(t, false),
  fixed: (t) => shutDown(t, true),
};

async function failFast(t: Exploration, waitsForAll: boolean): Promise<void> {
  const database = new Database<string>(t);
  const refusals: Error[] = [];
  const step = async (name: string): Promise<void> => {
    const refusal = new Error(`${name} failed`);
    refusals.push(refusal);
    await t.completes(undefined, { name, mayReject: refusal });
    await database.write(name, "done");
  };
  t.job("import", async () => {
    const steps = [step("users"), step("orders")];
    try {
      await Promise.all(steps);
    } catch {
      // Reported elsewhere.
    }
    if (waitsForAll) await Promise.allSettled(steps);
    database.close();
    for (const outcome of await Promise.allSettled(steps)) {
      if (outcome.status === "rejected" && !refusals.includes(outcome.reason as Error)) {
        throw outcome.reason as Error;
      }
    }
  });
  await t.join();
}

const siblingGoesOn: KnownBug = {
  name: "sibling goes on after a failure",
  source: "structured concurrency, the case against Promise.all: it rejects while others still run",
  kinds: ["assertion"],
  buggy: (t) => failFast(t, false),
  fixed: (t) => failFast(t, true),
};

async function inOrder(t: Exploration, isOrdered: boolean): Promise<void> {
  const a = mutex({ name: "a" });
  const b = mutex({ name: "b" });
  const inBoth = (outer: Mutex, inner: Mutex) => async () => {
    await outer.withLock(async () => {
      await t.completes(undefined, { name: "between" });
      await inner.withLock(() => {});
    });
  };
  t.job("first", inBoth(a, b));
  t.job("second", async () => {
    await t.completes(undefined, { name: "request" });
    await (isOrdered ? inBoth(a, b) : inBoth(b, a))();
  });
  await t.join();
}

const asyncLocks: KnownBug = {
  name: "AB-BA across await",
  source: "GoKer, AB-BA, with mutexes of promises",
  kinds: ["deadlock", "lock order"],
  buggy: (t) => inOrder(t, false),
  fixed: (t) => inOrder(t, true),
};

async function nestedCalls(t: Exploration, permits: number): Promise<void> {
  const connections = semaphore({ permits, name: "connections" });
  for (const index of [1, 2]) {
    t.job(`request ${index}`, async () => {
      await t.completes(undefined, { name: `request ${index}` });
      await connections.with(async () => {
        await t.completes(undefined, { name: `query ${index}` });
        await connections.with(() => {});
      });
    });
  }
  await t.join();
}

const poolExhausted: KnownBug = {
  name: "connection pool exhausted by nested use",
  source: "textbook, hold and wait: each request holds a connection and asks for a second",
  kinds: ["deadlock", "misuse", "assertion"],
  buggy: (t) => nestedCalls(t, 2),
  fixed: (t) => nestedCalls(t, 3),
};

async function audited(t: Exploration, isOwned: boolean): Promise<void> {
  const refused = new Error("the audit was refused");
  const audit = async (): Promise<void> => {
    await t.completes(undefined, { name: "audit", mayReject: refused });
  };
  t.job("request", async () => {
    if (!isOwned) void audit();
    const owned = scope((s) => {
      if (isOwned) s.spawn(audit);
    });
    await owned.catch((error: unknown) => {
      if (error !== refused) throw error;
    });
    await t.completes(undefined, { name: "answer" });
  });
  await t.join();
}

const nobodyHears: KnownBug = {
  name: "failure that nobody hears",
  source: "Node.js, unhandledRejection: a job that is not awaited fails",
  kinds: ["assertion", "misuse"],
  buggy: (t) => audited(t, false),
  fixed: (t) => audited(t, true),
};

export const ASYNC_FLOW: readonly KnownBug[] = [
  senderLeft,
  forgottenClose,
  closedByFirst,
  selectRace,
  cancelBetween,
  retryInFlight,
  timeoutRace,
  lateListener,
  notAwaited,
  siblingGoesOn,
  asyncLocks,
  poolExhausted,
  nobodyHears,
];
