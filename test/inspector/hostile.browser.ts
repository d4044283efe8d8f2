/** Traces that were made to do harm, or are broken, in the page as a person would open them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { before, describe, it } from "node:test";

import type { Page } from "playwright-core";
import { encodeTrace, type Trace } from "skein/trace";

import { SCREENS } from "../../inspector/src/link.js";
import { ThreadScript, traceOf } from "../trace/support/traces.js";
import { inFolder, openPage, overflowOf, record, startSkein, type Started } from "./support/inspected.js";
import { observedTrace } from "./support/observed-trace.js";

const MARKUP = `"><img src=x onerror="document.title='hurt'"><svg onload="document.title='hurt'"><script>document.title='hurt'</script>`;
const NAMES = [
  MARKUP,
  `${"n".repeat(2 ** 20)}`,
  "\u202Etxt.exe\u2066\u2067\u0000\u0007\u001B[31m\r\n\tend",
  "{{constructor.constructor('document.title=1')()}} ${document.title=1} __proto__",
  "\uD800 alone, 👩‍👩‍👧, \u0301\u0301\u0301\u0301",
];

/** Each name as that of a job, a scope, a lock, a wait, a thread, a function of a stack, a source. */
function hostileTrace(): Trace {
  const main = new ThreadScript(0);
  NAMES.forEach((name, index) => {
    const [scope, job, lock, wait] = [1, 2, 3, 4].map((kind) => (index + 1) * 10 + kind) as [
      number,
      number,
      number,
      number,
    ];
    main
      .make(index, lock, "mutex", name)
      .open(index + 1, scope, name)
      .spawn(index + 2, job, name, scope);
    main
      .start(index + 3, job)
      .acquire(index + 4, lock, scope)
      .suspend(index + 50, job);
    main.waitFor(index + 60, wait, lock, `lock of mutex "${name}"`, scope);
  });
  const trace = traceOf(1000, [main], { cpuMs: 900, coreWaitMs: 100, cores: 2 });
  return {
    ...trace,
    threads: trace.threads.map((thread) => ({ ...thread, name: MARKUP })),
    stalls: NAMES.map((name, index) => ({
      thread: 0,
      beginMs: trace.startedMs + 100 * index,
      endMs: trace.startedMs + 100 * index + 90,
      isOver: true,
      cpuMs: 80,
      coreWaitMs: 0,
      stack: [{ name, url: `javascript:${name}`, line: 1, column: 1 }],
    })),
    capabilities: NAMES.map((name) => ({ name, isAvailable: false, gives: name, why: name, remedy: name })),
  };
}

async function openTrace(started: Started, hash = ""): Promise<{ page: Page; errors: readonly string[] }> {
  const opened = await openPage(`${started.url}${hash}`);
  await opened.page.waitForSelector("[data-testid=duration]");
  return opened;
}

describe("names that were made to do harm", () => {
  let started: Started;
  before(async () => {
    // The name of the file is a name too.
    const path = inFolder("<b>bold<b>.skein");
    writeFileSync(path, encodeTrace(hostileTrace()));
    started = await startSkein(["open", "--no-browser", path]);
  });

  it("are text on every screen, in both languages, and make none of them wider", async () => {
    const { page, errors } = await openTrace(started);
    const look = async (what: string): Promise<void> => {
      await page.evaluate("new Promise(requestAnimationFrame)");
      const strange = await page.evaluate(`(() => {
        const strange = document.querySelectorAll("#app img, #app script, #app iframe, #app [onload], #app [onerror], #app a[href^='javascript:' i]").length;
        const long = [...document.querySelectorAll("#app *")].filter((part) =>
          [...part.childNodes].some((node) => node.nodeType === 3 && node.data.length > 6000) ||
          [...part.attributes].some(({ value }) => value.length > 6000)).length;
        const unseen = /[\\u0000-\\u0008\\u202A-\\u202E\\u2066-\\u2069]/.test(document.querySelector("#app").textContent);
        return { strange, long, unseen, title: document.title };
      })()`);
      assert.deepEqual(strange, { strange: 0, long: 0, unseen: false, title: "Skein inspector" }, what);
      assert.equal(await overflowOf(page), 0, what);
    };
    for (const language of ["en", "ru"]) {
      for (const screen of SCREENS) {
        await page.getByTestId(`nav-${screen}`).click();
        await page.waitForSelector(`.screen-${screen}`);
        await look(`${screen}, ${language}`);
      }
      await page.getByTestId("nav-tasks").click();
      for (const index of NAMES.keys()) {
        await page.getByTestId("task-line").nth(index).click();
        await page.waitForSelector("[data-testid=task-detail]");
        await look(`task ${index}, ${language}`);
        await page.getByTestId("nav-tasks").click();
      }
      await page.getByTestId("language").click();
    }
    assert.deepEqual(errors, []);
  });

  it("are text where they are drawn, pointed at and chosen", async () => {
    const { page, errors } = await openTrace(started, "#timeline");
    const box = await page.getByTestId("timeline-canvas").boundingBox();
    assert.ok(box !== null);
    let seen = "";
    for (let y = 30; y < Math.min(box.height, 400); y += 6) {
      await page.mouse.move(box.x + box.width * 0.6, box.y + y);
      await page.evaluate("new Promise(requestAnimationFrame)");
      seen += (await page.getByTestId("tooltip").allTextContents()).join("");
    }
    assert.match(seen, /<img src=x/);
    assert.equal(await page.locator("#app img").count(), 0);
    assert.match((await page.getByTestId("legend").textContent()) ?? "", /<img src=x/);
    assert.deepEqual(errors, []);
  });
});

describe("a broken trace", () => {
  it("is shown up to where it is broken, and the page says so", async () => {
    const { path } = await record("mixed-program", true);
    const bytes = readFileSync(path);
    const cut = inFolder("cut.skein");
    writeFileSync(cut, bytes.subarray(0, bytes.length - 20));
    const started = await startSkein(["open", "--no-browser", cut]);
    const { page, errors } = await openTrace(started);
    assert.match((await page.getByTestId("damaged").textContent()) ?? "", /first part.*damaged at byte \d+/);
    assert.match(started.output(), /only the first part of .*cut\.skein can be shown/);
    assert.deepEqual(errors, []);
  });

  it("in a report is refused in words, and another can be opened", async () => {
    const { report, path } = await record("mixed-program", true);
    const html = readFileSync(report, "utf8");
    const [, base64 = ""] = /data-name="[^"]*">([^<]*)</.exec(html) ?? [];
    assert.ok(base64.length > 100);
    for (const [name, hostile] of [
      ["cut", base64.slice(0, base64.length >> 1)],
      ["none", "AAAA"],
      ["text", Buffer.from("no trace").toString("base64")],
    ] as const) {
      const broken = inFolder(`broken-${name}.html`);
      writeFileSync(broken, html.replace(base64, hostile));
      const { page, errors } = await openPage(`file://${broken}`);
      await page.getByRole("alert").filter({ hasText: "cannot be shown" }).waitFor();
      assert.match((await page.getByTestId("failure").textContent()) ?? "", /damaged|no trace file of Skein/);
      await page.locator(".failed input[type=file]").setInputFiles(path);
      await page.waitForSelector("[data-testid=concurrency]");
      assert.deepEqual(errors, []);
    }
  });

  it("given to the page itself is refused with what it is not, whatever it claims", async () => {
    const good = encodeTrace(observedTrace());
    const claims = good.slice();
    new DataView(claims.buffer).setUint32(10, 0xffff_fff0, true); // the first segment has four gigabytes
    const newer = good.slice();
    newer[8] = 99;
    const path = inFolder("observed.skein");
    writeFileSync(path, good);
    const { page, errors } = await openTrace(await startSkein(["open", "--no-browser", path]), "#compare");
    for (const [buffer, words] of [
      [claims, /damaged at byte 9.*longer than any/],
      [newer, /version 99/],
      [new Uint8Array(0), /is empty/],
      [good.subarray(0, 9), /nothing but its mark/],
      [new TextEncoder().encode("<html>"), /no trace file of Skein/],
    ] as const) {
      await page.getByTestId("second-file").setInputFiles({ name: "bad", mimeType: "", buffer: Buffer.from(buffer) });
      await page.getByTestId("failure").filter({ hasText: words }).waitFor();
    }
    assert.deepEqual(errors, []);
  });
});

describe("the page's policy", () => {
  it("lets no script run that is not its own, and nothing be sent elsewhere", async () => {
    const path = inFolder("policy.skein");
    writeFileSync(path, encodeTrace(observedTrace()));
    const { page, errors } = await openTrace(await startSkein(["open", "--no-browser", path]));
    const found = await page.evaluate(`(async () => {
      const script = document.createElement("script");
      script.textContent = "globalThis.isHurt = true";
      document.body.append(script);
      const link = document.createElement("a");
      link.setAttribute("onclick", "globalThis.isHurt = true");
      document.body.append(link);
      link.click();
      setTimeout("globalThis.isHurt = true");
      const told = new Promise((resolve) =>
        document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
          if (effectiveDirective === "connect-src") resolve(true);
        }),
      );
      const sent = await fetch("http://127.0.0.1:9/").then(() => "sent", () => "blocked");
      const isPolicy = await told;
      await new Promise(requestAnimationFrame);
      return { isHurt: globalThis.isHurt ?? false, sent, isPolicy };
    })()`);
    assert.deepEqual(found, { isHurt: false, sent: "blocked", isPolicy: true });
    // The browser tells of each.
    assert.ok(errors.length > 0 && errors.every((text) => /Content Security Policy/i.test(text)), errors.join("\n"));
  });
});
