import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { before, describe, it } from "node:test";

import type { Locator } from "playwright-core";
import { buildTimeline, encodeTrace, findFindings, splitOfThread } from "skein/trace";

import { SCREENS } from "../../inspector/src/link.js";
import { inFolder, openPage, overflowOf, startSkein, type Started } from "./support/inspected.js";
import { observedTrace } from "./support/observed-trace.js";

const trace = observedTrace();
let started: Started;

before(async () => {
  const path = inFolder("observed.skein");
  writeFileSync(path, encodeTrace(trace));
  started = await startSkein(["open", "--no-browser", path]);
});

async function openAt(hash: string) {
  const opened = await openPage(`${started.url}${hash}`);
  await opened.page.waitForSelector("[data-testid=duration]");
  return opened;
}

/** Texts of all of them, once there is one: the page draws what belongs together at once, but not as soon as it is asked. */
async function textsOf(all: Locator): Promise<string[]> {
  await all.first().waitFor();
  return all.allTextContents();
}

describe("a program of which everything was seen", () => {
  it("has its findings in words on Now, and each leads to its time", async () => {
    const { page, errors } = await openAt("#now");
    const findings = findFindings(trace, buildTimeline(trace));
    const shown = await textsOf(page.getByTestId("finding").locator("b"));
    assert.deepEqual(
      shown,
      findings.map(({ text }) => text.en),
    );
    const deadlock = findings.find(({ kind }) => kind === "deadlock");
    assert.ok(deadlock !== undefined);
    await page.locator("[data-testid=finding][data-kind=deadlock]").click();
    await page.getByTestId("range").waitFor();
    await page.getByTestId("split-thread").first().waitFor();
    assert.deepEqual(errors, []);
  });

  it("shows demand and cores by the kernel's readings, and says so", async () => {
    const { page } = await openAt("#now");
    await page.locator(".line-demand").waitFor();
    assert.match((await page.locator(".facts").first().textContent()) ?? "", /cores wanted.*sampled/);
  });

  it("splits threads as the kernel's counts do", async () => {
    const { page } = await openAt("#timeline?rangeFrom=400&rangeTo=700");
    const row = page.getByTestId("split-thread").filter({ hasText: "main" });
    const { runningMs, readyMs } = splitOfThread(trace, buildTimeline(trace), 0, 400, 700);
    const cells = row.locator("td.number");
    for (const [index, expected] of [runningMs, readyMs].entries()) {
      const found = Number(await cells.nth(index).getAttribute("data-value"));
      assert.ok(Math.abs(found - expected) < 1e-3, `${found} is not ${expected}`);
    }
  });

  it("shows the circle of waits, with both locks and both jobs", async () => {
    const { page, errors } = await openAt("#resources");
    const circle = (await page.getByTestId("circle").textContent()) ?? "";
    for (const name of ["pay left", "pay right", 'mutex "gold"', 'mutex "silver"'])
      assert.ok(circle.includes(name), name);
    assert.equal(await page.locator(".wait-graph .node.circle").count(), 4);
    const gold = page.getByTestId("resources").locator("tr").filter({ hasText: "gold" });
    assert.match((await gold.textContent()) ?? "", /pay left/); // who holds it
    assert.deepEqual(errors, []);
  });

  it("says why a job waits, all the way round", async () => {
    const { page } = await openAt("#tasks?q=name%3A%22pay+left%22");
    await page.getByTestId("task-line").first().click();
    const steps = await textsOf(page.locator(".why li"));
    assert.deepEqual(steps, ["pay left", 'mutex "silver"', "pay right", 'mutex "gold"', "pay left"]);
  });

  it("shows stalls with their stacks, and whether the thread computed", async () => {
    const { page, errors } = await openAt("#loops");
    const [first, second] = await textsOf(page.getByTestId("stall"));
    assert.match(first ?? "", /299 ms on main.*84 % of it computing/);
    assert.match(first ?? "", /countGrains\s+\/home\/me\/app\/src\/ores\.ts:41:9/);
    assert.match(second ?? "", /60\.0 ms on worker-1.*not known.*could not be had/);
    const rows = await textsOf(page.getByTestId("threads").locator("tbody tr"));
    assert.equal(rows.length, 4);
    assert.ok(rows.some((row) => row.includes("engine")));
    assert.deepEqual(errors, []);
  });

  it("names each source of facts, and how to get what is missing", async () => {
    const { page } = await openAt("#capabilities");
    const sources = await textsOf(page.getByTestId("sources").locator("li"));
    assert.match(sources[0] ?? "", /schedstat\s*there/);
    assert.match(
      sources[1] ?? "",
      /core-lanes\s*missing.*perf is not installed.*To get it: apt-get install linux-perf/,
    );
  });

  it("says how many records were lost", async () => {
    const { page } = await openAt("#now");
    await page.locator(".warn").filter({ hasText: "120 records were dropped" }).waitFor();
  });

  it("advises to move what computes on the loop to threads, and to leave alone what is there", async () => {
    const { page, errors } = await openAt("#advice");
    const lineOf = async (name: string): Promise<string> =>
      (await page
        .getByTestId("advice")
        .locator("tbody tr")
        .filter({ has: page.getByRole("button", { name, exact: true }) })
        .textContent()) ?? "";
    assert.match(await lineOf("count"), /Move it to threads/);
    assert.match(await lineOf("smelt"), /Right where it is/);
    assert.deepEqual(errors, []);
  });

  it("is coloured by task, thread or state; the switch is in the address, by keys too", async () => {
    const { page, errors } = await openAt("#timeline");
    const canvas = page.getByTestId("timeline-canvas");
    const legend = async (): Promise<string> => (await page.getByTestId("legend").textContent()) ?? "";
    const seen = new Set<string>();
    for (const [by, words, address] of [
      ["task", /count.*smelt.*pale: it waits/, false],
      ["thread", /main.*worker-1/, true],
      ["state", /waits for a lock.*loop blocked/, true],
    ] as const) {
      await page.locator(`[data-testid=colour-${by}][aria-pressed=true]`).waitFor();
      assert.match(await legend(), words);
      if (address) await page.waitForURL(new RegExp(`colour=${by}`));
      // What it shows is drawn in the frame after the next.
      await page.evaluate("new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))");
      seen.add((await canvas.screenshot()).toString("base64"));
      await page.keyboard.press("c");
    }
    assert.equal(seen.size, 3);
    await page.locator("[data-testid=colour-task][aria-pressed=true]").waitFor();
    await page.getByTestId("colour-thread").click();
    await page.waitForURL(/colour=thread/);
    await page.reload();
    await page.locator("[data-testid=colour-thread][aria-pressed=true]").waitFor();
    assert.deepEqual(errors, []);
  });

  it("leads by a key from a task to the core on which it ran then, and back", async () => {
    const { page, errors } = await openAt("#tasks?q=count");
    await page.getByTestId("task-line").first().click();
    await page.getByRole("button", { name: "Show on the timeline" }).click();
    const selection = page.getByTestId("selection");
    // From its first slice, in which it did not run yet, to the one in which it did.
    await selection.filter({ hasText: "ready" }).waitFor();
    assert.equal(await page.getByTestId("jump").count(), 0);
    await page.keyboard.press("]");
    await page.getByTestId("jump").filter({ hasText: "Its core" }).waitFor();
    const atFirst = await selection.textContent();
    await page.keyboard.press("g");
    await selection.filter({ hasText: /^main ?core [01]/ }).waitFor();
    await page.keyboard.press("g");
    await page.getByTestId("jump").filter({ hasText: "Its core" }).waitFor();
    assert.equal(await selection.textContent(), atFirst);
    await page.getByTestId("jump").click();
    await selection.filter({ hasText: "core" }).waitFor();
    await page.getByTestId("jump").filter({ hasText: "Its task" }).waitFor();
    assert.deepEqual(errors, []);
  });

  it("fits into a narrow window on every screen, in both languages", async () => {
    for (const language of ["en", "ru"] as const) {
      const { page, errors } = await openPage(`${started.url}#now`, {
        viewport: { width: 360, height: 700 },
        language,
      });
      await page.waitForSelector("[data-testid=duration]");
      for (const screen of SCREENS) {
        await page.getByTestId(`nav-${screen}`).click();
        await page.waitForSelector(`.screen-${screen}`);
        assert.equal(await overflowOf(page), 0, `${screen}, ${language}`);
      }
      assert.deepEqual(errors, []);
    }
  });
});
