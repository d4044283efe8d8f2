import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseSchedstat, parseStat, parseSwitches } from "#skein/trace/kernel/proc-text";
import { isLoopCall, knowsCalls, parseCall, stateInCall } from "#skein/trace/kernel/system-calls";

const STAT =
  "4720 (node (a) b) S 1 4711 4711 0 -1 4194368 100 0 0 0 12 3 0 0 20 0 11 0 170680 1 2 3 4 5 6 7 8 9 0 0 0 0 0 0 17 3 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

describe("schedstat", () => {
  it("gives times in milliseconds, and turns", () => {
    assert.deepEqual(parseSchedstat("1500000 250000 7\n"), { cpuMs: 1.5, waitMs: 0.25, turns: 7 });
  });

  it("of another form gives nothing", () => {
    for (const text of ["", "\n", "12", "12 13", "a b c\n", "1 2 x\n"]) {
      assert.equal(parseSchedstat(text), undefined, JSON.stringify(text));
    }
  });
});

describe("stat", () => {
  it("gives state, CPU time and last core, whatever the name holds", () => {
    assert.deepEqual(parseStat(STAT), { letter: "S", cpuMs: 150, core: 3 });
  });

  it("that ends before the core, as in some sandboxes, gives the rest", () => {
    const fields = STAT.split(" ");
    assert.deepEqual(parseStat(fields.slice(0, 20).join(" ")), { letter: "S", cpuMs: 150, core: undefined });
  });

  it("of another form gives nothing", () => {
    for (const text of ["", "1 node S", "1 (node)", "1 (node) ", "1 (node) S 1 2"]) {
      assert.equal(parseStat(text), undefined, JSON.stringify(text));
    }
  });
});

describe("status", () => {
  it("gives both counts of switches, wherever they stand", () => {
    const status =
      "Name:\tnode\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\nx86_Thread_features:\t\n";
    assert.deepEqual(parseSwitches(status), { voluntary: 12, involuntary: 3 });
  });

  it("without them gives nothing", () => {
    assert.equal(parseSwitches("Name:\tnode\n"), undefined);
    assert.equal(parseSwitches("\nvoluntary_ctxt_switches:\tmany\nnonvoluntary_ctxt_switches:\t3\n"), undefined);
  });
});

describe("syscall", () => {
  it("gives the number and the first argument", () => {
    assert.deepEqual(parseCall("281 0xd 0x7ffe 0x400 0x0 0x0 0x8 0x7ffd 0x7fa7\n"), { number: 281, first: 13 });
    assert.deepEqual(parseCall("-1 0x7ffd 0x7fa7\n"), { number: -1, first: 0x7ffd });
    assert.equal(parseCall("running\n"), "running");
  });

  it("of another form gives nothing", () => {
    for (const text of ["", "\n", "what 0x1"]) assert.equal(parseCall(text), undefined, JSON.stringify(text));
  });

  it("tells locks, loops and other calls apart, by the processor's numbers", () => {
    const stateOf = (number: number, arch: string, loopFile?: number) =>
      stateInCall({ number, first: 13 }, arch, loopFile);
    assert.deepEqual(
      [202, 281, 232, 0, 61, -1].map((number) => stateOf(number, "x64")),
      ["lock", "io", "io", "blocked", "blocked", "blocked"],
    );
    assert.deepEqual(
      [98, 22, 63, 202].map((number) => stateOf(number, "arm64")),
      ["lock", "io", "blocked", "blocked"],
    );
    assert.equal(stateOf(202, "mips"), "unknown");
    assert.deepEqual(["x64", "arm64", "riscv64", "mips"].map(knowsCalls), [true, true, true, false]);
  });

  it("a wait in another loop than the thread's own is a synchronous child process", () => {
    const call = { number: 281, first: 13 };
    assert.equal(stateInCall(call, "x64", 13), "io");
    assert.equal(stateInCall(call, "x64", 9), "blocked");
    assert.equal(isLoopCall(call, "x64"), true);
    assert.equal(isLoopCall({ number: 202, first: 0 }, "x64"), false);
  });
});
