/** Structures checked against their models. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Cell, type Exploration, ExploreError, linearizable } from "skein/explore";

const STACK_OPERATIONS = { push: [[1], [2], [3]], pop: [[]] };

function stackModel(): object {
  const items: number[] = [];
  return { push: (item: number) => void items.push(item), pop: () => items.pop() };
}

/** A stack of up to eight in cells, behind a lock that may be left out for pops. */
class Stack {
  readonly #items: readonly Cell[];
  readonly #length: Cell;
  readonly #lock: Cell;
  readonly #locksPops: boolean;

  constructor(t: Exploration, locksPops: boolean) {
    this.#items = Array.from({ length: 8 }, (_, index) => t.cell(`item ${index}`));
    this.#length = t.cell("length");
    this.#lock = t.cell("lock");
    this.#locksPops = locksPops;
  }

  push(item: number): void {
    this.#enter();
    const length = this.#length.load();
    this.#items[length]?.store(item);
    this.#length.store(length + 1);
    this.#leave();
  }

  pop(): number | undefined {
    if (this.#locksPops) this.#enter();
    try {
      const length = this.#length.load();
      if (length === 0) return undefined;
      this.#length.store(length - 1);
      return this.#items[length - 1]?.load();
    } finally {
      if (this.#locksPops) this.#leave();
    }
  }

  #enter(): void {
    while (this.#lock.compareExchange(0, 1) !== 0);
  }

  #leave(): void {
    this.#lock.store(0);
  }
}

describe("linearizable", () => {
  it("accepts a structure that does as its model, in all orders that it ran", async () => {
    const report = await linearizable((t) => new Stack(t, true), {
      operations: STACK_OPERATIONS,
      model: stackModel,
      scenarios: 10,
      schedules: 100,
    });
    assert.equal(report.scenarios, 10);
    assert.ok(report.histories > 20, `${report.histories} histories`);
  });

  it("finds two that pop one item, in the shortest scenario", async () => {
    const error: unknown = await linearizable((t) => new Stack(t, false), {
      operations: STACK_OPERATIONS,
      model: stackModel,
    }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ExploreError, String(error));
    assert.equal(error.kind, "assertion");
    assert.match(error.diagnosis, /no order of these calls.*thread 1: .* gave .*thread 2: /);
    // At most a push, and two operations that overlap.
    assert.ok((error.diagnosis.match(/ gave /g)?.length ?? 0) <= 3 + 1, error.diagnosis);
    assert.match(error.message, /found by schedule \d+, with thread 1: [^\n]*; thread 2: /);
    // The token stands for the scenario, too.
    await assert.rejects(
      linearizable((t) => new Stack(t, false), { operations: STACK_OPERATIONS, model: stackModel, token: error.token }),
      { listing: error.listing, token: error.token },
    );
  });

  it("holds a call that began after another had ended to come after it", async () => {
    // Each reads what it had read before: an old value, though the write is over.
    const stale = (t: Exploration): object => {
      const x = t.cell("x");
      let seen: number | undefined;
      return { write: (value: number) => void x.store(value), read: () => (seen ??= x.load()) };
    };
    const model = (): object => {
      let value = 0;
      return { write: (next: number) => void (value = next), read: () => value };
    };
    await assert.rejects(
      linearizable(stale, { operations: { write: [[1]], read: [[]] }, model, threads: 1, operationsPerThread: 4 }),
      { kind: "assertion" },
    );
  });

  it("refuses a model without a method that is called", async () => {
    await assert.rejects(
      linearizable(() => ({}), { operations: { push: [[1]] }, model: () => ({}) }),
      { code: "SKEIN_INVALID_ARGUMENT", message: /a model with a method push/ },
    );
  });
});
