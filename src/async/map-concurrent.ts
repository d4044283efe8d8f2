import type { Cancel } from "./cancel.js";
import type { Task } from "./executor.js";
import { flow } from "./flow/flow.js";
import type { MapOnOptions, MapOptions } from "./flow/map.js";
import type { FlowSource } from "./flow/source.js";
import type { ItemFunction } from "./flow/stage.js";

/**
 * Works on each item, several at a time, and gives all results in the order of
 * the items.
 *
 * The first failure cancels the others and waits for them. For more than one step,
 * or results one by one, use `flow`, of which this is the shortest form.
 *
 * **Cancels** What is being worked on; no further item is taken.
 *
 * **Throws** what `fn` and the source throw, as `scope` does;
 * `SKEIN_INVALID_ARGUMENT`; with `on`, `SKEIN_NOT_A_TASK`.
 *
 * @example
 * ```ts
 * const lengths = await mapConcurrent(["a", "bb", "ccc"], async (word) => word.length, { concurrency: 2 });
 * console.log(lengths); // [ 1, 2, 3 ]
 * ```
 *
 * @since 0.1.0
 */
export async function mapConcurrent<T, R>(
  items: FlowSource<T>,
  task: Task<[T], R>,
  options: MapOnOptions,
  cancel?: Cancel,
): Promise<Awaited<R>[]>;
export async function mapConcurrent<T, R>(
  items: FlowSource<T>,
  fn: ItemFunction<T, R>,
  options: MapOptions,
  cancel?: Cancel,
): Promise<R[]>;
export async function mapConcurrent(
  items: FlowSource<unknown>,
  fn: ItemFunction<unknown, unknown>,
  options: MapOptions,
  cancel?: Cancel,
): Promise<unknown[]> {
  return flow(items)
    .map(fn, { ...options, ordered: true })
    .toArray(cancel);
}
