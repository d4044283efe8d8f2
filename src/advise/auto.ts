/** Advisors, and where they are seen. */
import { describeKind } from "../async/cancel.js";
import { addDumpSection } from "../async/dump.js";
import { requireExecutor } from "../async/scope-arguments.js";
import { MisuseError } from "../core/errors.js";
import { threads } from "../threads/threads.js";
import { Auto } from "./advisor.js";
import type { AutoExecutor, AutoOptions } from "./decision.js";

const ADVISORS = new Set<Auto>();
let shared: Auto | undefined;

/**
 * An executor that decides by itself: `s.spawn(task, args, { on: auto() })`. It measures
 * what the calls of each task compute and wait for, and runs them here or on a thread,
 * whichever takes less time in the whole. Short calls and those that wait stay here;
 * those that compute go to other cores, if several are under way at a time.
 *
 * Use it where you can't know what calls will cost, or where that changes. Where you
 * know, name the place: `on: threads()`.
 *
 * Without options: the advisor that the whole program shares, which uses the shared
 * pool. With options: one of its own.
 *
 * **Details** The first calls of a task run here. Then some are tried elsewhere once in a
 * while, so that a change is noticed: one in sixty-four at most, and fewer the longer
 * that shows nothing. Jobs with an `affinity` always go to the pool. A task that threads
 * do not find, or whose arguments can't be passed, runs here from then on. Functions
 * that are no tasks, and everything where there are no threads, run here.
 *
 * **Cancels** As the place does: here a loop that computes must look for itself.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * **Cost** 0.1 µs a call that is let through, some 3 µs one that is measured (bench `auto`).
 *
 * @example
 * ```ts
 * export const parse = task(function parse(text: string) {
 *   return JSON.parse(text);
 * });
 * main(async (s) => {
 *   await Promise.all(["[1]", "[2]"].map((text) => s.spawn(parse, [text], { on: auto() })));
 *   for (const { task, place, reason } of auto().decisions()) console.log(task, place, reason);
 * });
 * ```
 *
 * @since 0.1.0
 */
export function auto(options?: AutoOptions): AutoExecutor {
  if (options === undefined) {
    shared ??= made(threads(), "auto");
    return shared;
  }
  if (typeof options !== "object" || options === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `auto expected options, but ${describeKind(options)} came`);
  }
  requireExecutor(options.pool);
  return made(options.pool ?? threads(), options.name ?? "auto");
}

function made(pool: NonNullable<AutoOptions["pool"]>, name: string): Auto {
  const advisor = new Auto(pool, name);
  ADVISORS.add(advisor);
  return advisor;
}

addDumpSection(() => {
  const known = [...ADVISORS].flatMap((advisor) => advisor.decisions());
  if (known.length === 0) return [];
  return [
    "placed by auto()",
    ...known.map(({ task, place, reason, calls }) => `${task} · ${place} · ${reason} · ${calls} calls`),
  ];
});
