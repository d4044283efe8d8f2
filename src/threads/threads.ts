import { makePool } from "#pool";

import { channel } from "../async/channel.js";
import type { AnyTask, RunOptions } from "../async/executor.js";
import { here } from "../async/here.js";
import { workerMarker } from "../core/thread.js";
import { Histogram } from "./histogram.js";
import { streamFrom, streamInto } from "./stream.js";
import {
  isOfScope,
  type JobOptions,
  planOf,
  requireJobOptions,
  type ThreadPool,
  type ThreadPoolOptions,
} from "./thread-pool.js";

/** On a thread of a pool: its jobs' own jobs run on that thread. */
const onThisThread: ThreadPool = {
  name: "threads",
  runsHere: true,
  async run<Result>(task: AnyTask, args: readonly unknown[], options?: RunOptions | JobOptions): Promise<Result> {
    requireJobOptions(options);
    if (isOfScope(options)) return here.run(task, args, options);
    return (task as unknown as (...args: readonly unknown[]) => Result)(...args);
  },
  async submit(task, args, options) {
    return { result: this.run(task, args, options) };
  },
  stream: (task, args, options = {}) =>
    streamFrom(
      (capacity) => channel({ capacity, name: "values" }),
      options,
      async (values) => streamInto(values, (task as unknown as (...given: readonly unknown[]) => unknown)(...args)),
    ),
  ready: async () => undefined,
  size: 1,
  statistics: () => ({
    name: "threads",
    size: 1,
    alive: 1,
    running: 1,
    queued: 0,
    settled: 0,
    lost: 0,
    retired: 0,
    keys: 0,
    run: new Histogram().statistics(),
    wait: new Histogram().statistics(),
    tasks: {},
    threads: [],
  }),
  drain: async () => undefined,
  close: async () => undefined,
  destroy: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

let shared: ThreadPool | undefined;

/**
 * A pool of OS threads as an executor: `s.spawn(task, args, { on: threads() })`.
 *
 * Without options: the pool that the whole program shares, made when first asked
 * for. With options: a new pool, to be closed by whoever made it.
 *
 * On a thread of a pool, `threads()` is that thread: jobs of a job run where it
 * runs, so that they can't wait for a thread that waits for them.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @since 0.1.0
 */
export function threads(options?: ThreadPoolOptions): ThreadPool {
  // A plan without a size reads what the machine allows, which takes 0.2 ms: so none for what there is already.
  if (options === undefined && shared !== undefined) return shared;
  const isHere = workerMarker !== undefined || makePool === undefined;
  if (options === undefined && isHere) return onThisThread;
  const plan = planOf(options);
  if (makePool === undefined || isHere) return onThisThread;
  if (options !== undefined) return makePool(plan);
  shared = makePool(plan);
  return shared;
}
