/** The I/O: finds source files and hands their paths on. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Channel, Scope } from "skein";

import type { Problem } from "./problem.js";

const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/**
 * Sends the path of each source file under `folder`. What can't be looked at is
 * told as a problem; links are not followed.
 */
export async function walk(
  folder: string,
  files: Channel<string>,
  tell: (problem: Problem) => void,
  s: Scope,
): Promise<void> {
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    s.checkpoint();
    let entries;
    try {
      entries = await readdir(next, { withFileTypes: true });
    } catch (error) {
      tell({
        path: next,
        what: (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such folder" : "unreadable folder",
      });
      continue;
    }
    if (entries.length === 0 && next === folder) tell({ path: next, what: "empty folder" });
    entries.sort((first, second) => (first.name < second.name ? 1 : -1));
    for (const entry of entries) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isSymbolicLink()) await checkLink(path, tell);
      else if (SOURCE.test(entry.name) && entry.isFile()) await files.send(path, s);
      else if (SOURCE.test(entry.name)) tell({ path, what: "not a regular file" });
    }
  }
}

async function checkLink(path: string, tell: (problem: Problem) => void): Promise<void> {
  try {
    await stat(path);
  } catch {
    tell({ path, what: "broken link" });
  }
}
