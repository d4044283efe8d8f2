/** Litmus tests: what plain reads may see where the memory model of the language is explored, and what not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Exploration, explore, type ExploreOptions } from "skein/explore";

async function outcomes(memory: "sc" | "js", program: (t: Exploration) => unknown): Promise<string[]> {
  const options: ExploreOptions = { memory, strategy: "dpor", schedules: 20_000 };
  const table = { outcomes: new Proxy({}, { get: () => "acceptable", has: () => true }) };
  const report = await explore({ ...options, ...table }, program);
  assert.equal(report.coverage.kind, "complete");
  return Object.keys(report.outcomes).toSorted();
}

const LITMUS: readonly (readonly [
  name: string,
  program: (t: Exploration) => Promise<void>,
  sc: readonly string[],
  js: readonly string[],
])[] = [
  [
    "store buffering: each may miss what the other has written",
    async (t) => {
      const x = t.cell("x");
      const y = t.cell("y");
      const a = t.thread("a", () => {
        x.value = 1;
        return y.value;
      });
      const b = t.thread("b", () => {
        y.value = 1;
        return x.value;
      });
      await t.join();
      t.outcome([a.result, b.result]);
    },
    ["0,1", "1,0", "1,1"],
    ["0,0", "0,1", "1,0", "1,1"],
  ],
  [
    "store buffering by atomic operations: one sees the other's",
    async (t) => {
      const x = t.cell("x");
      const y = t.cell("y");
      const a = t.thread("a", () => {
        x.store(1);
        return y.load();
      });
      const b = t.thread("b", () => {
        y.store(1);
        return x.load();
      });
      await t.join();
      t.outcome([a.result, b.result]);
    },
    ["0,1", "1,0", "1,1"],
    ["0,1", "1,0", "1,1"],
  ],
  [
    "message passing by a plain flag: the flag may be seen, the message not yet",
    async (t) => {
      const data = t.cell("data");
      const flag = t.cell("flag");
      t.thread("writer", () => {
        data.value = 1;
        flag.value = 1;
      });
      const reader = t.thread("reader", () => [flag.value, data.value]);
      await t.join();
      t.outcome(reader.result);
    },
    ["0,0", "0,1", "1,1"],
    ["0,0", "0,1", "1,0", "1,1"],
  ],
  [
    "message passing by an atomic flag: who sees it sees the message",
    async (t) => {
      const data = t.cell("data");
      const flag = t.cell("flag");
      t.thread("writer", () => {
        data.value = 1;
        flag.store(1);
      });
      const reader = t.thread("reader", () => [flag.load(), data.value]);
      await t.join();
      t.outcome(reader.result);
    },
    ["0,0", "0,1", "1,1"],
    ["0,0", "0,1", "1,1"],
  ],
  [
    "a thread sees its own writes, and what it joined",
    async (t) => {
      const x = t.cell("x");
      const a = t.thread("a", () => {
        x.value = 1;
        x.value = 2;
        return x.value;
      });
      await t.join();
      t.outcome([a.result, x.value]);
    },
    ["2,2"],
    ["2,2"],
  ],
];

describe("plain reads", () => {
  for (const [name, program, sc, js] of LITMUS) {
    it(name, async () => {
      assert.deepEqual(await outcomes("sc", program), sc);
      assert.deepEqual(await outcomes("js", program), js);
    });
  }

  it("see an old value for some time, not for ever", async () => {
    const report = await explore({ memory: "js", schedules: 500 }, async (t) => {
      const x = t.cell("x");
      t.thread("waits", () => {
        while (x.value === 0);
      });
      t.thread("sets", () => (x.value = 1));
      await t.join();
    });
    assert.ok(report.steps < 60, `${report.steps} steps`);
    assert.match(report.warnings[0] ?? "", /^race: x/);
  });

  it("that saw an old value see it again by the token", async () => {
    const program = async (t: Exploration): Promise<void> => {
      const x = t.cell("x");
      const y = t.cell("y");
      const a = t.thread("a", () => ((x.value = 1), y.value));
      const b = t.thread("b", () => ((y.value = 1), x.value));
      await t.join();
      t.expect(a.result === 1 || b.result === 1, "neither saw the other");
    };
    const error: unknown = await explore({ memory: "js", schedules: 500 }, program).catch((thrown: unknown) => thrown);
    assert.match(String(error), /neither saw the other/);
    const { token, listing } = error as { token: string; listing: string };
    await assert.rejects(explore({ memory: "js", token }, program), { listing });
  });
});
