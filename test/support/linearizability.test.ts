import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import {
  checkLinearizability,
  isPending,
  type Model,
  type Operation,
  requireLinearizable,
  UndecidedError,
  type Value,
} from "./linearizability.js";
import { CLOSED, dequeModel, EMPTY, mapModel, mutexModel, queueModel, rwLockModel, semaphoreModel } from "./models.js";
import { historyOf, isExplained, isExplainedByBruteForce, isExplainedHistory, type Row } from "./written-history.js";

describe("the linearizability checker", () => {
  const queue = queueModel({ capacity: 2 });

  it("accepts what happens one after another as the model has it", () => {
    assert.ok(isExplained(queue, []));
    assert.ok(
      isExplained(queue, [
        [0, 1, 2, "tryReceive", undefined, EMPTY],
        [0, 3, 4, "trySend", 7, true],
        [1, 5, 6, "send", 8],
        [0, 7, 8, "trySend", 9, false],
        [1, 9, 10, "receive", undefined, 7],
        [1, 11, 12, "close"],
        [0, 13, 14, "trySend", 9, false],
        [0, 15, 16, "send", 9, CLOSED],
        [0, 17, 18, "tryReceive", undefined, 8],
        [0, 19, 20, "receive", undefined, CLOSED],
      ]),
    );
  });

  it("accepts overlapping operations in whichever order explains them", () => {
    assert.ok(
      isExplained(queue, [
        [0, 0, 10, "trySend", 1, true],
        [1, 0, 10, "trySend", 2, true],
        [2, 2, 8, "tryReceive", undefined, 2],
        [2, 11, 12, "tryReceive", undefined, 1],
      ]),
    );
    assert.ok(
      isExplained(queue, [
        [0, 0, 100, "send", 3],
        [1, 10, 20, "trySend", 1, true],
        [1, 30, 40, "trySend", 2, true],
        [1, 50, 60, "tryReceive", undefined, 1],
      ]),
    );
  });

  it("takes intervals as closed: those that touch overlap", () => {
    assert.ok(
      isExplained(queue, [
        [0, 10, 20, "trySend", 1, true],
        [1, 0, 10, "tryReceive", undefined, 1],
      ]),
    );
    assert.ok(
      !isExplained(queue, [
        [0, 11, 20, "trySend", 1, true],
        [1, 0, 10, "tryReceive", undefined, 1],
      ]),
    );
  });

  const bad: readonly (readonly [string, Model<unknown>, readonly Row[]])[] = [
    [
      "a stale read",
      mapModel(),
      [
        [0, 0, 1, "set", ["key", 1]],
        [0, 2, 3, "set", ["key", 2]],
        [1, 4, 5, "get", ["key"], 1],
      ],
    ],
    [
      "a read of a value that a later read does not see",
      mapModel(),
      [
        [0, 0, 9, "set", ["key", 1]],
        [1, 1, 2, "get", ["key"], 1],
        [1, 3, 4, "get", ["key"]],
      ],
    ],
    [
      "a lost element",
      queue,
      [
        [0, 0, 5, "trySend", 1, true],
        [1, 0, 5, "trySend", 2, true],
        [0, 6, 9, "tryReceive", undefined, 1],
        [1, 10, 11, "tryReceive", undefined, EMPTY],
      ],
    ],
    [
      "an element received twice",
      queue,
      [
        [0, 0, 1, "trySend", 1, true],
        [0, 2, 9, "tryReceive", undefined, 1],
        [1, 2, 9, "tryReceive", undefined, 1],
      ],
    ],
    [
      "two sends one after the other that arrive the other way round",
      queue,
      [
        [0, 0, 1, "trySend", 1, true],
        [1, 2, 3, "trySend", 2, true],
        [2, 0, 9, "tryReceive", undefined, 2],
        [2, 10, 11, "tryReceive", undefined, 1],
      ],
    ],
    [
      "a value that nobody sent",
      queue,
      [
        [0, 0, 9, "trySend", 1, true],
        [1, 0, 9, "receive", undefined, 3],
      ],
    ],
    [
      "a refusal by a queue that has a place",
      queue,
      [
        [0, 0, 1, "trySend", 1, true],
        [0, 2, 3, "trySend", 2, false],
      ],
    ],
    [
      "a send after the end",
      queue,
      [
        [0, 0, 1, "close"],
        [1, 2, 3, "trySend", 1, true],
      ],
    ],
    [
      "a lock held twice",
      mutexModel(),
      [
        [0, 0, 1, "lock", undefined, true],
        [1, 2, 9, "tryLock", undefined, true],
        [0, 10, 11, "unlock"],
      ],
    ],
    [
      "an unlock by another",
      mutexModel(),
      [
        [0, 0, 1, "lock", undefined, true],
        [1, 2, 3, "unlock"],
      ],
    ],
    [
      "a writer beside a reader",
      rwLockModel(),
      [
        [0, 0, 1, "read", undefined, true],
        [1, 2, 3, "write", undefined, true],
      ],
    ],
    [
      "more permits than there are",
      semaphoreModel({ permits: 3 }),
      [
        [0, 0, 1, "acquire", 2],
        [1, 2, 3, "tryAcquire", 2, true],
      ],
    ],
    [
      "an element popped and stolen",
      dequeModel(),
      [
        [0, 0, 1, "push", 1, true],
        [0, 2, 9, "pop", undefined, 1],
        [1, 2, 9, "steal", undefined, 1],
      ],
    ],
    [
      "a steal from the wrong end",
      dequeModel(),
      [
        [0, 0, 1, "push", 1, true],
        [0, 2, 3, "push", 2, true],
        [1, 4, 5, "steal", undefined, 2],
      ],
    ],
  ];
  for (const [what, model, rows] of bad) {
    it(`rejects ${what}`, () => {
      assert.equal(isExplained(model, rows), false);
      assert.equal(isExplainedByBruteForce(model, historyOf(rows)), false);
    });
  }

  it("says how far it came, and what could not come next", () => {
    const history = historyOf([
      [0, 0, 1, "trySend", 1, true],
      [1, 2, 5, "tryReceive", undefined, 1],
      [0, 3, 5, "tryReceive", undefined, 1],
      [0, 6, 7, "close"],
    ]);
    const verdict = checkLinearizability(history, queue);
    assert.ok(!verdict.isLinearizable);
    assert.deepEqual(verdict.prefix, history.slice(0, 2));
    assert.deepEqual(verdict.refused, history.slice(2, 3));
    assert.equal(
      verdict.explanation,
      [
        "no order of these 4 operations explains their results.",
        "The longest that does has 2:",
        "  1. thread 0 trySend(1) gave true, 0 to 1 ns",
        "  2. thread 1 tryReceive() gave 1, 2 to 5 ns",
        "It leads to []. There none of those that could come next is possible:",
        "  thread 0 tryReceive() gave 1, 3 to 5 ns",
      ].join("\n"),
    );
    assert.throws(
      () => requireLinearizable(history, queue, "a queue"),
      /^Error: a queue: no order [^]*0 close\(\), 6 to 7 ns$/,
    );
  });

  it("lets a pending operation happen, or not, whenever it suits", () => {
    const send: Row = [0, 0, Infinity, "send", 1];
    assert.ok(isExplained(queue, [send, [1, 50, 51, "tryReceive", undefined, 1]]));
    assert.ok(isExplained(queue, [send, [1, 50, 51, "tryReceive", undefined, EMPTY]]));
    assert.ok(!isExplained(queue, [send, [1, 50, 51, "receive", undefined, 1], [1, 52, 53, "receive", undefined, 1]]));
    assert.ok(
      !isExplained(queue, [
        [1, 0, 1, "receive", undefined, 1],
        [0, 2, Infinity, "send", 1],
      ]),
    );
    const lock: Row = [0, 0, Infinity, "lock"];
    assert.ok(isExplained(mutexModel(), [lock, [1, 1, 2, "lock", undefined, true]]));
    assert.ok(isExplained(mutexModel(), [lock, [1, 1, 2, "tryLock", undefined, false]]));
  });

  it("answers nothing when it has looked at too much", () => {
    const rows = Array.from({ length: 12 }, (_, i): Row => [i, 0, 100, "trySend", i, true]);
    const impossible: Row = [12, 200, 201, "tryReceive", undefined, 99];
    assert.throws(
      () => checkLinearizability(historyOf([...rows, impossible]), queueModel({ capacity: 12 }), 1000),
      UndecidedError,
    );
  });

  it("refuses an operation that ends before it begins", () => {
    assert.throws(() => checkLinearizability(historyOf([[0, 2, 1, "close"]]), queue), /ends before it begins/);
  });

  it("decides a history that is longer than a stack of calls is deep", () => {
    const rows = Array.from({ length: 20_000 }, (_, i): Row =>
      i % 2 === 0 ? [0, 2 * i, 2 * i + 1, "trySend", i, true] : [1, 2 * i, 2 * i + 1, "tryReceive", undefined, i - 1],
    );
    assert.ok(checkLinearizability(historyOf(rows), queue).isLinearizable);
  });
});

// Random histories

/** One verb called on a model by itself: the operation with the only result that it can have then. */
interface Called {
  readonly op: string;
  readonly argument: Value;
}

interface Sample<State> {
  readonly name: string;
  readonly model: Model<State>;
  readonly calls: fc.Arbitrary<Called>;
  /** All results that an operation ever has. */
  readonly results: (call: Called) => readonly Value[];
}

const VALUES = [0, 1, 2];
const call = (op: string, argument: fc.Arbitrary<Value> = fc.constant(undefined)): fc.Arbitrary<Called> =>
  fc.record({ op: fc.constant(op), argument });
const value = fc.constantFrom(...VALUES);
const key = fc.constantFrom("a", "b");

const samples: readonly Sample<unknown>[] = [
  {
    name: "a queue",
    model: queueModel({ capacity: 2 }),
    calls: fc.oneof(
      { weight: 4, arbitrary: call("trySend", value) },
      { weight: 4, arbitrary: call("tryReceive") },
      { weight: 1, arbitrary: call("receive") },
      { weight: 1, arbitrary: call("close") },
    ),
    results: ({ op }) =>
      op === "trySend" ? [true, false] : op === "close" ? [undefined] : [...VALUES, op === "receive" ? CLOSED : EMPTY],
  },
  {
    name: "a map",
    model: mapModel(),
    calls: fc.oneof(
      call("get", fc.tuple(key)),
      call("has", fc.tuple(key)),
      call("delete", fc.tuple(key)),
      call("set", fc.tuple(key, value)),
      call("compareAndSet", fc.tuple(key, fc.constantFrom(undefined, ...VALUES), value)),
    ),
    results: ({ op }) => (op === "get" ? [undefined, ...VALUES] : op === "set" ? [undefined] : [true, false]),
  },
  {
    name: "a deque",
    model: dequeModel({ capacity: 3 }),
    calls: fc.oneof(call("push", value), call("pop"), call("steal")),
    results: ({ op }) => (op === "push" ? [true, false] : [...VALUES, EMPTY]),
  },
];

const alone = { some: () => false };

/**
 * A history that the model has made: each call happens at a moment of its own, inside
 * an interval that may overlap with those around it. Calls that would wait are left out.
 */
function madeHistory<State>(
  { model, calls, results }: Sample<State>,
  maxLength: number,
): fc.Arbitrary<readonly Operation[]> {
  const slack = fc.integer({ min: 0, max: 35 });
  return fc.array(fc.tuple(calls, slack, slack, fc.nat({ max: 19 })), { maxLength }).map((made) => {
    let state = model.initial;
    const history: Operation[] = [];
    for (const [called, before, after, stops] of made) {
      const moment = 10 * history.length;
      for (const result of results(called)) {
        const operation = { thread: history.length, begin: moment - before, end: moment + after, ...called, result };
        const next = model.step(state, operation, alone);
        if (next === undefined) continue;
        state = next;
        const { result: _, ...started } = operation;
        history.push(stops === 0 ? { ...started, end: Infinity } : operation);
        break;
      }
    }
    return history;
  });
}

type Change = "none" | "swap" | "drop" | "double";

/** The history with two results exchanged, or an operation less, or one of them twice. */
function changed(history: readonly Operation[], change: Change, one: number, other: number): readonly Operation[] {
  const i = one % history.length;
  const j = other % history.length;
  const [first, second] = [history[i], history[j]];
  if (first === undefined || second === undefined || change === "none") return history;
  if (change === "drop") return history.toSpliced(i, 1);
  if (change === "double") return [...history, { ...first, thread: history.length }];
  if (first.op !== second.op || isPending(first) || isPending(second)) return history;
  return history.with(i, { ...first, result: second.result }).with(j, { ...second, result: first.result });
}

describe("of random histories the checker", () => {
  for (const sample of samples) {
    it(`accepts all that ${sample.name} has made`, () => {
      fc.assert(
        fc.property(madeHistory(sample, 60), (history) => isExplainedHistory(sample.model, history)),
        { numRuns: 200 },
      );
    });

    it(`judges those of ${sample.name} as trying all orders does, also when they were tampered with`, () => {
      const verdicts = new Map<boolean, number>([
        [true, 0],
        [false, 0],
      ]);
      fc.assert(
        fc.property(
          madeHistory(sample, 5),
          fc.constantFrom<Change>("none", "swap", "drop", "double"),
          fc.nat({ max: 59 }),
          fc.nat({ max: 59 }),
          (made, change, one, other) => {
            const history = changed(made, change, one, other);
            const verdict = isExplainedHistory(sample.model, history);
            assert.equal(verdict, isExplainedByBruteForce(sample.model, history));
            verdicts.set(verdict, (verdicts.get(verdict) as number) + 1);
          },
        ),
        { numRuns: 1500 },
      );
      // Else one of the two answers was not tried.
      for (const count of verdicts.values()) assert.ok(count > 20, `${count} of 1500`);
    });
  }
});
