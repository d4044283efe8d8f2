/**
 * Random operations with random cancellation, done to a structure and to a
 * reference model side by side.
 *
 * Time has no part in it: an operation either waits for the end of all promise
 * jobs before the next, or is followed by it in the same turn. That covers what
 * cancellation and completion can do to each other within one turn.
 */
import assert from "node:assert/strict";

import { CancelledError } from "skein";
import * as fc from "fast-check";

/** Waits until every promise job that can run has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Calls of waiting verbs, each with a signal of its own, and what became of them. */
export class Calls<T> {
  readonly #controllers: AbortController[] = [];
  /** For each call `waiting`, `cancelled`, what `describe` made of its value, or its error's code. */
  readonly outcomes: string[] = [];
  /** The values that have come, by call. */
  readonly values: Map<number, T> = new Map();
  readonly #describe: (value: T) => string;

  constructor(describe: (value: T) => string) {
    this.#describe = describe;
  }

  start(call: (cancel: AbortSignal) => Promise<T>): void {
    const controller = new AbortController();
    this.#controllers.push(controller);
    const index = this.outcomes.push("waiting") - 1;
    void this.#follow(call(controller.signal), index);
  }

  async #follow(result: Promise<T>, index: number): Promise<void> {
    try {
      const value = await result;
      this.outcomes[index] = this.#describe(value);
      this.values.set(index, value);
    } catch (error) {
      this.outcomes[index] = error instanceof CancelledError ? "cancelled" : (error as Error).message;
    }
  }

  /** Records something that did not wait. */
  done(value: T | undefined): void {
    this.#controllers.push(new AbortController());
    const index = this.outcomes.push(value === undefined ? "refused" : this.#describe(value)) - 1;
    if (value !== undefined) this.values.set(index, value);
  }

  cancel(call: number): void {
    this.#controllers[call]?.abort();
  }

  /** Cancels every call, so that no scope is open when the test ends. */
  async cancelAll(): Promise<void> {
    for (const controller of this.#controllers) controller.abort();
    await settled();
  }

  /** One of all calls, by a random number; `undefined` if there is none. */
  any(pick: number): number | undefined {
    return this.outcomes.length === 0 ? undefined : pick % this.outcomes.length;
  }

  /** One of the calls whose value has come. */
  anyWithValue(pick: number): { readonly call: number; readonly value: T } | undefined {
    const entries = [...this.values];
    const entry = entries[pick % entries.length];
    return entry && { call: entry[0], value: entry[1] };
  }
}

/** One operation, and whether promise jobs run before the next. */
export interface Step<Op> {
  readonly op: Op;
  readonly settle: boolean;
}

/** Random operations of the given kinds; `pick` chooses among calls, `count` is a small number. */
export interface RandomOp<Kind extends string> {
  readonly kind: Kind;
  readonly pick: number;
  readonly count: number;
}

function stepsOf<Kind extends string>(...kinds: Kind[]): fc.Arbitrary<Step<RandomOp<Kind>>[]> {
  const op = fc.record({
    kind: fc.constantFrom(...kinds),
    pick: fc.nat({ max: 1000 }),
    count: fc.integer({ min: 1, max: 4 }),
  });
  return fc.array(fc.record({ op, settle: fc.boolean() }), { maxLength: 40, size: "max" });
}

/**
 * Does the steps one by one.
 *
 * @param apply - does one to the structure and to the model
 * @param check - compares what is the same at all times
 * @param outcomes - of the structure and of the model; the same when all has settled
 */
export async function runSteps<Op>(
  steps: readonly Step<Op>[],
  apply: (op: Op) => void,
  check: () => void,
  outcomes: () => readonly [real: readonly string[], model: readonly string[]],
): Promise<void> {
  for (const { op, settle } of steps) {
    apply(op);
    check();
    if (!settle) continue;
    await settled();
    assert.deepEqual(...outcomes());
  }
  await settled();
  check();
  assert.deepEqual(...outcomes());
}

/** Runs `body` for many random sequences of steps. */
export function forAllSteps<Kind extends string>(
  kinds: readonly Kind[],
  body: (steps: readonly Step<RandomOp<Kind>>[]) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(stepsOf(...kinds), body), { numRuns: 200 });
}
