/**
 * The page's numbers beside those that are worked out from the bytes of the trace file by
 * a reader of the tests, and beside those of the report for terminals.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import type { Page } from "playwright-core";
import { reportText } from "skein/trace";

import { duration } from "#skein/trace/words/language";

import { openPage, record, type Recorded, startSkein, type Started } from "./support/inspected.js";
import {
  rawBusyMs,
  rawHoldsMs,
  rawJobs,
  rawMeanInFlight,
  rawMeanRunning,
  rawMostInFlight,
  rawMostRunning,
  rawPercentile,
  rawRunTimes,
  rawWaitsMs,
  rawWaitTimes,
} from "./support/raw-numbers.js";

let recorded: Recorded;
let started: Started;

before(async () => {
  recorded = await record("mixed-program", true);
  started = await startSkein(["open", "--no-browser", recorded.path, recorded.path]);
});

async function openAt(hash: string): Promise<Page> {
  const { page } = await openPage(`${started.url}${hash}`);
  await page.waitForSelector("[data-testid=duration]");
  return page;
}

/** The unrounded numbers of a table's rows, by what stands at their beginning. */
async function rowsOf(page: Page, testId: string): Promise<Map<string, number[]>> {
  const rows = await page.getByTestId(testId).locator("tbody tr").all();
  const read = rows.map(async (row): Promise<[string, number[]]> => {
    const cells = await row.locator("td[data-value]").all();
    const values = await Promise.all(cells.map(async (cell) => Number(await cell.getAttribute("data-value"))));
    return [((await row.locator("th").textContent()) ?? "").trim(), values];
  });
  return new Map(await Promise.all(read));
}

function near(what: string, actual: number | undefined, expected: number | undefined): void {
  assert.ok(
    actual !== undefined && expected !== undefined && Math.abs(actual - expected) <= 1e-6 * Math.max(1, expected),
    `${what}: ${actual} is not ${expected}`,
  );
}

describe("the page's numbers", () => {
  it("are those of the file, figure by figure", async () => {
    const page = await openAt("#compare");
    await page.getByTestId("compare").waitFor();
    const shown = await rowsOf(page, "compare");
    const { raw } = recorded;
    const [runTimes, waitTimes] = [rawRunTimes(raw), rawWaitTimes(raw)];
    const expected: Readonly<Record<string, number | undefined>> = {
      duration: raw.durationMs,
      jobs: rawJobs(raw).length,
      "jobs in flight on average": rawMeanInFlight(raw),
      "most jobs in flight": rawMostInFlight(raw),
      "cores busy on average": raw.cpuMs / raw.durationMs,
      "cores wanted on average": (raw.cpuMs + raw.coreWaitMs) / raw.durationMs,
      "threads inside jobs on average": rawMeanRunning(raw),
      "most threads inside jobs": rawMostRunning(raw),
      "CPU time": raw.cpuMs,
      "waited for a core": raw.coreWaitMs,
      "length of jobs, p50": rawPercentile(runTimes, 0.5),
      "length of jobs, p99": rawPercentile(runTimes, 0.99),
      "from spawn to start, p50": rawPercentile(waitTimes, 0.5),
      "from spawn to start, p99": rawPercentile(waitTimes, 0.99),
      "records dropped": 0,
    };
    for (const [name, value] of Object.entries(expected)) {
      for (const cell of shown.get(name) ?? [undefined]) near(name, cell, value);
    }
    assert.equal(shown.size, Object.keys(expected).length);
  });

  it("say what others took as cores wanted, allowed and busy do", async () => {
    const page = await openAt("#now");
    const taken = Number(await page.getByTestId("taken").getAttribute("data-value"));
    const { cpuMs, coreWaitMs, cores, durationMs } = recorded.raw;
    const wanted = Math.min(cores, (cpuMs + coreWaitMs) / durationMs);
    near("taken", taken, Math.max(0, wanted - cpuMs / durationMs));
  });

  it("are those of the file for each thread", async () => {
    const page = await openAt("#loops");
    const shown = await rowsOf(page, "threads");
    for (const [name, busyMs] of rawBusyMs(recorded.raw)) near(name, shown.get(name)?.[0], busyMs);
  });

  it("are those of the file for locks and channels", async () => {
    const page = await openAt("#resources");
    const shown = await rowsOf(page, "resources");
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    for (const title of ['mutex "ledger"', 'channel "readings"', 'latch "never"', "sleep"]) {
      const [waits, waitMs] = shown.get(title) ?? [];
      const raw = rawWaitsMs(recorded.raw, title);
      assert.ok(raw.length > 0, title);
      near(`waits for ${title}`, waits, raw.length);
      near(`time waited for ${title}`, waitMs, sum(raw));
    }
    const holds = rawHoldsMs(recorded.raw, "ledger");
    assert.equal(holds.length, 2);
    near("time the lock was held", shown.get('mutex "ledger"')?.[2], sum(holds));
  });

  it("are those that the report for terminals prints", async () => {
    const page = await openAt("#compare");
    await page.getByTestId("compare").waitFor();
    const shown = await rowsOf(page, "compare");
    const report = reportText(recorded.trace, { width: 200 });
    const written = (name: string): string => new RegExp(`^  ${name} +(.*\\S) +\\[`, "m").exec(report)?.[1] ?? "";
    const first = (name: string): number => shown.get(name)?.[0] ?? NaN;
    const time = (name: string): string => duration(first(name), "en");
    const decimal = (name: string): string => (first(name) >= 9.95 ? first(name).toFixed(0) : first(name).toFixed(1));
    assert.equal(written("recorded for"), time("duration"));
    assert.equal(written("jobs"), String(first("jobs")));
    assert.equal(written("jobs in flight, mean"), decimal("jobs in flight on average"));
    assert.equal(written("jobs in flight, at most"), String(first("most jobs in flight")));
    assert.equal(written("cores busy"), decimal("cores busy on average"));
    assert.equal(written("cores wanted"), decimal("cores wanted on average"));
    assert.equal(written("waited for cores"), time("waited for a core"));
    for (const [name, row] of [
      ["a job ran", "length of jobs"],
      ["a job waited to start", "from spawn to start"],
    ] as const) {
      const [, p50, p99] = /^p50 (.*?), p99 (.*?), /.exec(written(name)) ?? [];
      assert.deepEqual([p50, p99], [time(`${row}, p50`), time(`${row}, p99`)]);
    }
  });
});
