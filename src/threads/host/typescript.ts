/** Finds what makes TypeScript modules importable on this runtime. */
import { registry, type TypeScriptLoader } from "../registry.js";

/** True for a module that is TypeScript by its name. */
export function isTypeScript(url: string): boolean {
  return /\.(?:ts|mts|cts|tsx)$/.test(url.replace(/[?#].*$/, ""));
}

/** True if this runtime strips types itself. */
export function stripsTypesItself(): boolean {
  const features = process.features as { typescript?: string | false };
  return (
    (typeof features.typescript === "string" && features.typescript !== "") ||
    "Bun" in globalThis ||
    "Deno" in globalThis
  );
}

/**
 * The loader tsx, looked for from `from` and then from this package.
 *
 * Its module loader is named by its file: on Node 20 the package's own entry
 * refuses to work on a thread, and asking `require` gives another build.
 */
export function findTsx(
  from: string,
): (TypeScriptLoader & { readonly version: string; readonly manifest: string }) | undefined {
  const { createRequire } = process.getBuiltinModule("node:module");
  const { dirname, join } = process.getBuiltinModule("node:path");
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  for (const base of [from, import.meta.url]) {
    try {
      const require = createRequire(base);
      const manifest = require.resolve("tsx/package.json");
      const { version } = require(manifest) as { version: string };
      const file = (name: string): string =>
        pathToFileURL(join(dirname(manifest), "dist", name, "api", "index.mjs")).href;
      return { esm: file("esm"), cjs: file("cjs"), version, manifest };
    } catch {
      continue; // not installed there, or `from` is no file
    }
  }
  return undefined;
}

/**
 * Makes the TypeScript module of this URL importable here, and what it spawns on threads
 * the same way: one loader, the same sources.
 *
 * @returns false if there is no loader, and the runtime needs one
 */
export async function useTypeScript(url: string): Promise<boolean> {
  const loader = findTsx(url);
  if (loader === undefined) return stripsTypesItself();
  for (const part of [loader.cjs, loader.esm]) {
    const { register } = (await import(part)) as { register: () => unknown };
    register();
  }
  registry().typeScriptLoader = { esm: loader.esm, cjs: loader.cjs };
  return true;
}

/** See `Host.typeScriptLoaderFor`. */
export function typeScriptLoaderFor(
  module: string,
  preferred: TypeScriptLoader | undefined,
): TypeScriptLoader | string | undefined {
  if (!isTypeScript(module)) return undefined;
  if (preferred !== undefined) return preferred;
  // Under tsx the spawning thread's functions come from tsx, so the thread's must too.
  const startedWithTsx = process.execArgv.some((flag) => /\btsx\b/.test(flag));
  if (stripsTypesItself() && !startedWithTsx) return undefined;
  const { esm, cjs } = findTsx(module) ?? {};
  if (esm === undefined || cjs === undefined) {
    return `${module} is TypeScript, which Node ${process.versions.node} can't import by itself: install a loader with \`npm install -D tsx\`, or use Node 22.18 or later`;
  }
  return { esm, cjs };
}
