/**
 * Known bugs on real threads: what the explorer finds is what the platform does. Run by
 * `programs.test.ts`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { explore, ExploreError } from "skein/explore";

import { THREAD_BUGS } from "./programs/index.js";

const MODULE = new URL("programs/index.js", import.meta.url);

/** Some of each theme, with cells and with each kind of shared object. */
const NAMES: readonly string[] = [
  "lost update",
  "account",
  "wrong lock",
  "AB-BA",
  "3 philosophers",
  "nested monitors",
  "write under a read lock",
  "Peterson, stores swapped",
  "if instead of while",
  "one condition for two kinds of waiters",
  "pulsed event",
  "a party that does not come",
  "two permits, one after the other",
  "counter in a shared map",
  "both channels full",
  "send on a closed channel",
];

describe("known bugs on real threads", () => {
  for (const name of NAMES) {
    it(`${name}: confirmed`, async () => {
      const index = THREAD_BUGS.findIndex((known) => known.name === name);
      const bug = THREAD_BUGS[index];
      assert.ok(bug !== undefined, `no known bug is called ${name}`);
      const program = { module: MODULE, export: `THREAD_BUGS.${index}.buggy` };
      const options = { name, ...bug.options, schedules: 50_000, confirm: true, program };
      const error: unknown = await explore(options, bug.buggy).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ExploreError, String(error));
      assert.equal(error.confirmation?.verdict, "confirmed", error.message);
    });
  }
});

describe("mended programs on real threads", () => {
  for (const name of ["one condition for two kinds of waiters", "both channels full", "3 philosophers"]) {
    it(`${name}: schedule after schedule comes to the same`, async () => {
      const index = THREAD_BUGS.findIndex((known) => known.name === name);
      const program = { module: MODULE, export: `THREAD_BUGS.${index}.fixed` };
      const report = await explore(
        { name, schedules: 50, strategy: "random", threads: "real", program },
        THREAD_BUGS[index]?.fixed ?? assert.fail(`no known bug is called ${name}`),
      );
      assert.equal(report.schedulesOnThreads, 50);
    });
  }
});
