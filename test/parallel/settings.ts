/** Calls shared out as tests want them: on pools of all sizes, by helpers alone or by all. */
import { after } from "node:test";

import fc from "fast-check";
import { type ThreadPool, threads } from "skein";
import { parallel } from "skein/parallel";
import { seams } from "#skein/parallel/testing";
import { helpCaller } from "#skein/parallel/part";

import { refuseItem } from "./fixtures/fault-tasks.js";
import { identical } from "./fixtures/tasks.js";
import { letOthersWork } from "./held-back.js";

export { letOthersWork };

/** How a call is to run. */
export interface Setting {
  /** Threads beside the caller; 0: nothing is shared out. */
  readonly size: number;
  /** Items that the caller does before it shares out. */
  readonly itemsBefore: number;
  /** Whether the caller, once it has a part, lets helpers do all the others. */
  readonly isHeldBack: boolean;
  readonly isSync: boolean;
}

export const SIZES = [1, 2, 3, 4, 8] as const;

export const anySetting: fc.Arbitrary<Setting> = fc.record({
  size: fc.constantFrom(0, ...SIZES),
  itemsBefore: fc.oneof(fc.constant(0), fc.nat(40)),
  isHeldBack: fc.boolean(),
  isSync: fc.boolean(),
});

/** Each size, both forms, held back or not: of inputs that take their time. */
export const EACH_SETTING: readonly Setting[] = [0, ...SIZES].flatMap((size) =>
  [false, true].map((isSync) => ({ size, itemsBefore: 0, isHeldBack: isSync === size < 3, isSync })),
);

const pools = new Map<number, ThreadPool>();
after(async () => void (await Promise.all([...pools.values()].map(async (pool) => pool.close()))));

/** A pool of so many threads, which all have imported what tests call. */
export async function poolOf(size: number): Promise<ThreadPool> {
  let on = pools.get(size);
  if (on === undefined) {
    on = threads({ size, minSize: size, name: `parallel ${size}` });
    pools.set(size, on);
    await importAll(on);
  }
  return on;
}

/**
 * All threads of a pool import what tests call: a call that is awaited and shared out has
 * them do so the first time, and those that came later are told.
 */
export async function importAll(on: ThreadPool): Promise<void> {
  await withSeams({ itemsBefore: 0 }, async () => {
    await parallel.map([1, 2], identical, { on });
    await parallel.map([1, 2], refuseItem, { on });
  });
  await on.ready(helpCaller, identical, refuseItem);
}

/** Runs a call in one of its forms, shared out as the setting says. */
export async function inSetting<Result>(
  { size, itemsBefore, isHeldBack, isSync }: Setting,
  form: (on: ThreadPool) => Promise<Result>,
  syncForm: (on: ThreadPool) => Result,
): Promise<Result> {
  const on = await poolOf(Math.max(1, size));
  const call = async (): Promise<Result> => (isSync ? syncForm(on) : form(on));
  if (size === 0) return call();
  return withSeams({ itemsBefore, beforeOwnPart: isHeldBack ? letOthersWork : undefined }, call);
}

/** Calls that begin in `body` are shared out as told, whatever they cost. */
export async function withSeams<Result>(told: typeof seams, body: () => Promise<Result>): Promise<Result> {
  Object.assign(seams, { itemsBefore: undefined, beforeOwnPart: undefined }, told);
  try {
    return await body();
  } finally {
    Object.assign(seams, { itemsBefore: undefined, beforeOwnPart: undefined });
  }
}
