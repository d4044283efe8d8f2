/** The inspector, driven as a person would: a recorded program, the command, a browser. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { decodeTrace, type Trace } from "skein/trace";

import { ROOT, runNode, SKEIN } from "../../support/run-program.js";
import { type RawTrace, readRawTrace, withoutKernel } from "./raw-trace.js";

const folder = mkdtempSync(join(tmpdir(), "skein-inspector-"));
const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** A file in a folder that goes after the tests. */
export function inFolder(name: string): string {
  return join(folder, name);
}

export interface Recorded {
  readonly path: string;
  readonly report: string;
  readonly trace: Trace;
  /** The same, read from the file by a reader of our own. */
  readonly raw: RawTrace;
}

/**
 * Runs a program of `fixtures/` and records it.
 *
 * In the trace that is shown the kernel's readings of single threads are left out, unless
 * they are asked for: what they say of a program of some milliseconds is as much about the
 * machine, and the plain sums that the page is compared with know nothing of them.
 */
export async function record(name: string, hasKernel = false): Promise<Recorded> {
  const path = inFolder(`${name}.skein`);
  const report = inFolder(`${name}.html`);
  const program = join(ROOT, `build/test/inspector/fixtures/${name}.js`);
  const { stderr } = await runNode([SKEIN, "run", "--trace", path, "--report", report, program]);
  if (!existsSync(path) || !existsSync(report)) throw new Error(`nothing was recorded:\n${stderr}`);
  if (!hasKernel) writeFileSync(path, withoutKernel(readFileSync(path)));
  const bytes = readFileSync(path);
  return { path, report, trace: decodeTrace(bytes), raw: readRawTrace(bytes) };
}

export interface Started {
  readonly url: string;
  /** What it has printed so far. */
  output(): string;
  /** Settles when it has ended. */
  readonly exitCode: Promise<number | null>;
  /** Sends Ctrl-C. @returns its exit code */
  stop(): Promise<number | null>;
}

/** Starts a command of `skein` and waits until it has printed the page's address. */
export async function startSkein(args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [SKEIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: "", FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const stop = (): Promise<number | null> => {
    if (child.exitCode === null) child.kill("SIGINT");
    return ended;
  };
  closing.push(stop);
  const url = await new Promise<string>((resolve, reject) => {
    const onText = (text: string): void => {
      printed += text;
      const [found] = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding("utf8").on("data", onText);
    child.stderr.setEncoding("utf8").on("data", onText);
    void ended.then((code) => reject(new Error(`skein ended with ${code}:\n${printed}`)));
  });
  return { url, output: () => printed, exitCode: ended, stop };
}

let browser: Promise<Browser> | undefined;

/** A page of a browser that all tests of a file share; anything that goes wrong in it is in `errors`. */
export async function openPage(
  url: string,
  options: BrowserContextOptions & { readonly language?: "en" | "ru"; readonly theme?: "dark" | "light" } = {},
): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  browser ??= launch();
  const { language = "en", theme = "dark", ...rest } = options;
  const context = await (await browser).newContext({ viewport: { width: 1440, height: 900 }, ...rest });
  closing.push(() => context.close());
  await context.addInitScript(`try {
    if (localStorage.getItem("skein.language") === null) localStorage.setItem("skein.language", "${language}");
    if (localStorage.getItem("skein.theme") === null) localStorage.setItem("skein.theme", "${theme}");
  } catch {}`);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("dialog", (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, errors };
}

async function launch(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"];
  if (executablePath === undefined) throw new Error("run these tests with `npm run browser -- screens`");
  const launched = await chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  closing.unshift(() => launched.close());
  return launched;
}

/** By how many pixels a screen is wider than the window. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const main = document.querySelector("main");
    return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth);
  })()`);
}

/** The number that a part of the page shows, unrounded. */
export async function valueOf(page: Page, testId: string): Promise<number | undefined> {
  const text = await page.getByTestId(testId).first().getAttribute("data-value");
  return text === null ? undefined : Number(text);
}
