import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { type ItemCallback, type Loops, loopFor } from "#skein/parallel/loops";

import { ROOT, runNode, WITH_MODULES } from "../support/run-program.js";

const KINDS: readonly (keyof Loops)[] = [
  "each",
  "map",
  "tabulate",
  "fold",
  "foldMapped",
  "total",
  "totalMapped",
  "foldAfter",
  "foldBefore",
  "mark",
  "find",
];
const more = (kind: keyof Loops): number => (/^(fold|total)/.test(kind) ? 0 : 2);

/** The bodies of functions that are made from texts meanwhile. */
function textsCompiledBy(body: () => void): string[] {
  const texts: string[] = [];
  const { Function: real } = globalThis;
  globalThis.Function = new Proxy(real, {
    construct(target, args: unknown[]) {
      texts.push(String(args.at(-1)));
      return Reflect.construct(target, args) as object;
    },
  });
  try {
    body();
  } finally {
    globalThis.Function = real;
  }
  return texts;
}

describe("loops of callbacks", () => {
  for (const kind of KINDS) {
    it(`${kind}: each function has one of its own, made from a text unlike any other, once`, () => {
      const functions = Array.from(
        { length: 8 },
        (_, i): ItemCallback =>
          (x) =>
            Number(x) + i,
      );
      const map: ItemCallback | undefined = kind.endsWith("Mapped") ? (x) => x : undefined;
      const loopOf = (call: ItemCallback): unknown => loopFor(kind, call, more(kind), map);
      const loops = new Set<unknown>();
      const texts = textsCompiledBy(() => {
        for (const call of functions) loops.add(loopOf(call));
        for (const call of functions) loops.add(loopOf(call));
      });
      assert.equal(loops.size, functions.length);
      assert.equal(texts.length, functions.length);
      assert.equal(new Set(texts).size, functions.length);
    });
  }

  it("are other ones for other numbers of arguments, and other second functions", () => {
    const call: ItemCallback = (x) => x;
    assert.notEqual(loopFor("map", call, 0), loopFor("map", call, 1));
    const [one, other]: ItemCallback[] = [(x) => x, (x) => x];
    assert.notEqual(loopFor("foldMapped", call, 0, one), loopFor("foldMapped", call, 0, other));
    assert.equal(loopFor("foldMapped", call, 0, one), loopFor("foldMapped", call, 0, one));
  });

  it("do as they say, with what functions give and take", () => {
    const seen: unknown[][] = [];
    const call: ItemCallback = (...args) => {
      seen.push(args);
      return Number(args[0]) * 10;
    };
    const output: number[] = [];
    loopFor("each", call, 2)(3, 5, ["a", "b"]);
    loopFor("map", call, 1)(1, 3, [5, 6, 7], output, ["c"]);
    loopFor("tabulate", call)(4, 5, output, []);
    assert.deepEqual(seen, [[3, "a", "b"], [4, "a", "b"], [6, 1, "c"], [7, 2, "c"], [4]]);
    assert.deepEqual(Object.entries(output), [
      ["1", 60],
      ["2", 70],
      ["4", 40],
    ]);
    const minus: ItemCallback = (a, b) => Number(a) - Number(b);
    assert.deepEqual(loopFor("fold", minus)(0, 3, [1, 2, 3], 10, 2), [1, 7], "by blocks of two halves");
    const times: ItemCallback = (x, i, by = 1) => Number(x) * Number(i) * Number(by);
    assert.deepEqual(loopFor("foldMapped", minus, 0, times)(1, 3, [1, 2, 3], 10, 2, []), [4]);
    assert.deepEqual(loopFor("foldMapped", minus, 1, times)(1, 3, [1, 2, 3], 10, 2, [2]), [8]);
    assert.equal(loopFor("total", minus)(0, 3, [1, 2, 3], 10, 2, 100), 92, "of blocks of two, after what came before");
    assert.equal(loopFor("total", minus)(2, 3, [1, 2, 3], 10, 2, 100), 93);
    assert.equal(loopFor("totalMapped", minus, 0, times)(1, 3, [1, 2, 3], 10, 2, 100, []), 96);
    assert.equal(loopFor("totalMapped", minus, 1, times)(1, 3, [1, 2, 3], 10, 2, 100, [2]), 92);
    const totals: number[] = [];
    assert.equal(loopFor("foldAfter", minus)(0, 3, [1, 2, 3], totals, 10), 4);
    assert.deepEqual(totals, [9, 7, 4]);
    assert.equal(loopFor("foldBefore", minus)(0, 3, [1, 2, 3], totals, 10), 4);
    assert.deepEqual(totals, [10, 9, 7]);
    const isLarge: ItemCallback = (x, _, least) => Number(x) >= Number(least);
    const flags: number[] = [];
    assert.equal(loopFor("mark", isLarge, 1)(1, 4, [9, 1, 5, 6], flags, [5]), 2);
    assert.deepEqual(flags.slice(1), [0, 1, 1]);
    assert.equal(loopFor("find", isLarge, 1)(1, 4, [9, 1, 5, 6], [5]), 2);
    assert.equal(loopFor("find", isLarge, 1)(1, 2, [9, 1, 5, 6], [5]), -1);
  });

  it("that fold throw what the first item to throw does, though they go through both halves of a block at once", () => {
    const items = Float64Array.from({ length: 24 }, (_, i) => i);
    for (const refused of [[3, 4], [7, 4], [0, 12], [23, 20], [11, 12], [9], [16]]) {
      const call: ItemCallback = (a, b) => {
        if (refused.includes(b as number)) throw new RangeError(`refused ${String(b)}`);
        return a;
      };
      const first = new RegExp(`refused ${Math.min(...refused)}$`);
      for (const blockItems of [8, 24, 5]) {
        assert.throws(() => loopFor("fold", call)(0, 24, items, -1, blockItems), first);
        assert.throws(() => loopFor("total", call)(0, 24, items, -1, blockItems, -1), first);
        const same: ItemCallback = (x) => x;
        assert.throws(() => loopFor("foldMapped", call, 0, same)(0, 24, items, -1, blockItems, []), first);
      }
    }
  });

  it("give the same where code can't be compiled", async () => {
    const program = join(ROOT, "build/test/parallel/fixtures/all-results.js");
    const [compiled, refused] = await Promise.all([
      runNode([WITH_MODULES, program]),
      runNode([WITH_MODULES, "--disallow-code-generation-from-strings", program]),
    ]);
    assert.equal(compiled.exitCode, 0, compiled.stderr);
    assert.equal(refused.exitCode, 0, refused.stderr);
    assert.match(compiled.stdout, /^compiled: true\n/);
    assert.match(refused.stdout, /^compiled: false\n/);
    assert.equal(refused.stdout.replace("compiled: false", "compiled: true"), compiled.stdout);
    assert.ok(compiled.stdout.split("\n").length > 30);
  });
});
