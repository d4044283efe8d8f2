import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";

import type { Page } from "playwright-core";
import { buildTimeline, computeFigures, criticalPath, type Figures, type Trace, verdict } from "skein/trace";

import { duration } from "../../inspector/src/format.js";
import {
  inFolder,
  openPage,
  overflowOf,
  record,
  type Recorded,
  startSkein,
  type Started,
  valueOf,
} from "./support/inspected.js";
import { rawJobs, rawMeanInFlight, rawMostInFlight, rawRunningMs } from "./support/raw-numbers.js";

let recorded: Recorded;
let started: Started;

before(async () => {
  recorded = await record("mixed-program");
  started = await startSkein(["open", "--no-browser", recorded.path]);
});

/** A page at a place, with the trace in it. */
async function openAt(hash: string, options: Parameters<typeof openPage>[1] = {}) {
  const opened = await openPage(`${started.url}${hash}`, options);
  await opened.page.waitForSelector("[data-testid=duration]");
  return opened;
}

function figuresOf(trace: Trace): Figures {
  return computeFigures(buildTimeline(trace), trace);
}

function near(actual: number | undefined, expected: number, within = 1e-6): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
}

function hashOf(page: Page): string {
  return new URL(page.url()).hash;
}

/** Waits until the page is as expected; it looks again at each frame. */
async function until(page: Page, what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const limitMs = performance.now() + 10_000; performance.now() < limitMs;) {
    if (await isSo()) return;
    await page.evaluate("new Promise(requestAnimationFrame)");
  }
  assert.fail(`it never came true that ${what}`);
}

/** The address is written a moment after a movement. */
async function untilAddress(page: Page, part: string): Promise<void> {
  await until(page, `the address has ${part}`, () => hashOf(page).includes(part));
}

/** The unrounded numbers of several parts of the page. */
async function valuesOf(page: Page, selector: string): Promise<number[]> {
  const found = await page.locator(selector).all();
  return Promise.all(found.map(async (part) => Number(await part.getAttribute("data-value"))));
}

/** The text of a part of the page; empty if it is not there. */
async function textOf(page: Page, selector: string): Promise<string> {
  const found = page.locator(selector).first();
  return (await found.count()) === 0 ? "" : ((await found.textContent()) ?? "");
}

describe("screen Now", () => {
  it("shows the numbers that the raw records give", async () => {
    const { page, errors } = await openAt("#now");
    const { raw } = recorded;
    near(await valueOf(page, "concurrency"), rawMeanInFlight(raw));
    assert.equal(await valueOf(page, "jobs"), rawJobs(raw).length);
    const shown = await page.locator(".big-jobs .big-extra").textContent();
    assert.equal(shown, `most at once: ${rawMostInFlight(raw)}`);
    const { durationMs, cpuMs, coreWaitMs } = raw;
    near(await valueOf(page, "parallelism"), cpuMs / durationMs);
    near(await valueOf(page, "cpu"), cpuMs);
    near(await valueOf(page, "demand"), (cpuMs + coreWaitMs) / durationMs);
    assert.deepEqual(errors, []);
  });

  it("shows the verdict that the figures give, and draws its chart", async () => {
    const { page, errors } = await openAt("#now");
    const { text } = verdict(figuresOf(recorded.trace));
    assert.equal(await page.getByTestId("verdict").textContent(), text);
    assert.ok((await page.locator(".now-chart canvas").count()) > 0);
    assert.deepEqual(errors, []);
  });
});

describe("screen Timeline", () => {
  it("zooms, moves and fits by keys, and the address tells where it is", async () => {
    const { page, errors } = await openAt("#timeline");
    await page.keyboard.press("w");
    await untilAddress(page, "from=");
    const zoomed = hashOf(page);
    await page.keyboard.press("d");
    await until(page, "the window has moved", () => hashOf(page) !== zoomed);
    const widthOf = (hash: string): number => {
      const params = new URLSearchParams(hash.split("?")[1]);
      return Number(params.get("to")) - Number(params.get("from"));
    };
    near(widthOf(hashOf(page)), widthOf(zoomed), 1e-3);
    await page.keyboard.press("f");
    await until(page, "everything is shown", () => !hashOf(page).includes("from="));
    assert.deepEqual(errors, []);
  });

  it("splits a range as the raw records do", async () => {
    const fromMs = 5;
    const toMs = recorded.raw.durationMs - 5;
    const { page, errors } = await openAt(`#timeline?rangeFrom=${fromMs}&rangeTo=${toMs}`);
    await page.waitForSelector("[data-testid=split-task]");
    const names = await page.locator("[data-testid=split-task] th").allTextContents();
    const running = await valuesOf(page, "[data-testid=split-task] td.number:nth-of-type(2)");
    const shown = names.map((name, index) => ({ name, runningMs: running[index] ?? 0 }));
    const expected = rawJobs(recorded.raw).filter(({ spawnedMs, endedMs }) => endedMs >= fromMs && spawnedMs <= toMs);
    assert.equal(shown.length, expected.length);
    for (const name of new Set(expected.map((job) => job.name))) {
      const sum = shown.filter((line) => line.name === name).reduce((total, line) => total + line.runningMs, 0);
      const raw = expected.filter((job) => job.name === name).map((job) => rawRunningMs(job, fromMs, toMs));
      near(
        sum,
        raw.reduce((total, ms) => total + ms, 0),
        1e-3,
      );
    }
    assert.deepEqual(errors, []);
  });

  it("makes a range of a drag, and Escape takes it away", async () => {
    const { page } = await openAt("#timeline");
    const box = await page.getByTestId("timeline-canvas").boundingBox();
    assert.ok(box !== null);
    // Below all lanes, where there is nothing that could be clicked.
    const y = box.y + box.height - 12;
    await page.mouse.move(box.x + 400, y);
    await page.mouse.down();
    await page.mouse.move(box.x + 700, y, { steps: 4 });
    await page.mouse.up();
    await page.waitForSelector("[data-testid=split-thread]");
    await page.keyboard.press("Escape");
    await page.waitForSelector("[data-testid=range]", { state: "detached" });
  });

  it("finds jobs by name, selects one by its link, and steps through its slices", async () => {
    const { page, errors } = await openAt("#timeline");
    await page.keyboard.press("/");
    await page.keyboard.type("crunch");
    const crunches = rawJobs(recorded.raw).filter(({ name }) => name === "crunch").length;
    await until(
      page,
      "all are found",
      async () => (await textOf(page, "[data-testid=found]")) === `${crunches + 1} found`,
    ); // and their scope, "crunching"
    await page.keyboard.press("Escape"); // out of the field
    await page.goto(`${started.url}#tasks`);
    await page.getByTestId("task-line").filter({ hasText: "hog" }).click();
    await page.getByRole("button", { name: "Show on the timeline" }).click();
    await page.waitForSelector("[data-testid=selection]");
    assert.match((await page.getByTestId("selection").textContent()) ?? "", /hog/);
    await page.keyboard.press("]");
    await page.getByTestId("selection").filter({ hasText: "running" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-testid=task-detail]");
    assert.deepEqual(errors, []);
  });

  it("tells a bar under the pointer, and a click selects it", async () => {
    const { page } = await openAt("#timeline");
    const box = await page.getByTestId("timeline-canvas").boundingBox();
    assert.ok(box !== null);
    // The scope of main lasts from the beginning to the end, in the first row of the tasks.
    let isFound = false;
    for (let y = 30; y < box.height && !isFound; y += 6) {
      await page.mouse.move(box.x + box.width * 0.6, box.y + y);
      await page.evaluate("new Promise(requestAnimationFrame)");
      isFound = (await page.getByTestId("tooltip").filter({ hasText: "main" }).count()) > 0;
    }
    assert.ok(isFound);
    await page.mouse.down();
    await page.mouse.up();
    await page.waitForSelector("[data-testid=selection]");
    assert.match((await page.getByTestId("selection").textContent()) ?? "", /main.*scope/);
  });

  it("shows the critical path of a scope, from its beginning to its end", async () => {
    const { page, errors } = await openAt("#tasks?q=crunch");
    await page.getByTestId("task-line").first().click();
    await page.getByRole("button", { name: "Show on the timeline" }).click();
    await page.getByTestId("path").click();
    await page.getByTestId("path-split").waitFor();
    const timeline = buildTimeline(recorded.trace);
    const crunch = timeline.jobs.find(({ name }) => name === "crunch");
    const path = criticalPath(recorded.trace, timeline, crunch?.id ?? 0);
    const words = (await page.getByTestId("path-split").locator(".split-bar").getAttribute("aria-label")) ?? "";
    assert.ok(words.includes(`running ${duration(path?.byWay.running, "en")}`), words);
    assert.deepEqual(errors, []);
  });

  it("puts events in order, and back", async () => {
    const { page, errors } = await openAt("#timeline");
    const canvas = page.getByTestId("timeline-canvas");
    const inTime = await canvas.screenshot();
    await page.keyboard.press("o");
    await untilAddress(page, "order=1");
    await page.locator("[data-testid=event-order][aria-pressed=true]").waitFor();
    await until(page, "it is drawn anew", async () => !(await canvas.screenshot()).equals(inTime));
    await page.keyboard.press("o");
    await until(page, "time is real again", () => !hashOf(page).includes("order=1"));
    assert.deepEqual(errors, []);
  });

  it("explains its keys", async () => {
    const { page } = await openAt("#timeline");
    await page.keyboard.press("?");
    await page.waitForSelector("[data-testid=keys]");
    assert.match((await page.getByTestId("keys").textContent()) ?? "", /zoom in, out/);
    await page.keyboard.press("Escape");
    await page.waitForSelector("[data-testid=keys]", { state: "detached" });
  });
});

describe("screen Tasks", () => {
  const countIs = (page: Page, count: number): Promise<void> =>
    until(page, `${count} are left`, async () => (await valueOf(page, "task-count")) === count);

  it("filters by its query language as the raw records do", async () => {
    const { page, errors } = await openAt("#tasks");
    const jobs = rawJobs(recorded.raw);
    const query = page.getByTestId("query");
    const cases: readonly (readonly [string, number])[] = [
      ["", jobs.length],
      ["name:~cru", jobs.filter(({ name }) => name.includes("cru")).length],
      ["name:consume", jobs.filter(({ name }) => name === "consume").length],
      ["hog", 1],
      ["cpu>50ms", jobs.filter((job) => rawRunningMs(job, 0, Infinity) > 50).length],
      ["state:done", jobs.filter(({ isOver }) => isOver).length],
      ["-state:done", jobs.filter(({ isOver }) => !isOver).length],
      ["age>=50ms", jobs.filter(({ spawnedMs, endedMs }) => endedMs - spawnedMs >= 50).length],
      ["scope:crunching -hog", 8],
      ["nobody-is-called-so", 0],
    ];
    for (const [text, count] of cases) {
      await query.fill(text);
      await countIs(page, count);
    }
    assert.deepEqual(errors, []);
  });

  it("says what is wrong with a query", async () => {
    const { page } = await openAt("#tasks?q=colour%3Ared");
    assert.match((await page.getByTestId("query-wrong").textContent()) ?? "", /colour:red.*no such key/);
    await page.getByTestId("query").fill("cpu>fast");
    await page.getByText("a time is missing").waitFor();
  });

  it("sorts, and the address keeps the order", async () => {
    const { page } = await openAt("#tasks");
    await page.getByRole("button", { name: "Age" }).click();
    await untilAddress(page, "sort=-age");
    const longest = rawJobs(recorded.raw).toSorted((a, b) => b.endedMs - b.spawnedMs - (a.endedMs - a.spawnedMs))[0];
    await until(
      page,
      "the longest comes first",
      async () => (await textOf(page, "[data-testid=task-line] .name")) === longest?.name,
    );
  });

  it("opens a task with its split and histograms, and leads back", async () => {
    const { page, errors } = await openAt("#tasks?q=hog");
    await page.getByTestId("task-line").first().click();
    await page.waitForSelector("[data-testid=task-detail]");
    const detail = (await page.getByTestId("task-detail").textContent()) ?? "";
    assert.match(detail, /hog/);
    assert.match(detail, /Inside\s*main/);
    assert.equal(await page.locator(".histogram").count(), 2);
    await page.getByRole("button", { name: "All tasks" }).click();
    await page.getByTestId("task-table").waitFor();
    assert.deepEqual(errors, []);
  });

  it("says why a task waits", async () => {
    const { page } = await openAt("#tasks?q=stuck");
    await page.getByTestId("task-line").first().click();
    const why = page.locator(".why");
    await why.waitFor();
    assert.match((await why.textContent()) ?? "", /stuck.*latch "never"/s);
  });

  it("shows names as text, whatever they are", async () => {
    const { page, errors } = await openAt("#tasks?q=bold");
    const line = page.getByTestId("task-line").first();
    await line.filter({ hasText: "<img" }).waitFor();
    await line.click();
    await page.waitForSelector("[data-testid=task-detail]");
    assert.equal(await page.locator("#app img, #app b:text-is('bold')").count(), 0);
    assert.equal(await page.title(), "Skein inspector");
    assert.deepEqual(errors, []);
  });
});

describe("other screens", () => {
  it("Resources counts waits as they were recorded, and draws who waits", async () => {
    const { page, errors } = await openAt("#resources");
    const table = (await page.getByTestId("resources").textContent()) ?? "";
    for (const name of ['mutex "ledger"', 'channel "readings"', "sleep", 'latch "never"'])
      assert.ok(table.includes(name), name);
    const graph = (await page.locator(".wait-graph").textContent()) ?? "";
    assert.match(graph, /stuck/);
    assert.match(graph, /latch "never"/);
    assert.deepEqual(errors, []);
  });

  it("Loop health has a line for each thread, with what the figures say", async () => {
    const { page, errors } = await openAt("#loops");
    const busy = figuresOf(recorded.trace).threads.value ?? [];
    for (const { name, busyMs } of busy) {
      const row = page
        .getByTestId("threads")
        .locator("tbody tr")
        .filter({ has: page.getByRole("rowheader", { name, exact: true }) });
      near(Number(await row.locator("td.number").first().getAttribute("data-value")), busyMs);
    }
    assert.deepEqual(errors, []);
  });

  it("Compare takes a second file, and says what is wrong with a bad one", async () => {
    const { page, errors } = await openAt("#compare");
    await page.getByTestId("second-file").setInputFiles({ name: "bad", mimeType: "", buffer: Buffer.from("no trace") });
    await page.waitForSelector("[data-testid=failure]");
    await page.getByTestId("second-file").setInputFiles(recorded.path);
    const jobs = page
      .getByTestId("compare")
      .locator("tbody tr")
      .filter({ has: page.getByRole("rowheader", { name: "jobs", exact: true }) });
    await jobs.waitFor();
    const cells = await valuesOf(page, '[data-testid=compare] tr:has(th:text-is("jobs")) td[data-value]');
    const count = rawJobs(recorded.raw).length;
    assert.deepEqual(cells, [count, count]);
    assert.deepEqual(errors, []);
  });

  it("exports the trace, a report and Chrome's format", async () => {
    const { page, errors } = await openAt("#capabilities");
    for (const [file, begins] of [
      ["trace.skein", undefined],
      ["perfetto.pftrace", "\n"],
      ["profile.cpuprofile", "{"],
      ["otlp.json", "{"],
      ["jobs.csv", ""],
      ["report.html", "<!doctype html>"],
      ["chrome.json", "{"],
    ] as const) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId(`export-${file}`).click()]);
      const path = inFolder(`export-${file}`);
      await download.saveAs(path);
      const bytes = readFileSync(path);
      if (begins === undefined) assert.deepEqual(bytes, readFileSync(recorded.path));
      else assert.ok(bytes.toString("utf8").startsWith(begins));
    }
    assert.deepEqual(errors, []);
  });
});

describe("the page", () => {
  it("is there in two languages and two themes, and remembers the choice", async () => {
    const { page, errors } = await openAt("#now");
    await page.getByTestId("language").click();
    await page.getByText("Конкурентность").waitFor();
    await page.getByTestId("theme").click();
    await page.locator("html[data-theme=light]").waitFor();
    await page.reload();
    await page.getByText("Конкурентность").waitFor();
    assert.equal(await page.evaluate("document.documentElement.lang"), "ru");
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "light");
    assert.deepEqual(errors, []);
  });

  it("fits into a narrow window on every screen", async () => {
    const { page, errors } = await openAt("#now", { viewport: { width: 360, height: 700 }, language: "ru" });
    for (const screen of ["now", "timeline", "tasks", "resources", "loops", "advice", "compare", "capabilities"]) {
      await page.getByTestId(`nav-${screen}`).click();
      await page.waitForSelector(`.screen-${screen}`);
      const overflow = await overflowOf(page);
      assert.equal(overflow, 0, screen);
    }
    assert.deepEqual(errors, []);
  });

  it("goes by the browser's way back", async () => {
    const { page } = await openAt("#now");
    await page.keyboard.press("3");
    await untilAddress(page, "#tasks");
    await page.goBack();
    await page.waitForSelector(".screen-now");
  });

  it("opens a report as a file, with the same numbers, and loads nothing", async () => {
    const { page, errors } = await openPage(`file://${recorded.report}`);
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.reload();
    await page.waitForSelector("[data-testid=concurrency]");
    near(await valueOf(page, "concurrency"), rawMeanInFlight(recorded.raw));
    await page.keyboard.press("3");
    await page.getByTestId("task-line").first().waitFor();
    // Itself, and its worker, which it has made of what stands in it.
    assert.deepEqual(
      requests.filter((requested) => !requested.startsWith("blob:")),
      [`file://${recorded.report}`],
    );
    assert.deepEqual(errors, []);
  });
});
