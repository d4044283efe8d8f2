/** Copies of what is elsewhere, which may be out of date: caches, tokens, pages, views. */
import { singleFlight } from "skein/async";

import type { Exploration } from "skein/explore";

import { Database } from "./database.js";
import type { KnownBug } from "./program.js";

async function refresh(t: Exploration, sharesRefresh: boolean): Promise<void> {
  let valid = 1;
  let isLoggedIn = true;
  let token = 0;
  const exchange = async (): Promise<void> => {
    const used = token;
    await t.completes(undefined, { name: `exchange of token ${used}` });
    // A token that is used a second time counts as stolen.
    if (used !== valid - 1) isLoggedIn = false;
    valid += 1;
    token = valid - 1;
  };
  const flights = singleFlight(exchange, () => "refresh");
  const request = async (index: number): Promise<void> => {
    const before = token;
    await t.completes(undefined, { name: `request ${index} is refused` });
    if (sharesRefresh) {
      if (token === before) await flights.run([]);
    } else {
      await exchange();
    }
  };
  t.job("first", () => request(1));
  t.job("second", () => request(2));
  await t.join();
  t.expect(isLoggedIn, "no refresh token is used twice");
}

const doubleRefresh: KnownBug = {
  name: "refresh token used twice",
  source: "RFC 9700, refresh token rotation: two requests are refused and each exchanges the same token",
  kinds: ["assertion"],
  buggy: (t) => refresh(t, false),
  fixed: (t) => refresh(t, true),
};

async function memoize(t: Exploration, forgetsFailures: boolean): Promise<void> {
  const cache = new Map<string, Promise<string>>();
  let loads = 0;
  const get = (key: string): Promise<string> => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    loads += 1;
    const load = t.completes("content", { name: `load ${key}`, mayReject: new Error("no connection") });
    cache.set(key, load);
    if (forgetsFailures) load.catch(() => cache.delete(key));
    return load;
  };
  t.job("visitor", async () => {
    const first = await get("page").catch(() => undefined);
    await get("page").catch(() => undefined);
    t.expect(first !== undefined || loads === 2, "a load that failed is tried again");
  });
  await t.join();
}

const failureKept: KnownBug = {
  name: "failure kept in the cache",
  source: "textbook: a cache of promises keeps those that were rejected",
  kinds: ["assertion"],
  buggy: (t) => memoize(t, false),
  fixed: (t) => memoize(t, true),
};

async function fillCache(t: Exploration, hasLeases: boolean): Promise<void> {
  const database = new Database(t, [["price", 10]]);
  const cache = new Map<string, number>();
  let invalidations = 0;
  t.job("reader", async () => {
    const lease = invalidations;
    const price = (await database.read("price")) ?? 0;
    await t.completes(undefined, { name: "answer of the database on its way" });
    if (!hasLeases || lease === invalidations) cache.set("price", price);
  });
  t.job("writer", async () => {
    await database.write("price", 12);
    cache.delete("price");
    invalidations += 1;
  });
  await t.join();
  const cached = cache.get("price");
  t.expect(
    cached === undefined || cached === database.now("price"),
    `the cache does not keep the old price, ${cached}`,
  );
}

const staleFill: KnownBug = {
  name: "stale value set after the invalidation",
  source: "Nishtala et al. 2013, Scaling Memcache: a stale set, which leases prevent",
  kinds: ["assertion"],
  buggy: (t) => fillCache(t, false),
  fixed: (t) => fillCache(t, true),
};

async function follow(t: Exploration, subscribesFirst: boolean): Promise<void> {
  const rows = ["a"];
  const subscribers: ((row: string) => void)[] = [];
  const seen = new Set<string>();
  const snapshot = async (): Promise<void> => {
    const now = [...rows];
    await t.completes(undefined, { name: "snapshot" });
    for (const row of now) seen.add(row);
  };
  t.job("writer", async () => {
    await t.completes(undefined, { name: "insert" });
    rows.push("b");
    for (const tell of subscribers) tell("b");
  });
  t.job("viewer", async () => {
    if (!subscribesFirst) await snapshot();
    subscribers.push((row) => seen.add(row));
    if (subscribesFirst) await snapshot();
  });
  await t.join();
  t.expect(seen.size === 2, "the view has each row");
}

const snapshotThenSubscribe: KnownBug = {
  name: "snapshot, then subscription",
  source: "Kubernetes, list and watch: what changes between the list and the watch is missed without a version",
  kinds: ["assertion"],
  buggy: (t) => follow(t, false),
  fixed: (t) => follow(t, true),
};

async function readPages(t: Exploration, byKey: boolean): Promise<void> {
  const rows = [5, 3, 1];
  const seen: number[] = [];
  t.job("writer", async () => {
    await t.completes(undefined, { name: "insert" });
    rows.unshift(7);
  });
  t.job("reader", async () => {
    for (let offset = 0; offset < 3; offset += 1) {
      await t.completes(undefined, { name: `page ${offset}` });
      const last = seen.at(-1) ?? Infinity;
      const row = byKey ? rows.find((one) => one < last) : rows[offset];
      if (row !== undefined) seen.push(row);
    }
  });
  await t.join();
  t.expect(new Set(seen).size === seen.length, `no row is read twice: ${seen.join(", ")}`);
}

const shiftingPages: KnownBug = {
  name: "pages by offset while rows are inserted",
  source: "textbook, keyset pagination: an insertion before the offset moves the rows",
  kinds: ["assertion"],
  buggy: (t) => readPages(t, false),
  fixed: (t) => readPages(t, true),
};

async function edit(t: Exploration, rebases: boolean): Promise<void> {
  const refused = new Error("conflict");
  let text = "";
  const pending: string[] = [];
  const confirmed: string[] = [];
  const show = (): void => void (text = [...confirmed, ...pending].join(""));
  const type = async (letter: string): Promise<void> => {
    const before = text;
    pending.push(letter);
    text += letter;
    const save = t.completes(undefined, { name: `save ${letter}`, mayReject: refused });
    const isSaved = await save.then(
      () => true,
      () => false,
    );
    pending.splice(pending.indexOf(letter), 1);
    if (isSaved) confirmed.push(letter);
    if (rebases) show();
    else if (!isSaved) text = before;
  };
  t.job("typing", async () => {
    const saves = [type("a"), type("b")];
    await Promise.all(saves);
  });
  await t.join();
  for (const letter of confirmed) t.expect(text.includes(letter), `what was saved is shown: ${letter}`);
}

const rolledBackTooFar: KnownBug = {
  name: "rollback of an optimistic update",
  source: "textbook, optimistic updates: a failed one puts back the whole state of before, later ones with it",
  kinds: ["assertion"],
  buggy: (t) => edit(t, false),
  fixed: (t) => edit(t, true),
};

export const ASYNC_CACHES: readonly KnownBug[] = [
  doubleRefresh,
  failureKept,
  staleFill,
  snapshotThenSubscribe,
  shiftingPages,
  rolledBackTooFar,
];
