/** `parallel`: the algorithms under one name. */
import { map, mapSync, parallelFor, parallelForSync, tabulate, tabulateSync } from "./each.js";
import { explain } from "./explain.js";
import { reduce, reduceSync, scan, scanSync } from "./fold.js";

/**
 * Algorithms over numbers, on all cores.
 *
 * Each measures itself: a call that takes less time than threads take to come stays on
 * this thread. The forms that end in `Sync` block it until they are done; the others let
 * the event loop have its turns.
 *
 * @since 0.2.0
 */
export const parallel: {
  readonly for: typeof parallelFor;
  readonly forSync: typeof parallelForSync;
  readonly map: typeof map;
  readonly mapSync: typeof mapSync;
  readonly tabulate: typeof tabulate;
  readonly tabulateSync: typeof tabulateSync;
  readonly reduce: typeof reduce;
  readonly reduceSync: typeof reduceSync;
  readonly scan: typeof scan;
  readonly scanSync: typeof scanSync;
  readonly explain: typeof explain;
} = {
  for: parallelFor,
  forSync: parallelForSync,
  map,
  mapSync,
  tabulate,
  tabulateSync,
  reduce,
  reduceSync,
  scan,
  scanSync,
  explain,
};
