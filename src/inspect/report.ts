/** The page and a trace as one file that needs nothing else, to be kept or sent. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { readPageFiles } from "./page-files.js";

/**
 * Makes a report.
 *
 * Only the scripts in it may run, by their hashes, and it can load and send nothing: what
 * a program has put into the names of its jobs stays text.
 *
 * @param trace - the trace, encoded
 */
export function makeReport(name: string, trace: Uint8Array): string {
  const files = readPageFiles();
  const text = (file: string): string => files.get(file)?.body.toString("utf8") ?? "";
  const script = withoutEnd(text("page.js"));
  const style = text("page.css").replaceAll("</", "<\\/");
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hashOf(script)}'`,
    `style-src 'sha256-${hashOf(style)}'`,
    "worker-src blob:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${escaped(name)} · Skein</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<script type="text/plain" id="skein-worker">${withoutEnd(text("worker.js"))}</script>
<script type="text/plain" id="skein-trace" data-name="${escaped(name)}">${gzipSync(trace).toString("base64")}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/**
 * The same script without what would end it early when it stands in a page. In code both
 * can only be part of a text, a template or a regular expression, where the backslash
 * changes nothing.
 */
function withoutEnd(script: string): string {
  return script.replaceAll(/<\/(?=script)/gi, "<\\/").replaceAll("<!--", "<\\!--");
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
