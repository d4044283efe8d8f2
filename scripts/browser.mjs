/**
 * `npm run browser`: opens a page that uses shared memory in headless Chromium, once
 * served with the headers that isolate it and once without, and checks what its main
 * thread and a worker of it found. Takes the browser from $CHROMIUM or the PATH;
 * needs one installed, so it is no part of `npm test`.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { build } from "esbuild";

import { compile } from "./compile.mjs";

const ISOLATING = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const LIMIT_MS = 60_000;

const browser = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].find(
  (name) => name !== undefined && spawnSync(name, ["--version"]).status === 0,
);
if (browser === undefined) {
  console.error("browser: no Chromium found: install one (apt-get install chromium), or name it in $CHROMIUM");
  process.exit(1);
}
if (!compile(["src"]).ok) process.exit(1);
await bundle();
const { outputFiles } = await build({
  entryPoints: ["test/browser/page.js"],
  bundle: true,
  write: false,
  format: "esm",
  platform: "browser",
  target: "chrome110", // has `using` written out
});
const [{ text: script }] = outputFiles;

/** What the page found, served with these headers. */
async function open(headers) {
  const profile = mkdtempSync(join(tmpdir(), "skein-browser-"));
  let arrived;
  const found = new Promise((resolve) => (arrived = resolve));
  const server = createServer(async (request, response) => {
    if (request.url === "/found") {
      let body = "";
      for await (const part of request) body += part;
      arrived(JSON.parse(body));
      response.end();
    } else if (request.url === "/page.js") {
      response.writeHead(200, { ...headers, "Content-Type": "text/javascript" }).end(script);
    } else {
      const page =
        '<!doctype html><meta charset="utf-8"><title>skein</title><script type="module" src="/page.js"></script>';
      response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(page);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
  const running = spawn(browser, [...options, url], { stdio: "ignore", detached: true });
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

const codes = (code) => ({ "event.waitSync": code, "channel.receiveSync": code, "condition.waitSync": code });
const good = {
  isIsolated: true,
  "values arrive as they were sent": true,
  "texts are read as they were written": true,
  "maps keep values by texts": true,
  "a job that waits for a lock is woken": true,
  "views are copied where shared ones are refused": true,
};
let failures = 0;

function judge(what, actual, expected) {
  const isRight = typeof expected === "function" ? expected(actual) : isDeepStrictEqual(actual, expected);
  if (!isRight) failures++;
  console.log(`${isRight ? "✔" : "✖"} ${what}${isRight ? "" : `: ${JSON.stringify(actual, undefined, 2)}`}`);
}

console.log(`browser: ${spawnSync(browser, ["--version"], { encoding: "utf8" }).stdout.trim()}`);
const isolated = await open(ISOLATING);
judge("isolated page, main thread: all but blocking verbs", isolated.page, {
  ...good,
  "blocking verbs": codes("SKEIN_CANNOT_BLOCK"),
});
judge("isolated page, worker: blocking verbs too", isolated.worker, {
  ...good,
  "blocking verbs": codes("SKEIN_TIMEOUT"),
});
const exposed = await open({});
judge("page that is not isolated: an error that names the headers", exposed.page, (found) =>
  Object.entries(found).every(([name, value]) =>
    name === "isIsolated"
      ? value === false
      : /^SKEIN_NO_SHARED_MEMORY.*Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/.test(
          value,
        ),
  ),
);
process.exitCode = failures === 0 ? 0 : 1;
