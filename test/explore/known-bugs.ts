/**
 * Each known bug is found, is named what it is, and is shown again by its token; and
 * its mended twin is left in peace. Run by `programs.test.ts`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { explore, ExploreError } from "skein/explore";

import { ASYNC_BUGS, type KnownBug, THREAD_BUGS } from "./programs/index.js";

/** Any of the bugs shows itself within so many schedules. */
const MOST_SCHEDULES = 50_000;
/** Of a mended twin, where there are more than can be run; `npm run known-bugs` runs many more. */
const TWIN_SCHEDULES = 500;
/** A machine that is busy may be slow; no test comes near this. */
const LIMIT_MS = 60_000;

/** Explores a program that has a bug, and gives what was found. */
async function find(bug: KnownBug, token?: string): Promise<ExploreError> {
  const budget = { schedules: MOST_SCHEDULES, budgetMs: LIMIT_MS };
  const options = { name: bug.name, ...bug.options, ...(token === undefined ? budget : { token }) };
  try {
    const report = await explore(options, bug.buggy);
    assert.fail(`nothing was found: ${report.coverage.text}`);
  } catch (error) {
    if (error instanceof ExploreError) return error;
    throw error;
  }
}

function tests(bugs: readonly KnownBug[]): void {
  for (const bug of bugs) {
    it(`${bug.name}: it is found, and found again by its token`, async () => {
      const found = await find(bug);
      assert.ok(bug.kinds.includes(found.kind), `${found.kind} is none of ${bug.kinds.join(", ")}\n${found.message}`);
      for (let time = 0; time < 3; time += 1) {
        const again = await find(bug, found.token);
        assert.deepEqual([again.kind, again.listing], [found.kind, found.listing]);
      }
    });

    it(`${bug.name}: its mended twin is left in peace`, async () => {
      const report = await explore(
        { name: `${bug.name}, mended`, ...bug.options, schedules: TWIN_SCHEDULES, budgetMs: LIMIT_MS },
        bug.fixed,
      );
      assert.ok(report.coverage.kind === "complete" || report.schedules >= TWIN_SCHEDULES, report.coverage.text);
      assert.deepEqual(report.warnings, []);
    });
  }
}

describe("known bugs of threads", () => tests(THREAD_BUGS));

describe("known bugs of jobs that await", () => tests(ASYNC_BUGS));
