/** `parallel`: the algorithms under one name. */
import { filter, filterSync, find, findSync } from "./choose.js";
import { map, mapSync, parallelFor, parallelForSync, tabulate, tabulateSync } from "./each.js";
import { statistics } from "./figures.js";
import { explain } from "./explain.js";
import { reduce, reduceSync, scan, scanSync } from "./fold.js";
import { argsort, argsortSync, sort, sortSync } from "./sort.js";
import { join, run, runSync } from "./fork.js";
import { flatten, flattenSync, groupBy, groupBySync } from "./groups.js";
import { dot, dotSync, histogram, histogramSync, minMax, minMaxSync, sum, sumSync } from "./numeric.js";

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
  readonly filter: typeof filter;
  readonly filterSync: typeof filterSync;
  readonly find: typeof find;
  readonly findSync: typeof findSync;
  readonly sum: typeof sum;
  readonly sumSync: typeof sumSync;
  readonly dot: typeof dot;
  readonly dotSync: typeof dotSync;
  readonly minMax: typeof minMax;
  readonly minMaxSync: typeof minMaxSync;
  readonly histogram: typeof histogram;
  readonly histogramSync: typeof histogramSync;
  readonly sort: typeof sort;
  readonly sortSync: typeof sortSync;
  readonly argsort: typeof argsort;
  readonly argsortSync: typeof argsortSync;
  readonly flatten: typeof flatten;
  readonly flattenSync: typeof flattenSync;
  readonly groupBy: typeof groupBy;
  readonly groupBySync: typeof groupBySync;
  readonly run: typeof run;
  readonly runSync: typeof runSync;
  readonly join: typeof join;
  readonly explain: typeof explain;
  readonly statistics: typeof statistics;
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
  filter,
  filterSync,
  find,
  findSync,
  sum,
  sumSync,
  dot,
  dotSync,
  minMax,
  minMaxSync,
  histogram,
  histogramSync,
  sort,
  sortSync,
  argsort,
  argsortSync,
  flatten,
  flattenSync,
  groupBy,
  groupBySync,
  run,
  runSync,
  join,
  explain,
  statistics,
};
