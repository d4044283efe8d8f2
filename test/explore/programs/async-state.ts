/** State that changes while a function awaits. */
import { mutex, semaphore, singleFlight } from "skein/async";

import type { Exploration } from "skein/explore";

import { Database } from "./database.js";
import type { KnownBug } from "./program.js";

async function twoJobs(t: Exploration, body: (index: number) => Promise<void>): Promise<void> {
  t.job("first", () => body(1));
  t.job("second", () => body(2));
  await t.join();
}

async function deposits(t: Exploration, isLocked: boolean): Promise<void> {
  let balance = 100;
  const lock = mutex({ name: "account" });
  const deposit = async (): Promise<void> => {
    const before = balance;
    await t.completes(undefined, { name: "audit" });
    balance = before + 50;
  };
  await twoJobs(t, () => (isLocked ? lock.withLock(deposit) : deposit()));
  t.expect(balance === 200, `both deposits count, but the balance is ${balance}`);
}

const acrossAwait: KnownBug = {
  name: "balance across await",
  source: "NodeCB (Wang et al. 2017): an atomicity violation between two callbacks",
  kinds: ["assertion"],
  buggy: (t) => deposits(t, false),
  fixed: (t) => deposits(t, true),
};

async function databaseCounter(t: Exploration, isOneStep: boolean): Promise<void> {
  const database = new Database(t, [["visits", 0]]);
  await twoJobs(t, async () => {
    if (isOneStep) return database.update("visits", (visits = 0) => visits + 1);
    const visits = (await database.read("visits")) ?? 0;
    await database.write("visits", visits + 1);
  });
  t.expect(database.now("visits") === 2, "both visits count");
}

const readModifyWrite: KnownBug = {
  name: "read, modify, write over a database",
  source: "NodeRacer, lost update through a store; textbook, SELECT then UPDATE",
  kinds: ["assertion"],
  buggy: (t) => databaseCounter(t, false),
  fixed: (t) => databaseCounter(t, true),
};

async function stampede(t: Exploration, sharesFlight: boolean): Promise<void> {
  let loads = 0;
  const cache = new Map<string, string>();
  const load = async (key: string): Promise<string> => {
    loads += 1;
    return t.completes(`content of ${key}`, { name: `load ${key}` });
  };
  const flights = singleFlight(
    (_scope, key: string) => load(key),
    (key) => key,
  );
  const get = async (key: string): Promise<string> => {
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const content = await (sharesFlight ? flights.run([key]) : load(key));
    cache.set(key, content);
    return content;
  };
  await twoJobs(t, async () => {
    await t.completes(undefined, { name: "request" });
    await get("page");
  });
  t.expect(loads === 1, `the page is loaded once, not ${loads} times`);
}

const cacheStampede: KnownBug = {
  name: "cache stampede",
  source: "textbook: a cache of values, not of promises",
  kinds: ["assertion"],
  buggy: (t) => stampede(t, false),
  fixed: (t) => stampede(t, true),
};

async function book(t: Exploration, claimsFirst: boolean): Promise<void> {
  const seats = new Map<string, number>();
  let confirmations = 0;
  await twoJobs(t, async (guest) => {
    await t.completes(undefined, { name: `request of ${guest}` });
    if (seats.has("12A")) return;
    if (claimsFirst) seats.set("12A", guest);
    await t.completes(undefined, { name: `payment of ${guest}` });
    seats.set("12A", guest);
    confirmations += 1;
  });
  t.expect(confirmations === 1, "the seat is sold once");
}

const checkThenAct: KnownBug = {
  name: "check, await, act on a map",
  source: "NodeRacer, fiware-pep-steelskin kind: the place is looked at before and taken after an await",
  kinds: ["assertion"],
  buggy: (t) => book(t, false),
  fixed: (t) => book(t, true),
};

async function search(t: Exploration, dropsOld: boolean): Promise<void> {
  let shown = "";
  let newest = 0;
  const type = async (text: string): Promise<void> => {
    newest += 1;
    const mine = newest;
    const found = await t.completes(`results for ${text}`, { name: `search ${text}` });
    if (!dropsOld || mine === newest) shown = found;
  };
  t.job("typing", async () => {
    const searches = [type("sk"), type("skein")];
    await Promise.all(searches);
  });
  await t.join();
  t.expect(shown === "results for skein", `the results of what was typed last are shown, not ${shown}`);
}

const lateAnswer: KnownBug = {
  name: "late answer shown",
  source: "textbook, search as you type: an older answer comes after a newer one",
  kinds: ["assertion"],
  buggy: (t) => search(t, false),
  fixed: (t) => search(t, true),
};

async function initialise(t: Exploration, keepsPromise: boolean): Promise<void> {
  let isStarted = false;
  let connection: string | undefined;
  let connecting: Promise<void> | undefined;
  const connect = async (): Promise<void> => {
    connection = await t.completes("open", { name: "connect" });
  };
  const use = async (): Promise<void> => {
    if (keepsPromise) await (connecting ??= connect());
    else if (!isStarted) {
      isStarted = true;
      await connect();
    }
    t.expect(connection === "open", "who uses the connection finds it open");
  };
  await twoJobs(t, async (index) => {
    await t.completes(undefined, { name: `request ${index}` });
    await use();
  });
}

const startedTooEarly: KnownBug = {
  name: "ready before it is",
  source: "NACD, initialisation: the flag is set before what it stands for has been awaited",
  kinds: ["assertion"],
  buggy: (t) => initialise(t, false),
  fixed: (t) => initialise(t, true),
};

async function submit(t: Exploration, marksFirst: boolean): Promise<void> {
  let isSubmitting = false;
  let orders = 0;
  const click = async (): Promise<void> => {
    if (isSubmitting) return;
    if (marksFirst) isSubmitting = true;
    await t.completes(undefined, { name: "validate" });
    isSubmitting = true;
    await t.completes(undefined, { name: "order" });
    orders += 1;
  };
  await twoJobs(t, async (index) => {
    if (index === 2) await t.completes(undefined, { name: "second click" });
    await click();
  });
  t.expect(orders === 1, "one order is made");
}

const doubleSubmit: KnownBug = {
  name: "double submit",
  source: "textbook: the button is switched off only after an await",
  kinds: ["assertion"],
  buggy: (t) => submit(t, false),
  fixed: (t) => submit(t, true),
};

async function session(t: Exploration, checksAgain: boolean): Promise<void> {
  let token: string | undefined = "old";
  t.job("refresh", async () => {
    const before = token;
    const fresh = await t.completes("new", { name: "refresh" });
    if (!checksAgain || token === before) token = fresh;
  });
  t.job("logout", async () => {
    await t.completes(undefined, { name: "logout" });
    token = undefined;
  });
  await t.join();
  t.expect(token === undefined, "nobody is logged in after the logout");
}

const refreshAfterLogout: KnownBug = {
  name: "refresh after logout",
  source: "textbook: a stale continuation writes after the state it began with has gone",
  kinds: ["assertion"],
  buggy: (t) => session(t, false),
  fixed: (t) => session(t, true),
};

async function limited(t: Exploration, usesSemaphore: boolean): Promise<void> {
  let running = 0;
  let inside = 0;
  const slots = semaphore(1);
  const transfer = async (): Promise<void> => {
    inside += 1;
    t.expect(inside === 1, "one transfer goes on at a time");
    await t.completes(undefined, { name: "transfer" });
    inside -= 1;
  };
  await twoJobs(t, async (index) => {
    if (usesSemaphore) return slots.with(transfer);
    if (running >= 1) return;
    await t.completes(undefined, { name: `open ${index}` });
    running += 1;
    await transfer();
    running -= 1;
  });
}

const lateCount: KnownBug = {
  name: "limit counted after await",
  source: "textbook: a hand-made limit of concurrency that counts too late",
  kinds: ["assertion"],
  buggy: (t) => limited(t, false),
  fixed: (t) => limited(t, true),
};

async function collect(t: Exploration, keepsPlaces: boolean): Promise<void> {
  const parts: string[] = [];
  t.job("download", async () => {
    const load = async (index: number): Promise<void> => {
      const part = await t.completes(`part ${index}`, { name: `part ${index}` });
      if (keepsPlaces) parts[index] = part;
      else parts.push(part);
    };
    await Promise.all([load(0), load(1), load(2)]);
  });
  await t.join();
  t.expect(parts.join(", ") === "part 0, part 1, part 2", `parts are in order, not ${parts.join(", ")}`);
}

const completionOrder: KnownBug = {
  name: "parts in the order of completion",
  source: "NodeFz, ordering violation: results are appended as they come",
  kinds: ["assertion"],
  buggy: (t) => collect(t, false),
  fixed: (t) => collect(t, true),
};

async function autosave(t: Exploration, queues: boolean): Promise<void> {
  const database = new Database<string>(t);
  const lock = mutex();
  const save = (text: string): Promise<void> => database.write("draft", text);
  t.job("editor", async () => {
    const saves = ["first", "second"].map((text) => (queues ? lock.withLock(() => save(text)) : save(text)));
    await Promise.all(saves);
  });
  await t.join();
  t.expect(database.now("draft") === "second", "the later draft is kept");
}

const olderSaveWins: KnownBug = {
  name: "older save wins",
  source: "NACD, ordering of writes: two saves in flight, the older one ends last",
  kinds: ["assertion"],
  buggy: (t) => autosave(t, false),
  fixed: (t) => autosave(t, true),
};

export const ASYNC_STATE: readonly KnownBug[] = [
  acrossAwait,
  readModifyWrite,
  cacheStampede,
  checkThenAct,
  lateAnswer,
  startedTooEarly,
  doubleSubmit,
  refreshAfterLogout,
  lateCount,
  completionOrder,
  olderSaveWins,
];
