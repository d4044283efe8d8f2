/** What `skein watch` tells the process that it starts. */
import type { TypeScriptLoader } from "../threads/registry.js";
import type { ObserveFlags } from "./observing.js";

/** What `skein watch` asks of the process that it starts. */
export interface WatchSettings extends ObserveFlags {
  readonly deep: boolean;
  readonly typeScript: TypeScriptLoader | undefined;
}

/** The variable in which they come; it is taken away before the program begins. */
export const WATCH_SETTINGS = "SKEIN_WATCH";
