import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ThreadState } from "skein/trace";
import { enginePoolOf, kindOfForeign } from "#skein/trace/kernel/thread-kinds";

function kindOf(name: string, place: number, seen: readonly ThreadState[], mainName: string) {
  return kindOfForeign({ tid: 100 + place, name, place, seen: new Set(seen) }, { mainName, enginePool: 4 });
}

describe("a thread that is not ours", () => {
  it("is known by its name where threads have some", () => {
    for (const [name, kind] of [
      ["libuv-worker", "io"],
      ["tokio-runtime-w", "io"],
      ["Bun Pool 0", "io"],
      ["V8Worker", "engine"],
      ["V8 DefaultWorke", "engine"],
      ["DelayedTaskSche", "engine"],
      ["SignalInspector", "engine"],
      ["HeapHelper", "engine"],
      ["WorkerThread", "worker"],
      ["perf-agent", "unknown"],
    ] as const) {
      assert.equal(kindOf(name, 20, ["lock"], "MainThread"), kind, name);
    }
  });

  it("that has a name of its own and an event loop runs JavaScript", () => {
    assert.equal(kindOf("lane0", 20, ["running", "io"], "MainThread"), "worker");
  });

  it("without a name is the engine's if it is among the first, whatever it waits in", () => {
    assert.equal(kindOf("node", 0, ["io"], "node"), "engine");
    assert.equal(kindOf("node", 5, ["lock"], "node"), "engine");
  });

  it("without a name, and later, is told by how it sleeps", () => {
    assert.equal(kindOf("node", 6, ["running"], "node"), "unknown");
    assert.equal(kindOf("node", 6, ["lock"], "node"), "io");
    assert.equal(kindOf("node", 6, ["lock", "io"], "node"), "worker");
  });

  it("the size of the engine's pool is as the program was told, the last time", () => {
    assert.equal(enginePoolOf([]), 4);
    assert.equal(enginePoolOf(["--v8-pool-size=2", "--title=x", "--v8-pool-size=7"]), 7);
  });
});
