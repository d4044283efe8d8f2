/**
 * Builds the inspector's page, `inspector/` into `dist/inspector/`: four files, whole in
 * themselves, whose names do not change. Does nothing if they are what the sources make.
 *
 *     node scripts/page.mjs
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { filesUnder, ROOT, since } from "./compile.mjs";

const SOURCE = join(ROOT, "inspector");
const OUTPUT = join(ROOT, "dist/inspector");
const RECORD = join(ROOT, "build/page.sha256");
export const PAGE_FILES = ["index.html", "page.css", "page.js", "worker.js"];

/** What goes into the page: its sources, the compiled rooms that it imports, and the versions of everything else. */
function fingerprint() {
  const hash = createHash("sha256");
  const files = [
    "package-lock.json",
    "scripts/page.mjs",
    "inspector/index.html",
    ...filesUnder(join(SOURCE, "src")).map((file) => `inspector/src/${file}`),
    ...["core", "shared", "trace"].flatMap((room) =>
      filesUnder(join(ROOT, "dist", room))
        .filter((file) => file.endsWith(".js"))
        .map((file) => `dist/${room}/${file}`),
    ),
  ];
  for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function isUpToDate(wanted) {
  return (
    existsSync(RECORD) &&
    readFileSync(RECORD, "utf8") === wanted &&
    PAGE_FILES.every((file) => existsSync(join(OUTPUT, file)))
  );
}

async function buildPage() {
  // Loaded only here: it takes longer than to see that there is nothing to do.
  const { build } = await import("vite");
  await build({
    root: SOURCE,
    configFile: false,
    logLevel: "warn",
    base: "./",
    resolve: { alias: [{ find: /^#skein\/(.*)$/, replacement: join(ROOT, "dist/$1.js") }] },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    worker: { format: "iife", rolldownOptions: { output: { entryFileNames: "worker.js" } } },
    build: {
      outDir: OUTPUT,
      emptyOutDir: true,
      modulePreload: false,
      assetsInlineLimit: 0,
      rolldownOptions: {
        output: {
          entryFileNames: "page.js",
          assetFileNames: (asset) =>
            asset.names.some((name) => name.endsWith(".css")) ? "page.css" : "[name][extname]",
          codeSplitting: false,
        },
      },
    },
  });
  const strays = filesUnder(OUTPUT).filter((file) => !PAGE_FILES.includes(file));
  if (strays.length > 0) throw new Error(`the page has files that nothing knows: ${strays.join(", ")}`);
}

if (process.argv[1] === join(ROOT, "scripts/page.mjs")) {
  const startMs = performance.now();
  const wanted = fingerprint();
  const isNew = !isUpToDate(wanted);
  if (isNew) {
    rmSync(RECORD, { force: true });
    await buildPage();
    mkdirSync(dirname(RECORD), { recursive: true });
    writeFileSync(RECORD, wanted);
  }
  console.log(`build: inspector -> dist/inspector ${isNew ? "is built" : "is up to date"} (${since(startMs)})`);
}
