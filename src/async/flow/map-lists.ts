/**
 * The stage that works on items elsewhere, many of them as one job while they are short:
 * a job costs some microseconds, its part of a list a fraction of one.
 *
 * Items gather while there is enough under way to keep the executor busy, and go as soon as
 * there is not: so none waits for others to come, and lists grow by themselves where items
 * come faster than they are done. How long a list may be follows from how long the last ones
 * ran (`ListLength`).
 *
 * Invariants
 * - As in `map.ts`: at most `concurrency` items are being worked on, those that gather counted
 *   too, and `held <= concurrency + buffer`.
 * - If items gather, jobs are under way whose end sends them off, or a microtask is that does.
 */
import { channel } from "../channel.js";
import type { Executor, ListResult, ListTask } from "../executor.js";
import { Gate } from "./gate.js";
import type { Bounds } from "./map.js";
import { receiveOrEnd } from "./source.js";
import type { Run } from "./stage.js";

/** What the stage runs, and where. */
export interface Listed {
  /** For an item that no list can carry. */
  readonly task: unknown;
  readonly ofLists: ListTask;
  readonly on: Executor;
}

/** Lists are to take so long: much against a job's cost, little against what a person or a timer notices. */
const AIM_MS = 0.5;
/** So many jobs are to be under way for each that the executor runs at a time: while one runs the next is on its way. */
const JOBS_FOR_EACH = 2;
/**
 * And so many if there are items for whole lists: then threads have some milliseconds of
 * work, for which this one may be kept off its core where there are no more cores than
 * threads.
 */
const WHOLE_JOBS_FOR_EACH = 8;
const MOST_ITEMS = 1024;

/** How many items go in one list: twice as many after a quick one, after a slow one as many as would not have been. */
class ListLength {
  readonly #most: number;
  items = 1;

  constructor(most: number) {
    this.#most = Math.max(1, Math.min(MOST_ITEMS, Math.floor(most)));
  }

  /** A job ran so long for so many items. */
  ran(items: number, ms: number): void {
    if (items >= this.items && ms < AIM_MS / 2) this.items = Math.min(this.#most, items * 2);
    else if (ms > 2 * AIM_MS) this.items = Math.max(1, Math.min(this.items, Math.floor((items * AIM_MS) / ms)));
  }
}

export function mapInLists<T, R>(
  up: Run<T>,
  { task, ofLists, on }: Listed,
  { concurrency, buffer, ordered, name }: Bounds,
): Run<R> {
  return async (scope, emit) => {
    const inner = scope.open({ name });
    const options = { on, name };
    const atOnce = on.jobsAtOnce ?? 1;
    const length = new ListLength(concurrency / (JOBS_FOR_EACH * atOnce));
    const gathering: T[] = [];
    let isGoing = false;
    let jobs = 0;
    let running = 0;
    let held = 0;
    const gate = new Gate(`room in ${name}`);
    const hasRoom = (): boolean => running < concurrency && held < concurrency + buffer;
    // In order: lists as they were sent off; else: what jobs gave, as they ended.
    const results = channel<{ readonly values: readonly R[] | Promise<readonly R[]> }>({
      capacity: Infinity,
      name: `results of ${name}`,
    });

    const handOn = async (): Promise<void> => {
      for (
        let next = await receiveOrEnd(results, inner);
        next !== undefined;
        next = await receiveOrEnd(results, inner)
      ) {
        for (const value of await next.value.values) {
          inner.checkpoint();
          held--;
          gate.check();
          const waiting = emit(value);
          if (waiting !== undefined) await waiting;
        }
      }
    };

    const run = async (items: readonly T[]): Promise<ListResult> =>
      goesInLists(items[0])
        ? inner.spawn(ofLists, [items], options)
        : { values: [await inner.spawn(task, items, options)], ms: NaN };

    /** One job. What it leaves is shared out anew, an item a job at worst. */
    const work = async (items: readonly T[]): Promise<readonly R[]> => {
      jobs++;
      const { values: given, ms } = await run(items);
      const values = given as R[];
      jobs--;
      running -= values.length;
      length.ran(values.length, ms);
      if (!ordered) results.trySend({ values });
      const left = values.length === items.length ? undefined : shareOut(items.slice(values.length));
      sendOff();
      gate.check();
      return left === undefined ? values : values.concat(...(await left));
    };

    const shareOut = (items: readonly T[]): Promise<(readonly R[])[]> => {
      const lists: Promise<readonly R[]>[] = [];
      for (let from = 0; from < items.length; from += length.items) {
        lists.push(work(items.slice(from, from + length.items)));
      }
      return Promise.all(lists);
    };

    const send = (items: readonly T[]): void => {
      const values = work(items);
      // A failure is the scope's, which ends the stage.
      values.catch(() => undefined);
      if (ordered) results.trySend({ values });
    };

    const sendOff = (): void => {
      isGoing = false;
      const mostJobs = (): number => atOnce * (gathering.length >= length.items ? WHOLE_JOBS_FOR_EACH : JOBS_FOR_EACH);
      while (gathering.length > 0 && jobs < mostJobs() && !inner.isCancelled) send(gathering.splice(0, length.items));
    };

    const take = (item: T): Promise<void> | undefined => {
      running++;
      held++;
      if (!goesInLists(item)) {
        // Alone, behind those before it.
        while (gathering.length > 0) send(gathering.splice(0, length.items));
        send([item]);
      } else if (gathering.push(item) >= length.items) {
        sendOff();
      } else if (!isGoing) {
        isGoing = true;
        queueMicrotask(sendOff);
      }
      return gate.until(hasRoom, inner);
    };

    await inner.run(async () => {
      inner.spawn(handOn, [], { name: `hand over of ${name}` });
      await up(inner, take);
      await gate.until(() => running === 0, inner);
      results.close();
    });
  };
}

/** Whether an item can be part of a list: what an executor looks for among a job's arguments must be one. */
function goesInLists(item: unknown): boolean {
  return typeof item !== "function" && !(item instanceof AbortSignal);
}
