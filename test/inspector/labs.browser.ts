import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import type { Page } from "playwright-core";

import { openPage, overflowOf, startSkein, type Started } from "./support/inspected.js";

let started: Started;
before(async () => {
  started = await startSkein(["lab", "--inspect", "--no-browser"]);
});

/** Labs take some seconds, and longer on a machine that others use. */
const LAB_MS = 60_000;

async function openLab(name: string, options: Parameters<typeof openPage>[1] = {}) {
  const opened = await openPage(started.url.replace(/#.*/, `#labs/${name}`), options);
  await opened.page.waitForSelector("[data-testid=lab-choices]");
  return opened;
}

/**
 * Predicts, runs and waits for the result and its timelines. What the verdict is depends on what
 * else the machine does, so no test here asks for one.
 */
async function run(page: Page, choice: number): Promise<void> {
  const result = page.getByTestId("lab-result");
  const last = (await result.count()) === 0 ? "" : ((await result.getAttribute("data-run")) ?? "");
  await page.locator(".lab-choice").nth(choice).click();
  await page.getByTestId("lab-run").click();
  await page.waitForSelector(`[data-testid=lab-result]:not([data-run="${last}"])`, { timeout: LAB_MS });
  await page.waitForSelector("[data-testid=part-timeline]");
}

async function textOf(page: Page, testId: string): Promise<string> {
  return (await page.getByTestId(testId).first().textContent()) ?? "";
}

/** How many colours a canvas has: one that nothing is drawn on has one. */
async function coloursOf(page: Page, nth: number): Promise<number> {
  return page
    .getByTestId("timeline-canvas")
    .nth(nth)
    .evaluate((element) => {
      const canvas = element as unknown as Drawn;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
}

describe("screen Labs", () => {
  it("lists the labs with their statements, the four models first, and is where the page begins", async () => {
    const { page, errors } = await openPage(started.url);
    await page.waitForSelector(".lab-card");
    assert.equal(await page.locator(".lab-card").count(), 16);
    assert.match((await page.locator(".lab-card").first().textContent()) ?? "", /Four models.*S11S12S13S14/);
    await page.getByTestId("lab-illusion").click();
    assert.match(await textOf(page, "lab-claim"), /^On too few cores the scheduler switches/);
    await page.getByTestId("labs-back").click();
    await page.waitForSelector(".lab-card");
    assert.deepEqual(errors, []);
  });

  it("asks for a prediction first", async () => {
    const { page } = await openLab("deadlock");
    assert.equal(await page.getByTestId("lab-run").isDisabled(), true);
    assert.equal(await page.getByTestId("lab-run-without").isVisible(), true);
    await page.locator(".lab-choice").first().click();
    assert.equal(await page.getByTestId("lab-run").isEnabled(), true);
  });

  it("runs a lab: the verdict, the prediction beside it, numbers, and its timelines", async () => {
    const { page, errors } = await openLab("four-models");
    await run(page, 2);
    assert.match(
      (await page.getByTestId("lab-verdict").getAttribute("data-kind")) ?? "",
      /^(?:shown|not-shown|inconclusive)$/,
    );
    assert.match(await textOf(page, "lab-prediction"), /You saidc\. in all fourIt wasc\. in all fourAs predicted\./);
    assert.equal(await page.getByTestId("lab-guess").getAttribute("data-right"), "true");
    await page.waitForFunction(isDrawn, 4);
    for (let part = 0; part < 4; part++) {
      const timeline = page.getByTestId("part-timeline").nth(part);
      assert.equal(await timeline.getAttribute("data-jobs"), "4");
      assert.ok((await coloursOf(page, part)) > 5, `part ${part} is drawn`);
    }
    const rows = await page.getByTestId("lab-parts").locator("tbody tr").allTextContents();
    assert.deepEqual(
      rows.map((row) => /^[^\d–]+/.exec(row)?.[0].trim()),
      ["here, one loop", "sliced, one loop", "threads, one core", "threads, all cores"],
    );
    const heads = await page.getByTestId("lab-parts").locator("thead").textContent();
    for (const head of ["in flight", "ran at once", "wall time", "CPU time", "context switches"]) {
      assert.ok(heads?.includes(head), head);
    }
    assert.deepEqual(errors, []);
  });

  it("turns knobs, says which can't be so, and compares two runs", async () => {
    const { page, errors } = await openLab("blocking");
    await run(page, 0);
    assert.equal(await page.getByTestId("lab-guess").getAttribute("data-right"), "false");
    assert.equal(await page.getByTestId("lab-compare-runs").isDisabled(), true);
    await page.getByTestId("knob-requests").fill("51");
    await page.getByTestId("lab-run").click();
    await page.waitForSelector("[data-testid=lab-problem]");
    assert.equal(await textOf(page, "lab-problem"), "requests: expected a whole number from 1 to 50, but 51 came");
    await page.getByTestId("knob-requests").fill("five");
    await page.getByTestId("lab-run").click();
    await page.getByText('but "five" came').waitFor();
    await page.getByTestId("knob-requests").fill("5");
    await run(page, 2);
    assert.equal(await page.getByTestId("lab-problem").count(), 0);
    await page.getByTestId("lab-compare-runs").click();
    const requests = page.getByTestId("lab-compare").locator("tbody").first().locator("tr").nth(1);
    assert.equal(await requests.textContent(), "requests105× 0.50");
    await page.waitForFunction(isDrawn, 4);
    const titles = await page.getByTestId("lab-part").locator("h3").allTextContents();
    assert.equal(titles.length, 4);
    assert.match(
      titles.join(),
      /^blocking · Run (\d+),blocking · Run (\d+),asynchronous · Run \1,asynchronous · Run \2$/,
    );
    // The browser itself reports what the server refused.
    assert.deepEqual(
      errors.filter((error) => !error.includes("400")),
      [],
    );
  });

  it("opens a part of a run on the other screens", async () => {
    const { page, errors } = await openLab("cancellation");
    await run(page, 0);
    await page.getByTestId("open-part").first().click();
    await page.waitForSelector("[data-testid=duration]");
    assert.equal(new URL(page.url()).hash.startsWith("#labs"), true);
    await page.getByTestId("nav-tasks").click();
    await page.waitForSelector(".task-line");
    assert.deepEqual(errors, []);
  });

  it("speaks Russian, also of what has run already", async () => {
    const { page, errors } = await openLab("interleaving");
    await run(page, 1);
    await page.getByTestId("language").click();
    await page.getByText("Запустить ещё раз").waitFor();
    assert.match(await textOf(page, "lab-verdict"), /^. (?:показано|не показано|сказать нельзя)[а-я]/u);
    assert.match(await textOf(page, "lab-prediction"), /^Вы сказалиb\. .*Вышло/u);
    const words = (await page.locator(".lab-head, .lab-form, .lab-result h2, .lab-result th").allTextContents()).join(
      " ",
    );
    assert.doesNotMatch(words, /\b(?:the|and|run|knob|cores|wall)\b/);
    assert.deepEqual(errors, []);
  });

  it("zooms all timelines together by the keys, and fits them again", async () => {
    const { page } = await openLab("interleaving");
    await page.waitForSelector("[data-testid=part-timeline]");
    const canvas = page.getByTestId("timeline-canvas").nth(1);
    const picture = (): Promise<unknown> => canvas.evaluate((element) => (element as unknown as Drawn).toDataURL());
    await page.waitForFunction(isDrawn, 2);
    const whole = await picture();
    await page.getByTestId("timeline-canvas").first().focus();
    await page.keyboard.press("w");
    await changes(page, picture, whole);
    await page.keyboard.press("f");
    for (let turn = 0; (await picture()) !== whole; turn++) {
      assert.ok(turn < 300, "it is as it was");
      await page.evaluate("new Promise(requestAnimationFrame)");
    }
  });

  it("stops a run", async () => {
    const { page } = await openLab("fair-share");
    await page.getByTestId("knob-lengthMs").fill("2000");
    await page.getByTestId("lab-run-without").click();
    await page.getByTestId("lab-stop").click();
    await page.getByText("The run was stopped.").waitFor();
    assert.equal(await page.getByTestId("lab-result").count(), 0);
  });

  for (const language of ["en", "ru"] as const) {
    it(`fits a window of 400 pixels, in ${language}`, async () => {
      const { page, errors } = await openLab("interleaving", { viewport: { width: 400, height: 800 }, language });
      await page.waitForSelector("[data-testid=lab-result]");
      assert.equal(await overflowOf(page), 0);
      await page.getByTestId("labs-back").click();
      await page.waitForSelector(".lab-card");
      assert.equal(await overflowOf(page), 0);
      assert.deepEqual(errors, []);
    });
  }

  it("says so when the command has ended", async () => {
    const own = await startSkein(["lab", "illusion", "--inspect", "--no-browser"]);
    assert.match(own.url, /#labs\/illusion$/);
    const { page } = await openPage(own.url);
    await page.waitForSelector("[data-testid=lab-choices]");
    await page.getByTestId("lab-run-without").click();
    await page.waitForSelector("[data-testid=lab-progress]");
    assert.equal(await own.stop(), 0);
    await page.getByText("does not answer any more").waitFor();
  });
});

/** What is used of a canvas; the compiler knows no page here. */
interface Drawn {
  readonly width: number;
  readonly height: number;
  getContext(kind: "2d"): {
    getImageData(
      x: number,
      y: number,
      width: number,
      height: number,
    ): { readonly data: { readonly buffer: ArrayBuffer } };
  };
  toDataURL(): string;
}

/** True once as many timelines are there; runs in the page. */
const isDrawn = (count: number): boolean =>
  (
    globalThis as unknown as { document: { querySelectorAll(selector: string): { length: number } } }
  ).document.querySelectorAll("[data-testid=part-timeline] canvas").length === count;

async function changes(page: Page, picture: () => Promise<unknown>, from: unknown): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    if ((await picture()) !== from) return;
    await page.evaluate("new Promise(requestAnimationFrame)");
  }
  assert.fail("nothing has changed");
}
