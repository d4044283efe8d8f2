/** What a pool can say of its jobs as a whole. */
import { load } from "#atomics";

import type { CallTable } from "./call.js";
import { type DurationStatistics, Histogram } from "./histogram.js";
import { type Line, MOST_RUNNING, RUNNING } from "./line.js";
import type { Modules } from "./modules.js";

/** How many calls the thread of a line runs. One whose outcome was collected may stand there yet. */
export function runningOn({ cells }: Line, table: CallTable): number {
  let running = 0;
  for (let place = RUNNING; place < RUNNING + MOST_RUNNING; place++) {
    if (table.of(load(cells, place)) !== undefined) running++;
  }
  return running;
}

/** How long jobs ran: all, and by task. */
export function runTimesOf(modules: Modules): {
  readonly run: DurationStatistics;
  readonly tasks: Readonly<Record<string, DurationStatistics>>;
} {
  const all = new Histogram();
  const tasks: Record<string, DurationStatistics> = {};
  for (const { identity, runTimes } of modules.tasks()) {
    all.addAll(runTimes);
    tasks[identity.isOfLists ? `${identity.key}, lists` : identity.key] = runTimes.statistics();
  }
  return { run: all.statistics(), tasks };
}
