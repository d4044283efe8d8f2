/** Random trees of scopes and jobs that wait, fail, time out, clean up and are cancelled: what holds for all of them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, scope, type Scope, sleep, TimeoutError } from "skein";
import { type VirtualClock, withVirtualClock } from "skein/testing";
import { cancelNodeOf } from "#skein/async/cancel";
import fc from "fast-check";

/** One piece of work: what it does after it has started its children. */
interface Work {
  /** A job in the same scope, a job with a scope of its own, or a scope inside that is awaited. */
  readonly as: "job" | "job with a scope" | "scope";
  readonly waitMs: number;
  /** Whether it waits without its scope, and so does not hear of a cancellation. */
  readonly isDeaf: boolean;
  readonly fails: boolean;
  /** Whether it fails once more when it is cancelled. */
  readonly failsCancelled: boolean;
  readonly timeoutMs: number | null;
  /** How long its cleanup takes, if it has one. */
  readonly cleanupMs: number | null;
  readonly cleanupFails: boolean;
  readonly children: readonly Work[];
}

/** True about once in `times`. */
const rarely = (times: number) => fc.nat(times - 1).map((number) => number === 0);

function workOf(depth: number): fc.Arbitrary<Work> {
  return fc.record({
    as: fc.constantFrom("job", "job with a scope", "scope"),
    waitMs: fc.nat(30),
    isDeaf: rarely(3),
    fails: rarely(5),
    failsCancelled: rarely(5),
    timeoutMs: fc.option(fc.nat(40), { freq: 3 }),
    cleanupMs: fc.option(fc.nat(10)),
    cleanupFails: rarely(5),
    children: depth === 0 ? fc.constant([]) : fc.array(workOf(depth - 1), { maxLength: 3 }),
  });
}

/** Runs a tree and keeps the books. */
class Run {
  started = 0;
  alive = 0;
  cleanups = 0;
  cleaned = 0;
  /** Every failure that was thrown, as opposed to passed on. */
  readonly thrown: Error[] = [];

  #fail(): never {
    const error = new RangeError(`failure ${this.thrown.length}`);
    this.thrown.push(error);
    throw error;
  }

  async run(s: Scope, node: Work): Promise<void> {
    this.started++;
    this.alive++;
    try {
      const { cleanupMs } = node;
      if (cleanupMs !== null) {
        this.cleanups++;
        s.defer(async (inner) => {
          await sleep(cleanupMs, inner);
          this.cleaned++;
          if (node.cleanupFails) this.#fail();
        });
      }
      const options = (child: Work) => (child.timeoutMs === null ? {} : { timeoutMs: child.timeoutMs });
      for (const child of node.children) {
        if (child.as === "job") s.spawn(() => this.run(s, child));
        else if (child.as === "job with a scope") s.spawn((inner) => this.run(inner, child), [], options(child));
      }
      for (const child of node.children) {
        if (child.as === "scope") await s.scope((inner) => this.run(inner, child), options(child));
      }
      await (node.isDeaf ? sleep(node.waitMs) : sleep(node.waitMs, s));
      if (node.fails) this.#fail();
    } catch (error) {
      if (error instanceof CancelledError && node.failsCancelled) this.#fail();
      throw error;
    } finally {
      this.alive--;
    }
  }
}

/** How often each error is found in `error`: itself, its causes, and those that it holds. */
function found(error: unknown, counts: Map<unknown, number> = new Map()): Map<unknown, number> {
  if (!(error instanceof Error)) return counts;
  counts.set(error, (counts.get(error) ?? 0) + 1);
  const { cause, errors, error: later, suppressed } = error as Error & Record<string, unknown>;
  for (const inner of [cause, later, suppressed, ...((errors ?? []) as unknown[])]) found(inner, counts);
  return counts;
}

async function check(tree: Work, cancelAtMs: number | null, clock: VirtualClock): Promise<void> {
  const run = new Run();
  const controller = new AbortController();
  const cancelling =
    cancelAtMs === null ? undefined : sleep(cancelAtMs, controller.signal).then(() => controller.abort("enough"));
  let outcome: { readonly error?: unknown };
  try {
    await scope((s) => run.run(s, tree), { graceMs: 1000 }, controller.signal);
    outcome = {};
  } catch (error) {
    outcome = { error };
  }
  // Nothing of it goes on, and each cleanup ran once (laws 1 and 7).
  assert.equal(run.alive, 0);
  assert.equal(run.cleaned, run.cleanups);
  const started = run.started;

  // Every failure is told, once (laws 3 and 4); if there was none, none is.
  const counts = found(outcome.error);
  for (const error of run.thrown) assert.equal(counts.get(error), 1, `${error.message} of ${run.thrown.length}`);
  if (run.thrown.length > 0) {
    assert.ok(!(outcome.error instanceof CancelledError));
  } else if ("error" in outcome) {
    const leaves = [...counts.keys()].filter((error) => !(error instanceof AggregateError));
    for (const error of leaves) {
      assert.ok(
        error instanceof TimeoutError || (error instanceof CancelledError && controller.signal.aborted),
        String(error),
      );
    }
  }

  // Nothing stays behind, neither then nor later (law 40).
  controller.abort();
  await cancelling?.catch(() => undefined);
  assert.equal(clock.pendingAlarms, 0);
  assert.deepEqual(cancelNodeOf(controller.signal)?.listeners(), []);
  await clock.advance(10_000);
  assert.equal(run.started, started);
}

describe("any tree of scopes and jobs", () => {
  it("ends as a whole, tells every failure once, and leaves nothing behind (laws 1, 3, 4, 7 and 40)", () =>
    fc.assert(
      fc.asyncProperty(workOf(3), fc.option(fc.nat(60)), (tree, cancelAtMs) =>
        withVirtualClock((clock) => check(tree, cancelAtMs, clock)),
      ),
      { numRuns: 100 },
    ));
});
