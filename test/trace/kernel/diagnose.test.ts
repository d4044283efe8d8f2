import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { diagnoseLoop, diagnoseStall, type LoopUse } from "#skein/trace/kernel/index";

function diagnose(use: Partial<LoopUse>) {
  return diagnoseLoop({
    elapsedMs: 1000,
    activeMs: 1000,
    cpuMs: undefined,
    coreWaitMs: undefined,
    voluntarySwitches: undefined,
    involuntarySwitches: undefined,
    ...use,
  });
}

describe("an event loop that was active", () => {
  it("was busy if it computed, blocked if it slept, starved if it had no core", () => {
    assert.equal(diagnose({ cpuMs: 945, coreWaitMs: 50 }), "busy");
    assert.equal(diagnose({ cpuMs: 1, coreWaitMs: 0 }), "blocked");
    assert.equal(diagnose({ cpuMs: 250, coreWaitMs: 740 }), "starved");
    assert.equal(diagnose({ cpuMs: 350, coreWaitMs: 300 }), "mixed");
  });

  it("is told by its switches where its CPU time is not known", () => {
    assert.equal(diagnose({ voluntarySwitches: 20, involuntarySwitches: 0 }), "blocked");
    assert.equal(diagnose({ voluntarySwitches: 2, involuntarySwitches: 124 }), "busy");
    assert.equal(diagnose({ voluntarySwitches: 20, involuntarySwitches: 10 }), "mixed");
    assert.equal(diagnose({ voluntarySwitches: 1, involuntarySwitches: 0 }), "unknown");
    assert.equal(diagnose({ voluntarySwitches: 20 }), "unknown");
  });

  it("is idle if it mostly waited for events, and unknown over no time", () => {
    assert.equal(diagnose({ activeMs: 400, cpuMs: 400 }), "idle");
    assert.equal(diagnose({ elapsedMs: 0 }), "unknown");
  });
});

describe("a stall", () => {
  it("was busy or blocked by the CPU time of its thread", () => {
    const stall = { beginMs: 100, endMs: 300, coreWaitMs: 1 };
    assert.equal(diagnoseStall({ ...stall, cpuMs: 190 }), "busy");
    assert.equal(diagnoseStall({ ...stall, cpuMs: 2 }), "blocked");
    assert.equal(diagnoseStall({ ...stall, cpuMs: 40, coreWaitMs: 150 }), "starved");
    assert.equal(diagnoseStall({ ...stall, cpuMs: undefined }), "unknown");
  });
});
