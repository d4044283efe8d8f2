/**
 * Tasks of lists: many calls of a task as one job, for calls that are short against what a
 * job costs. The list is the job's one argument; the thread calls the function with each
 * item, and what the calls give is the job's result.
 *
 * The other side shares out the items of one list anew if the first ones took long
 * (`async/flow/map-lists.ts`), so a list that was made for short calls holds up none for
 * longer than one of them takes.
 */
import { nowMs } from "#clock";

import {
  type AnyTask,
  type ListResult,
  type ListTask,
  TASK,
  type TaskIdentity,
  taskIdentity,
} from "../async/executor.js";
import { arrayOf } from "../shared/shape.js";
import type { Shape } from "../shared/shape-types.js";
import { requireShapes, type TaskShapes } from "./task-shapes.js";

/** After so long a list is given back as it is. */
const MOST_LIST_MS = 2;

const known = new WeakMap<TaskIdentity, TaskIdentity>();

/** The identity of a task's lists, always the same one. */
export function identityOfLists(identity: TaskIdentity): TaskIdentity {
  let ofLists = known.get(identity);
  if (ofLists === undefined) {
    ofLists = { ...identity, shapes: shapesOfLists(identity.shapes as TaskShapes | undefined), isOfLists: true };
    known.set(identity, ofLists);
  }
  return ofLists;
}

function shapesOfLists(shapes: TaskShapes | undefined): TaskIdentity["shapes"] {
  if (shapes === undefined) return undefined;
  const { args, result } = shapes;
  return {
    ...(args !== undefined && { args: [arrayOf(args[0] as Shape)] }),
    ...(result !== undefined && { result: { values: arrayOf(result), ms: "float64" } }),
  };
}

/** The task of a task's lists; `undefined` if it takes its scope, which each call would need one of. */
export function taskOfLists(task: AnyTask): ListTask | undefined {
  const identity = taskIdentity(task);
  if (identity === undefined || identity.takesScope || identity.isOfLists) return undefined;
  const { args } = (identity.shapes ?? {}) as TaskShapes;
  if (args !== undefined && args.length !== 1) return undefined;
  try {
    requireShapes((identityOfLists(identity).shapes ?? {}) as TaskShapes);
  } catch {
    return undefined; // what is optional is no element of a list
  }
  const fn = task as unknown as (item: unknown) => unknown;
  const ofLists = (items: readonly unknown[]): unknown => callWithEach(fn, items, () => undefined);
  Object.defineProperty(ofLists, TASK, { value: identityOfLists(identity) });
  return ofLists as never;
}

/**
 * Calls the function with one item after another.
 *
 * Promises are awaited together, once all items have had their turn. If a call fails, no
 * further one is made; those under way are waited for, since nothing outlives its job, and
 * the failure that came first is thrown.
 *
 * @param mostMs - after which the list is given back as it is
 */
export function callWithEach(
  call: (item: unknown) => unknown,
  items: readonly unknown[],
  checkpoint: () => void,
  mostMs: number = MOST_LIST_MS,
): ListResult | Promise<ListResult> {
  const beganMs = nowMs();
  const values: unknown[] = [];
  let isWaiting = false;
  for (const item of items) {
    try {
      checkpoint();
      if (values.length > 0 && nowMs() - beganMs > mostMs) break;
      const value = call(item);
      values.push(value);
      isWaiting ||= typeof (value as { then?: unknown } | undefined | null)?.then === "function";
    } catch (error) {
      if (!isWaiting) throw error;
      values.push(Promise.reject(error));
      break;
    }
  }
  return isWaiting ? whenAllSettled(values, beganMs) : { values, ms: nowMs() - beganMs };
}

async function whenAllSettled(values: readonly unknown[], beganMs: number): Promise<ListResult> {
  const failures: unknown[] = [];
  const settle = async (value: unknown): Promise<unknown> => {
    try {
      return await value;
    } catch (error) {
      return failures.push(error);
    }
  };
  const settled = await Promise.all(values.map(settle));
  if (failures.length > 0) throw failures[0];
  return { values: settled, ms: nowMs() - beganMs };
}
