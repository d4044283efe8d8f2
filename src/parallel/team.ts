/** Who helps: the threads of a pool, once they have what a call needs. */
import { type AnyTask, type Task, taskIdentity } from "../async/executor.js";
import { describeThrown, MisuseError, TransferError } from "../core/errors.js";
import { describeKind } from "../async/cancel.js";
import type { Helping, ThreadPool } from "../threads/thread-pool.js";
import { threads } from "../threads/threads.js";
import type { SharedArray } from "../shared/array.js";
import { heap } from "../shared/heap.js";
import { askingPool, serveWanted } from "../threads/wanted.js";
import { helpCaller, helpCallerOnce, type Work } from "./part.js";
import { CALLER, MOST_PARTICIPANTS, Shares } from "./shares.js";
import { type Sharing, sharingOf } from "./worth.js";

/** The threads that may help with a call. */
export interface Team {
  /** `undefined` on a pool's own thread, which asks its pool for help. */
  readonly pool: ThreadPool | undefined;
  /** How many of them, at most, while the caller works too. */
  readonly helpers: number;
  /** And while it does not. */
  readonly alone: number;
}

/** Modules that all threads of a pool have imported, or the promise of that. */
const imported = new WeakMap<ThreadPool, Map<string, true | Promise<void>>>();

/**
 * The team of a call: a pool of the caller's choice, or the program's own, of which as many
 * threads help as cores are left beside this thread.
 */
export function teamOf(on: ThreadPool | undefined): Team {
  const pool = on ?? threads();
  if (pool.runsHere === true) return nestedTeam();
  const most = Math.min(pool.size, MOST_PARTICIPANTS - 1);
  if (on !== undefined) return { pool, helpers: most, alone: most };
  const helpers = Math.min(most, pool.size - 1);
  return { pool, helpers, alone: helpers === 0 ? 0 : most };
}

/** On a pool's thread: the others of that pool, as far as they have nothing else to do. */
function nestedTeam(): Team {
  const asking = askingPool();
  const helpers = asking === undefined ? 0 : Math.min(asking.size, MOST_PARTICIPANTS) - 1;
  return { pool: undefined, helpers, alone: 0 };
}

/** Refuses what is no pool. */
export function requirePool(whose: string, on: unknown): void {
  const pool = on as Partial<ThreadPool> | null;
  if (typeof pool === "object" && typeof pool?.run === "function" && typeof pool.ready === "function") return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose}'s option on expected a pool of threads, such as threads({ size: 4 }), but ${describeKind(on)} came`,
  );
}

/** Participants that are called. */
export interface Called {
  readonly cells: SharedArray<"int32">;
  readonly participants: readonly number[];
  /** What they can't be told there. */
  readonly once?: { readonly call: number; readonly work: Work };
}

/** Takes a helper back that no thread has taken. */
export type TakeBack = () => void;

/** The same, as a pool's thread asks its pool for it. */
interface HelpWanted extends Called {
  readonly kind: "skein.parts";
}

/**
 * Has threads come as these participants. They may come late, or never; who comes late takes
 * part in what is open by then, or finds nothing open.
 *
 * @param refused - told if what there is to do can't be passed to them: of a caller that is blocked too late, unless it
 *   is on a pool's thread
 * @returns by participant. On a pool's thread they take nobody back; there the pool does so when the next call asks
 */
export function callThreads(
  { pool }: Team,
  called: Called,
  refused: (error: TransferError) => void,
): readonly TakeBack[] {
  if (pool !== undefined) return send(pool, called, refused);
  try {
    askingPool()?.ask({ kind: "skein.parts", ...called } satisfies HelpWanted);
  } catch (error) {
    refused(new TransferError(describeThrown(error), { cause: error }));
  }
  return called.participants.map(() => () => undefined);
}

function send(pool: ThreadPool, called: Called, refused?: (error: TransferError) => void): readonly TakeBack[] {
  const { cells, participants, once } = called;
  const helping = participants.map((participant) => {
    const one = helpFrom(
      pool,
      (once === undefined ? helpCaller : helpCallerOnce) as unknown as Task<readonly unknown[], void>,
      once === undefined ? [cells, participant] : [cells, participant, once.call, once.work],
    );
    // What goes wrong in a part is told by what is given back. This is a thread that has ended,
    // a pool that is closed and has nobody to send, or what does not cross.
    one.ended.catch((error: unknown) => {
      if (!cells.isDisposed) {
        const shares = new Shares(cells.values, CALLER);
        if (once === undefined) shares.forgetInvitation(participant);
        else if (shares.call === once.call) shares.closeLine(participant);
      }
      if (error instanceof TransferError) refused?.(error);
    });
    return one;
  });
  pool.publish?.();
  return helping.map((one) => () => void one.takeBack());
}

/** For threads that have yet to start, or to import something, calls wait so long: an import, or a job before it, may take for ever. */
export const READY_MS = 500;

/** A job of a pool that needs no room in its queue, and can be taken back as long as no thread has it. */
export function helpFrom(pool: ThreadPool, task: Task<readonly unknown[], void>, args: readonly unknown[]): Helping {
  try {
    if (pool.help !== undefined) return pool.help(task, args);
    return { ended: pool.run(task, args), takeBack: () => false };
  } catch (error) {
    return { ended: Promise.reject(error), takeBack: () => false };
  }
}

/** Wakes the thread that has that slot in the heap, if it sleeps. @returns whether it did */
export function wakeThread({ pool }: Team, slot: number): boolean {
  const index = heap().threadIndexOf(slot);
  return (pool === undefined ? askingPool()?.wakeThread(index) : pool.wakeThread?.(index)) === true;
}

/** Stops by force the thread that has that slot in the heap; on a pool's thread nobody can. */
export function stopThread({ pool }: Team, slot: number): void {
  pool?.stopThread?.(heap().threadIndexOf(slot));
}

/** What has memory for the calls of this thread: its pool, or what asks for it there. */
export function ownerOf({ pool }: Team): object {
  return pool ?? (askingPool() as object);
}

const nobody = {};

/** What is known of calls with that team; of all that nobody can help with it is the same. */
export function sharingWith(team: Team): Sharing {
  return sharingOf(team.helpers > 0 ? ownerOf(team) : nobody);
}

/** Of nested calls whose helpers are told when they are called: by memory, those of the last call. */
const lastOnce = new WeakMap<object, { readonly call: number; readonly takeBack: readonly TakeBack[] }>();

serveWanted((pool, request) => {
  const { kind, ...called } = request as HelpWanted;
  if (kind !== "skein.parts") return;
  const { cells, once } = called;
  const last = lastOnce.get(cells);
  // That call is over, as its memory serves another. Those that no thread has taken would else be more with each.
  if (last !== undefined && last.call !== once?.call) for (const takeBack of last.takeBack) takeBack();
  const takeBack = send(pool, called);
  if (once === undefined) return;
  const before = last?.call === once.call ? last.takeBack : [];
  lastOnce.set(cells, { call: once.call, takeBack: [...before, ...takeBack] });
});

/**
 * Whether all threads of the pool have what these functions need; if not, a promise of that,
 * which imports it. If that fails the next call tries again; who does not wait for it need
 * not look.
 */
export function whenReady({ pool }: Team, functions: readonly AnyTask[]): Promise<void> | undefined {
  // Who is asked for help finds out what it lacks.
  if (pool === undefined) return undefined;
  let modules = imported.get(pool);
  if (modules === undefined) {
    modules = new Map();
    imported.set(pool, modules);
  }
  const known = modules;
  const waits: Promise<void>[] = [];
  for (const fn of [helpCaller as AnyTask, ...functions]) {
    const module = taskIdentity(fn)?.module as string;
    const state = known.get(module);
    if (state === true) continue;
    if (state !== undefined) {
      waits.push(state);
      continue;
    }
    const ready = pool.ready(fn).then(
      () => void known.set(module, true),
      (error: unknown) => {
        known.delete(module);
        throw error;
      },
    );
    known.set(module, ready);
    waits.push(ready);
  }
  if (waits.length === 0) return undefined;
  const all = Promise.all(waits).then(() => undefined);
  all.catch(() => undefined);
  return all;
}

/** A thread lacks a module: one that was started later. */
export function forgetModule({ pool }: Team, module: string): void {
  if (pool !== undefined) imported.get(pool)?.delete(module);
}
