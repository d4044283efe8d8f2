/**
 * `npm run browser`: what needs a real browser, in headless Chromium, which is installed
 * if there is none.
 *
 * - A page that uses shared memory, once served with the headers that isolate it and once
 *   without: what its main thread and a worker of it found.
 * - The inspector's timeline with ten million spans: how long a frame takes.
 * - The tests of the inspector's screens (`test/inspector/*.browser.ts`).
 *
 *     npm run browser                     all of it
 *     npm run browser -- screens          only these; there are memory, frames, screens
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

import { build } from "esbuild";

import { bundle } from "./bundle.mjs";
import { chromium, CHROMIUM_FLAGS } from "./chromium.mjs";
import { compile, filesUnder, MODULES_CONDITION, ROOT, run } from "./compile.mjs";

const ISOLATING = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const LIMIT_MS = 60_000;

/** Sixty frames a second are 16.7 ms each; this is what still feels fluent, on two busy cores without a graphics card. */
const FRAME_P95_MS = 25;

const PARTS = { memory: checkMemory, frames: checkFrames, screens: checkScreens };
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`browser: there is no ${unknown.join(" or ")}; there are ${Object.keys(PARTS).join(", ")}`);
  process.exit(1);
}
const browser = chromium();
if (browser === undefined) {
  console.error("browser: no Chromium found: install one (apt-get install chromium), or name it in $CHROMIUM");
  process.exit(1);
}
if (!compile(["src", "inspector", "test"]).ok || !run(process.execPath, ["scripts/page.mjs"]).ok) process.exit(1);
await bundle();

let failures = 0;
console.log(`browser: ${spawnSync(browser, ["--version"], { encoding: "utf8" }).stdout.trim()}`);
for (const [name, check] of Object.entries(PARTS)) {
  if (wanted.length === 0 || wanted.includes(name)) await check();
}
process.exitCode = failures === 0 ? 0 : 1;

/** A script for a page, of a file under `test/browser/`. */
async function scriptOf(file) {
  const { outputFiles } = await build({
    entryPoints: [`test/browser/${file}`],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "chrome110", // has `using` written out
    plugins: [{ name: "no worker", setup: withoutWorker }],
  });
  return outputFiles[0].text;
}

/** The page's worker has its own bundle, which is not needed where no trace is read. */
function withoutWorker(options) {
  options.onResolve({ filter: /\?worker&url$/ }, ({ path }) => ({ path, namespace: "worker" }));
  options.onLoad({ filter: /./, namespace: "worker" }, () => ({ contents: 'export default ""' }));
}

/** What the page found, served with these headers. */
async function open(script, headers, style = "") {
  const profile = mkdtempSync(join(tmpdir(), "skein-browser-"));
  let arrived;
  const found = new Promise((resolve) => (arrived = resolve));
  const server = createServer((request, response) => {
    if (request.url === "/found") {
      let body = "";
      request.setEncoding("utf8").on("data", (part) => (body += part));
      request.on("end", () => {
        arrived(JSON.parse(body));
        response.end();
      });
    } else if (request.url === "/page.js") {
      response.writeHead(200, { ...headers, "Content-Type": "text/javascript" }).end(script);
    } else {
      const page =
        '<!doctype html><meta charset="utf-8"><title>skein</title><style>' +
        `${style}</style><div id="app"></div><script type="module" src="/page.js"></script>`;
      response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(page);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const flags = [...CHROMIUM_FLAGS, "--window-size=1440,900", `--user-data-dir=${profile}`];
  const running = spawn(browser, [...flags, url], { stdio: "ignore", detached: true });
  const ended = new Promise((resolve) => running.once("exit", resolve));
  const limit = setTimeout(() => arrived({ failed: `nothing came within ${LIMIT_MS / 1000} s` }), LIMIT_MS);
  const result = await found;
  clearTimeout(limit);
  try {
    process.kill(-running.pid, "SIGKILL"); // with its helpers
  } catch {
    // It has ended by itself.
  }
  await ended;
  server.close();
  server.closeAllConnections();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  return result;
}

function judge(what, actual, expected) {
  const isRight = typeof expected === "function" ? expected(actual) : isDeepStrictEqual(actual, expected);
  if (!isRight) failures++;
  console.log(`${isRight ? "✔" : "✖"} ${what}${isRight ? "" : `: ${JSON.stringify(actual, undefined, 2)}`}`);
}

async function checkMemory() {
  const codes = (code) => ({ "event.waitSync": code, "channel.receiveSync": code, "condition.waitSync": code });
  const good = {
    isIsolated: true,
    "values arrive as they were sent": true,
    "texts are read as they were written": true,
    "maps keep values by texts": true,
    "a job that waits for a lock is woken": true,
    "views are copied where shared ones are refused": true,
  };
  const script = await scriptOf("page.js");
  const isolated = await open(script, ISOLATING);
  judge("isolated page, main thread: all but blocking verbs", isolated.page, {
    ...good,
    "blocking verbs": codes("SKEIN_CANNOT_BLOCK"),
  });
  judge("isolated page, worker: blocking verbs too", isolated.worker, {
    ...good,
    "blocking verbs": codes("SKEIN_TIMEOUT"),
  });
  const exposed = await open(script, {});
  judge("page that is not isolated: an error that names the headers", exposed.page ?? exposed, (found) =>
    Object.entries(found).every(([name, value]) =>
      name === "isIsolated"
        ? value === false
        : /^SKEIN_NO_SHARED_MEMORY.*Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/.test(
            value,
          ),
    ),
  );
}

async function checkFrames() {
  const { outputFiles } = await build({ entryPoints: ["inspector/src/styles.css"], bundle: true, write: false });
  const found = await open(await scriptOf("ten-million-spans.js"), {}, outputFiles[0].text);
  for (const round of found.rounds ?? []) {
    const moves = Object.entries(round).map(([name, { p95Ms }]) => `${name} ${p95Ms.toFixed(1)}`);
    console.log(`  p95 of frames, ms: ${moves.join(", ")}`);
  }
  judge(
    "ten million spans: 95 of 100 frames in time, zooming, moving and scrolling, in one round of three at least",
    found,
    ({ failed, spans, rounds = [] }) => failed === undefined && spans > 9.9e6 && rounds.some(isInTime),
  );
}

/**
 * On a machine that others keep busy, frames in which the page only computes come late
 * too: then those of the timeline may take half as long again.
 */
function isInTime({ control, ...moves }) {
  const limitMs = Math.max(FRAME_P95_MS, control.p95Ms * 1.5);
  return Object.values(moves).every(({ p95Ms }) => p95Ms < limitMs);
}

function checkScreens() {
  const files = filesUnder(join(ROOT, "build/test")).filter((file) => file.endsWith(".browser.js"));
  const { ok } = run(
    process.execPath,
    [
      "--enable-source-maps",
      `--conditions=${MODULES_CONDITION}`,
      "--test",
      "--test-timeout=120000",
      `--test-reporter=${process.stdout.isTTY ? "spec" : pathToFileURL(join(ROOT, "scripts/test-reporter.mjs")).href}`,
      ...files.map((file) => join("build/test", file)),
    ],
    { env: { ...process.env, CHROMIUM: browser } },
  );
  if (!ok) failures++;
}
