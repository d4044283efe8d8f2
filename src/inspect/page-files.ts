/** The files of the inspector's page, as they lie in the package. */
import { readFileSync } from "node:fs";

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "worker.js": "text/javascript; charset=utf-8",
};

/** By name. Read whole at once: a package that is updated while the server runs must not mix. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL("../inspector/", import.meta.url);
  return new Map(
    Object.entries(TYPES).map(([name, type]) => [name, { type, body: readFileSync(new URL(name, folder)) }]),
  );
}
