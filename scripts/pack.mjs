/** Makes the tarball that npm would publish. */
import { join } from "node:path";

import { bundle } from "./bundle.mjs";
import { compile, run } from "./compile.mjs";

/**
 * Builds and packs into `folder`.
 *
 * @returns {Promise<{ path: string, bytes: number, files: string[] }>} the tarball, its size and the paths in it
 */
export async function packInto(folder) {
  const built = compile(["src", "labs"], "pipe");
  if (!built.ok) throw new Error("src or labs has type errors: see `npm run check -- types`");
  await bundle();
  const page = run(process.execPath, ["scripts/page.mjs"], { stdio: ["ignore", "pipe", "pipe"] });
  if (!page.ok) throw new Error(`the inspector's page could not be built:\n${page.output}`);
  // Built above; the package's own `prepack` would write into the JSON.
  const packed = run("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (!packed.ok) throw new Error(`npm pack failed:\n${packed.output}`);
  const [{ filename, size, files }] = JSON.parse(packed.output.slice(packed.output.indexOf("[")));
  return { path: join(folder, filename), bytes: size, files: files.map(({ path }) => path) };
}
