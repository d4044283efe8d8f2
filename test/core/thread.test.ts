import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  announceThread,
  nextIdentity,
  onThread,
  parkIfImporting,
  runningThreads,
  threadIndex,
} from "#skein/core/thread";

import type * as thread from "#skein/core/thread";
import { loadCopy } from "../support/copy.js";

const MARKER = Symbol.for("skein.worker");

/** The module as it is on a thread that carries this marker. */
async function loadedWith(marker: object, copy: string): Promise<typeof thread> {
  const host = globalThis as Record<PropertyKey, unknown>;
  host[MARKER] = marker;
  try {
    return await loadCopy<typeof thread>("core/thread", copy);
  } finally {
    delete host[MARKER];
  }
}

describe("identities", () => {
  it("are unique on a thread", () => {
    const identities = Array.from({ length: 100 }, nextIdentity);
    assert.equal(new Set(identities).size, 100);
    assert.equal(threadIndex, 0);
  });

  it("of different threads never meet, and stay exact", async () => {
    const third = await loadedWith({ index: 3 }, "third");
    const last = await loadedWith({ index: 2 ** 13 - 1 }, "last");
    assert.equal(third.nextIdentity(), 3 * 2 ** 40 + 1);
    const first = last.nextIdentity();
    assert.equal(last.nextIdentity(), first + 1);
    // The last identity that this thread can give.
    assert.ok(Number.isSafeInteger(first - 1 + 2 ** 40 - 1));
  });
});

describe("parking", () => {
  it("does not happen on the thread that starts the program", () => {
    assert.equal(parkIfImporting(), undefined);
  });

  it("happens while a module is imported for its tasks, and tells of a mistake", async () => {
    const told: unknown[] = [];
    const marker = {
      index: 1,
      name: "t",
      importing: "file:///a.js",
      runningJobs: 0,
      onPark: (mistake: unknown) => told.push(mistake),
    };
    const copy = await loadedWith(marker, "parking");
    const parked = copy.parkIfImporting("scope");
    assert.ok(parked instanceof Promise);
    assert.deepEqual(told, ["scope"]);
    assert.equal(await Promise.race([parked, Promise.resolve("pending")]), "pending");
  });

  it("does not happen while a job runs, nor when nothing is imported", async () => {
    const told: unknown[] = [];
    const marker = {
      index: 1,
      name: "t",
      importing: "file:///a.js" as string | undefined,
      runningJobs: 1,
      onPark: () => told.push(1),
    };
    const copy = await loadedWith(marker, "not-parking");
    assert.equal(copy.parkIfImporting(), undefined);
    marker.runningJobs = 0;
    marker.importing = undefined;
    assert.equal(copy.parkIfImporting(), undefined);
    assert.deepEqual(told, []);
  });
});

describe("the directory of threads", () => {
  it("tells listeners of each thread announced, and lists it until it leaves", () => {
    const heard: string[] = [];
    const stop = onThread(({ name }) => heard.push(name));
    const record = { index: 7, name: "seventh", attachRing: () => undefined, attachPulse: () => undefined };
    const leave = announceThread(record);
    assert.ok(runningThreads().has(record));
    leave();
    assert.ok(!runningThreads().has(record));
    stop();
    announceThread({ ...record, name: "eighth" })();
    assert.deepEqual(heard, ["seventh"]);
  });

  it("has the thread that starts the program in it", async () => {
    await import("skein");
    assert.deepEqual(
      [...runningThreads()].map(({ index, name }) => [index, name]),
      [[0, "main"]],
    );
  });
});
