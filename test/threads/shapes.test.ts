/** Tasks that declare the shapes of their arguments and results. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { heap } from "#skein/shared/heap";
import { here, scope, task, TransferError, threads } from "skein";
import { Mutex } from "skein/shared";
import { arrayOf, callback, oneOf, optional } from "skein/threads";

import { codeOf, failureOf } from "../support/failure.js";
import { runProgram } from "../support/subprocess.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import * as tasks from "./fixtures/shaped-tasks.js";
import { double, exitProcess } from "./fixtures/tasks.js";

const pool = threads({ size: 2, name: "shapes" });
after(() => pool.close());

const order = (id: number, lines = 2): tasks.Order => ({
  id,
  side: id % 2 === 0 ? "buy" : "sell",
  lines: Array.from({ length: lines }, (_, i) =>
    i % 2 === 0 ? { name: `line ${i}`, price: i / 3 } : { name: "ü", price: -0, note: "Ж" },
  ),
  customer: id % 3 === 0 ? null : { id: BigInt(id) },
});

async function misfitOf(promise: PromiseLike<unknown>): Promise<string> {
  const error = await failureOf(promise);
  assert.ok(error instanceof TransferError, String(error));
  assert.equal(error.code, "SKEIN_NOT_TRANSFERABLE");
  return error.message;
}

describe("arguments and results of declared shapes", () => {
  it("arrive as they were, short and long", async () => {
    const orders = Array.from({ length: 300 }, (_, i) => order(i, i % 20));
    // Some have no room in a record's tail, some none in the ring of outcomes.
    orders.push(order(5000, 400), order(5001, 2000));
    const echoed = await Promise.all(orders.map((one) => pool.run(tasks.echo, [one])));
    for (const [i, one] of echoed.entries()) assert.deepStrictEqual(one, orders[i]);
    assert.deepEqual(
      await pool.run(tasks.totals, [orders]),
      orders.map(({ lines }) => lines.reduce((sum, { price }) => sum + price, 0)),
    );
  });

  it("arrive from a job of a scope, with its name if it takes its scope", async () => {
    const said = await scope(async (s) => s.spawn(tasks.nameOf, [order(7)], { on: pool, name: "the seventh" }));
    assert.equal(said, "the seventh 7");
  });

  it("may be fewer, and undefined", async () => {
    const date = new Date(5);
    assert.deepStrictEqual(await pool.run(tasks.describeCall, [1]), { count: 1, second: undefined, third: undefined });
    assert.deepStrictEqual(await pool.run(tasks.describeCall, [1, "x"]), { count: 2, second: "x", third: undefined });
    assert.deepStrictEqual(await pool.run(tasks.describeCall, [1, undefined, date]), {
      count: 3,
      second: undefined,
      third: date,
    });
  });

  it("may be typed arrays, from an async function too", async () => {
    const values = Float64Array.from({ length: 5000 }, (_, i) => i);
    const scaled = await pool.run(tasks.scale, [values, 0.5]);
    assert.ok(scaled instanceof Float64Array);
    assert.deepEqual(
      scaled,
      values.map((value) => value / 2),
    );
  });

  it("take functions, signals and shared memory where any value may be", async () => {
    const told: number[] = [];
    const tell = callback((id: number) => told.push(id));
    const { signal } = new AbortController();
    assert.equal(await pool.run(tasks.tellEach, [[order(1), order(2)], tell, signal]), 2);
    assert.deepEqual(told, [1, 2]);
    assert.equal(await pool.run(tasks.tellEach, [[], tell, AbortSignal.abort()]), -1);
    const gate = makeGate();
    const job = pool.run(tasks.passGateWith, [gate, order(9)]);
    await entered(gate, 1);
    openGate(gate);
    assert.equal(await job, 9);
    using mutex = new Mutex({ name: "shaped" });
    assert.equal((await pool.run(tasks.describeCall, [1, "x", mutex as never])).third, mutex);
  });

  it("hold for values that are given one by one", async () => {
    const seen: number[] = [];
    for await (const { i } of pool.stream(tasks.count, [3])) seen.push(i);
    assert.deepEqual(seen, [0, 1, 2]);
    assert.match(
      await misfitOf(pool.stream(tasks.count, [300]).next()),
      /^an argument of task "count" .*: args\[0\] is number 300, but its shape takes a whole number from 0 to 255/,
    );
  });

  it("hold for what is moved, either way", async () => {
    const bytes = await pool.run(tasks.giveMoved, [8]);
    assert.deepEqual(bytes, new Uint8Array(8));
    assert.match(await misfitOf(pool.run(tasks.giveMoved, [-8])), /: result is an object of class Uint16Array, but/);
    const values = new Float64Array([1, 2]);
    const moving = scope((s) => s.spawn(tasks.scale, [values, 2], { on: pool, transfer: [values.buffer] }));
    assert.deepEqual(await moving, new Float64Array([2, 4]));
    assert.equal(values.length, 0);
    const wrong = new Float32Array(2);
    const refused = scope((s) => s.spawn(tasks.scale, [wrong as never, 2], { on: pool, transfer: [wrong.buffer] }));
    assert.match(await misfitOf(refused), /args\[0\] is an object of class Float32Array/);
    // It stays with who could not pass it.
    assert.equal(wrong.length, 2);
  });

  it("hold for results of jobs that print", async () => {
    const { exitCode, stdout, stderr } = await runProgram(`
      import { main, threads } from "skein";
      import { prints, printsWrong } from ${JSON.stringify(new URL("./fixtures/shaped-tasks.js", import.meta.url).href)};
      main(async () => {
        console.log(await threads().run(prints, ["printed"]));
        console.log(await threads().run(printsWrong, ["also"]).catch((error) => error.message));
      });
    `);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^printed\n7\nalso\nthe result of task "printsWrong" .*result is the string "also", but/);
  });
});

describe("what does not fit its shape", () => {
  it("is refused with its path, for that job alone", async () => {
    const wrong = [
      [
        { ...order(1), id: -1 },
        "args\\[0\\]\\.id is number -1, but its shape takes a whole number from 0 to 4294967295",
      ],
      [{ ...order(1), side: "hold" }, 'args\\[0\\]\\.side is the string "hold", but its shape takes "buy" or "sell"'],
      [{ ...order(1), more: 1 }, "args\\[0\\]\\.more is there, but not in the shape"],
      [
        { ...order(1), lines: [{ name: "x" }] },
        "args\\[0\\]\\.lines\\[0\\]\\.price is missing, but its shape takes a number",
      ],
      [
        { ...order(1), lines: [{ name: () => 1, price: 1 }] },
        "args\\[0\\]\\.lines\\[0\\]\\.name is the function name, but",
      ],
    ] as const;
    const jobs = Array.from({ length: 500 }, (_, i) => {
      const [value, message] = wrong[i % wrong.length] as (typeof wrong)[number];
      return [
        pool.run(tasks.echo, [order(i)]),
        misfitOf(pool.run(tasks.echo, [value as never])).then((said) =>
          assert.match(said, new RegExp(`^an argument of task "echo" can't be passed to a thread: ${message}`)),
        ),
      ] as const;
    });
    for (const [i, [good, bad]] of jobs.entries()) {
      assert.deepEqual(await good, order(i));
      await bad;
    }
    assert.equal(pool.statistics().lost, 0);
    assert.equal(pool.statistics().queued, 0);
  });

  it("is refused if there are too few arguments, or too many", async () => {
    assert.match(
      await misfitOf(pool.run(tasks.echo, [] as never)),
      /: args is an array of 0, but there are shapes for 1\./,
    );
    const many = pool.run(tasks.describeCall, [1, "x", new Date(), 4] as never);
    assert.match(await misfitOf(many), /: args is an array of 4, but there are shapes for 1 to 3\./);
  });

  it("is refused as a result, and the thread goes on", async () => {
    const cases = [
      [
        { id: 0.5 },
        /^the result of task "badEcho" can't be passed back from its thread: result\.id is number 0\.5, but/,
      ],
      [{ lines: [1] }, /: result\.lines\[0\] is number 1, but its shape takes a plain object/],
      [{ extra: new Map() }, /: result\.extra is there, but not in the shape/],
    ] as const;
    for (const [what, message] of cases) {
      assert.match(await misfitOf(pool.run(tasks.badEcho, [order(1), what])), message);
    }
    assert.deepEqual(await pool.run(tasks.badEcho, [order(1), { id: 3 }]), { ...order(1), id: 3 });
    assert.equal(pool.statistics().lost, 0);
  });

  it("is refused by its place where any value may be, if it can't be passed at all", async () => {
    const refused = pool.run(tasks.describeCall, [1, "x", { inside: [() => 1] } as never]);
    assert.match(await misfitOf(refused), /args\[2\]\.inside\[0\] is the function/);
  });

  it("does not keep a pool from closing, if it is refused when its module is there at last", async () => {
    for (const [declared, args] of [
      [tasks.echo, [{ id: 1 }]],
      [double, [() => 1]],
    ] as const) {
      const closing = threads({ size: 1, name: "shapes-closing" });
      const refused = misfitOf(closing.run(declared as typeof double, args as never));
      await closing.close();
      await refused;
    }
  });

  it("runs here all the same: shapes are for what crosses", async () => {
    assert.equal(tasks.nameOf.length, 2);
    const unfit = { ...order(1), more: 1 };
    assert.equal(tasks.echo(unfit), unfit);
    assert.equal(await scope((s) => s.spawn(tasks.echo, [unfit], { on: here })), unfit);
  });

  it("is one thing on all threads", async () => {
    const said = (await failureOf(pool.run(tasks.twoFaced, [{ a: 1 }]))) as Error;
    assert.match(said.message, /task "twoFaced" does not declare the same shapes on all threads/);
    assert.equal(await codeOf(() => pool.run(tasks.shapedHere, [1])), "SKEIN_TASK_NOT_FOUND");
    assert.equal(await pool.run(double, [2]), 4);
  });
});

describe("a thread that ends", () => {
  it("leaves jobs of shapes to others, and nothing in the heap", async () => {
    await using small = threads({ size: 1, name: "shapes-lost" });
    // With both modules, so that no job waits for an import.
    const prepare = (): Promise<unknown> => Promise.all([small.run(double, [1]), small.run(tasks.echo, [order(1)])]);
    await prepare();
    const before = [...heap().liveBlocks()].length;
    for (let round = 0; round < 2; round++) {
      await prepare();
      const lost = failureOf(small.run(exitProcess, []));
      const jobs = Array.from({ length: 50 }, (_, i) => small.run(tasks.echo, [order(i, i)]));
      await lost;
      for (const [i, one] of (await Promise.all(jobs)).entries()) assert.deepEqual(one, order(i, i));
    }
    assert.equal([...heap().liveBlocks()].length, before);
  });
});

describe("the types of a task with shapes", () => {
  const twice = (value: number): number => 2 * value;

  it("are those of its function, which must fit", () => {
    // Not run: that these compile, or not, is what is tested.
    const declarations = (): void => {
      const inferred = task((point) => point.x + point.y, {
        args: [{ x: "float64", y: "float64" }],
        result: "float64",
      });
      inferred({ x: 1, y: 2 }) satisfies number;
      const readonlyOne = task((points: readonly { readonly x: number }[]) => points, {
        args: [arrayOf({ x: "int32" })],
        result: arrayOf({ x: "int32" }),
      });
      readonlyOne([{ x: 1 }] as const) satisfies readonly { readonly x: number }[];
      task(async (side: "buy" | "sell", note?: string) => [side, note], {
        args: [oneOf("buy", "sell"), optional("string")],
        result: arrayOf(optional("string")),
      });
      task("named", (map: Map<string, number>) => map.size, { args: ["value"], result: "uint32" });
      task(import.meta, twice, { args: ["float64"] });
      task(twice, { result: "float64" });
      // @ts-expect-error -- the shape gives a number
      task((value: { a: string }) => value, { args: [{ a: "int32" }] });
      // @ts-expect-error -- the function gives a string
      task((value: number) => String(value), { args: ["float64"], result: "float64" });
      // @ts-expect-error -- callers may give a string, which the shape does not take
      task((value: number | string) => value, { args: ["float64"] });
      // @ts-expect-error -- callers may leave the key out
      task((value: { a?: number }) => value, { args: [{ a: "float64" }] });
      // @ts-expect-error -- nobody gives the second
      task((a: number, b: number) => a + b, { args: ["float64"] });
      // @ts-expect-error -- callers can't give the second
      task((a: number) => a, { args: ["float64", "float64"] });
      // @ts-expect-error -- there is no such shape
      task((a: number) => a, { args: ["float"] });
      // @ts-expect-error -- a generator is no number
      task(function* gives(a: number) { yield a; }, { args: ["float64"], result: "float64" }); // prettier-ignore
    };
    assert.equal(typeof declarations, "function");
  });

  it("are checked when it is declared, too", () => {
    const declare = task as (...given: unknown[]) => unknown;
    for (const given of [
      [() => 1, "int32"],
      [() => 1, null],
      [() => 1, {}, 1],
      ["a name", () => 1, 7],
      ["a name", {}, () => 1],
    ]) {
      assert.throws(() => declare(...given), { code: "SKEIN_INVALID_ARGUMENT", message: /then perhaps shapes, but/ });
    }
    const message = /^args\[1\]\.at is the string "text"\. A shape is one of/;
    assert.throws(() => declare(() => 1, { args: ["int32", { at: "text" }] }), {
      code: "SKEIN_INVALID_ARGUMENT",
      message,
    });
    assert.throws(() => declare(() => 1, { args: "int32" }), { code: "SKEIN_INVALID_ARGUMENT" });
    assert.throws(() => declare(() => 1, { result: 5 }), {
      code: "SKEIN_INVALID_ARGUMENT",
      message: /^result is number 5/,
    });
  });
});
