/**
 * What a participant does: takes parts and runs the loop of their kind over them. The
 * caller does so itself, and threads of a pool as jobs of the task `takeParts`.
 */
import { nowMs } from "#clock";

import { type Task, taskIdentity } from "../async/executor.js";
import { describeThrown, TransferError } from "../core/errors.js";
import { threadIndex } from "../core/thread.js";
import type { SharedArray } from "../shared/array.js";
import { heap } from "../shared/heap.js";
import { handOver, makePayload } from "../shared/payload.js";
import { encodeValue } from "../shared/value-codec.js";
import { encodeThrown, type EncodedValue } from "../threads/error-codec.js";
import { registry } from "../threads/registry.js";
import { ownTask } from "../threads/task.js";
import { askingPool } from "../threads/wanted.js";
import type { ItemCallback } from "./loops.js";
import { type LoopKind, loopOf } from "./part-loops.js";
import { NONE, Shares } from "./shares.js";
import { nameOfPart, Traced } from "./traced.js";

/** How any thread finds a function of the program. */
export interface FunctionName {
  readonly module: string;
  readonly key: string;
}

/** So long a helper works before it looks whether other calls wait for its thread. */
const STINT_MS = 4;

/** What there is to do, as it is told to other threads. */
export interface Work {
  /** Of the call. */
  readonly name: string;
  readonly loop: LoopKind;
  readonly functions: readonly FunctionName[];
  /** What the loop works on; plain data and shared objects. */
  readonly data: readonly unknown[];
  /** Part p has the items from `first + p * partItems` on, the last one up to `end`. */
  readonly first: number;
  readonly end: number;
  readonly partItems: number;
  /** Whether what is behind a part that gives something need not be done. */
  readonly isSearch: boolean;
}

/** Does items `from` to `to`, and gives what the caller wants to know of them: a new list of what its blocks gave, a value, or `undefined`. */
export type PartLoop = (from: number, to: number) => unknown;

/** What one participant gives back. */
export interface PartsDone {
  readonly participant: number;
  readonly thread: number;
  readonly ms: number;
  /** What the loop gave, each after its first item. */
  readonly values: readonly (readonly [from: number, value: unknown])[];
  /** The code threw, in this part. */
  readonly thrown?: { readonly part: number; readonly error: EncodedValue };
  /** It left, though there may be parts to do, as other calls wait for its thread. */
  readonly gaveWay?: boolean;
  /** A function that is not declared on that thread, and what its module declares there; `undefined` if it was not imported. */
  readonly missing?: FunctionName & { readonly declared: readonly string[] | undefined };
}

/** The functions by their names on this thread; those that are missing are `undefined`. */
export function functionsOf(names: readonly FunctionName[]): (ItemCallback | undefined)[] {
  return names.map(({ module, key }) => registry().modules.get(module)?.byKey.get(key) as ItemCallback | undefined);
}

/** How other threads find a task; the caller has checked that it is one. */
export function nameOf(fn: unknown): FunctionName {
  const { module, key } = taskIdentity(fn) as NonNullable<ReturnType<typeof taskIdentity>>;
  return { module, key };
}

/** Takes part in a call. */
export class Participant {
  readonly shares: Shares;
  readonly number: number;
  readonly #work: Work;
  readonly #loop: PartLoop;
  readonly #values: [number, unknown][] = [];
  /** Where the last part ended that gave something. */
  #keptTo = -1;
  #thrown: { readonly part: number; readonly error: unknown } | undefined = undefined;
  readonly #traced: Traced | undefined;
  #ms = 0;

  /** @param isJob - whether recordings show it already, as a job of a scope */
  constructor(shares: Shares, number: number, work: Work, loop: PartLoop, isJob = true) {
    this.#traced = isJob ? undefined : Traced.begin(nameOfPart(work.name, number));
    this.shares = shares;
    this.number = number;
    this.#work = work;
    this.#loop = loop;
  }

  /** Does parts until none is left, or until a moment. @returns true if none is left */
  run(untilMs: number): boolean {
    this.#traced?.enter();
    const isOver = this.#take(untilMs);
    this.#traced?.leave(isOver);
    return isOver;
  }

  #take(untilMs: number): boolean {
    const { first, end, partItems, isSearch } = this.#work;
    const beganMs = nowMs();
    for (let part = this.shares.next(); part !== NONE; part = this.shares.next()) {
      const from = first + part * partItems;
      try {
        const to = Math.min(end, from + partItems);
        const value = this.#loop(from, to);
        if (value !== undefined) {
          this.#keep(from, to, value);
          if (isSearch) this.shares.needNoMoreThan(part);
        }
      } catch (error) {
        if (this.#thrown === undefined || part < this.#thrown.part) this.#thrown = { part, error };
        this.shares.needNoMoreThan(part);
      }
      if (untilMs !== Infinity && nowMs() >= untilMs) {
        this.#ms += nowMs() - beganMs;
        return false;
      }
    }
    this.#ms += nowMs() - beganMs;
    return true;
  }

  /** Lists of parts side by side become one: few long lists cross to another thread in half the time. */
  #keep(from: number, to: number, value: unknown): void {
    const last = this.#values.at(-1);
    const isNext = last !== undefined && from === this.#keptTo && Array.isArray(value) && Array.isArray(last[1]);
    if (isNext) for (const one of value as unknown[]) (last[1] as unknown[]).push(one);
    else this.#values.push([from, value]);
    this.#keptTo = to;
  }

  /** What was thrown here, as it is. */
  get thrown(): { readonly part: number; readonly error: unknown } | undefined {
    return this.#thrown;
  }

  done(): PartsDone {
    const { part, error } = this.#thrown ?? { part: 0, error: undefined };
    return {
      participant: this.number,
      thread: threadIndex,
      ms: this.#ms,
      values: this.#values,
      ...(this.#thrown !== undefined && { thrown: { part, error: encodeThrown(error) } }),
    };
  }
}

/** On a thread of a pool: takes part in a call until there is nothing left to take. */
export const takeParts: Task<
  [cells: SharedArray<"int32">, participant: number, work: Work, isBlocking: boolean],
  PartsDone | undefined
> = ownTask(import.meta, takePartsOfCall);

function takePartsOfCall(
  cells: SharedArray<"int32">,
  participant: number,
  work: Work,
  isBlocking: boolean,
): PartsDone | undefined {
  const shares = new Shares(cells.values, participant);
  if (!shares.enter(heap().life)) return undefined;
  let payload = 0;
  let byteLength = 0;
  try {
    // Somebody must be there to send it again: a caller that is not blocked.
    const done = takePartsHere(shares, participant, work, isBlocking);
    if (!isBlocking) return done;
    const bytes = bytesOf(done);
    ({ byteLength } = bytes);
    payload = makePayload(heap(), cells.offset, bytes);
    // If this thread ends, what it has in its hands is freed by others, and this the caller
    // reads after that. Stopped here, between the two, it leaves a payload that nobody names:
    // in the caller's hands, so it is freed when the caller's thread ends.
    handOver(heap(), payload, shares.callerSlot);
    return undefined;
  } finally {
    // Whatever happened: a blocked caller would wait for it for ever.
    shares.leave(payload, byteLength);
  }
}

/** For a caller that is blocked, so that nobody can settle a promise there. What can't cross is told in place of what was made. */
function bytesOf(done: PartsDone): Uint8Array {
  try {
    return encodeValue(done);
  } catch (error) {
    const why = `what a callback gave can't be passed to the thread that called: ${describeThrown(error)}`;
    const thrown = { part: 0, error: encodeThrown(new TransferError(why, { cause: error })) };
    return encodeValue({ ...done, values: [], thrown });
  }
}

function takePartsHere(shares: Shares, participant: number, work: Work, isBlocking: boolean): PartsDone {
  const functions = functionsOf(work.functions);
  const lacking = functions.indexOf(undefined);
  if (lacking !== -1) {
    const name = work.functions[lacking] as FunctionName;
    const module = registry().modules.get(name.module);
    const declared = module === undefined ? undefined : [...module.byKey.keys()];
    return { participant, thread: threadIndex, ms: 0, values: [], missing: { ...name, declared } };
  }
  const one = new Participant(
    shares,
    participant,
    work,
    loopOf(work.loop, functions as ItemCallback[], work.data),
    !isBlocking,
  );
  const stintMs = isBlocking ? Infinity : STINT_MS;
  while (!one.run(nowMs() + stintMs)) {
    // What is left of its range others take over.
    if (askingPool()?.hasCalls() === true) return { ...one.done(), gaveWay: true };
  }
  return one.done();
}
