/** What the first thread of a program that is watched leaves for the others. */
import type { ForeignPlaces } from "../trace/observer/foreign-threads.js";
import type { TypeScriptLoader } from "../threads/registry.js";

export interface WatchedThreads {
  readonly places: ForeignPlaces;
  readonly typeScript: TypeScriptLoader | undefined;
}

/** Under which it is kept in the environment's data, of which every new thread gets a copy. */
export const WATCH_KEY = "skein.watch";

export async function loadTypeScriptLoader(loader: TypeScriptLoader | undefined): Promise<void> {
  if (loader === undefined) return;
  for (const part of [loader.cjs, loader.esm]) {
    const { register } = (await import(part)) as { register: () => unknown };
    register();
  }
}
