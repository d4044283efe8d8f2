import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { SwitchText } from "#skein/trace/kernel/switch-text";

/** As `perf script --show-switch-events --ns` prints it, between 1970.5 s and 1980 s of its clock. */
function parse(lines: readonly string[], options: { readonly mostRuns?: number; readonly pieces?: number } = {}) {
  const text = new SwitchText({
    clockZeroMs: 0,
    fromMs: 1_970_500,
    toMs: 1_980_000,
    mostRuns: options.mostRuns ?? 100,
  });
  const all = lines.join("\n");
  const length = options.pieces ?? all.length;
  for (let at = 0; at < all.length; at += length) text.push(all.slice(at, at + length));
  const { runs, missing } = text.finish();
  return {
    missing,
    runs: runs.map(({ core, tid, beginMs, endMs, wasPreempted }) => [
      tid,
      core,
      beginMs.toFixed(4),
      endMs.toFixed(4),
      wasPreempted,
    ]),
  };
}

const RECORDED = [
  "            node 16788 [000]  1972.424115504: PERF_RECORD_SWITCH IN         ",
  "      MainThread 16789 [001]  1972.424240569: PERF_RECORD_SWITCH IN         ",
  "            node 16788 [000]  1972.428023693: PERF_RECORD_SWITCH OUT preempt",
  "   odd name [9] 7 16790 [000]  1972.428027446: PERF_RECORD_SWITCH IN         ",
  "   odd name [9] 7 16790 [000]  1972.432014118: PERF_RECORD_SWITCH OUT        ",
  "      MainThread 16789 [001]  1972.440000000: PERF_RECORD_SWITCH OUT        ",
];
const RUNS = [
  [16788, 0, "1972424.1155", "1972428.0237", true],
  [16789, 1, "1972424.2406", "1972440.0000", false],
  [16790, 0, "1972428.0274", "1972432.0141", false],
];

describe("the text of switches", () => {
  it("becomes runs on cores, in order of beginning", () => {
    assert.deepEqual(parse(RECORDED), { runs: RUNS, missing: 0 });
  });

  it("may come in any pieces", () => {
    for (const pieces of [1, 7, 64]) assert.deepEqual(parse(RECORDED, { pieces }).runs, RUNS);
  });

  it("may name the process before the thread, and be of whole cores", () => {
    const { runs } = parse([
      "node 16788/16790 [003]  1972.100000000: PERF_RECORD_SWITCH_CPU_WIDE IN   prev pid/tid:     0/0    ",
      "node 16788/16790 [003]  1972.200000000: PERF_RECORD_SWITCH_CPU_WIDE OUT  next pid/tid:     0/0    ",
    ]);
    assert.deepEqual(runs, [[16790, 3, "1972100.0000", "1972200.0000", false]]);
  });

  it("a thread that had its core before, or has it still, ran from the begin or to the end", () => {
    const { runs } = parse([
      "node 1 [000]  1971.000000000: PERF_RECORD_SWITCH OUT preempt",
      "node 2 [001]  1972.000000000: PERF_RECORD_SWITCH IN         ",
    ]);
    assert.deepEqual(runs, [
      [1, 0, "1970500.0000", "1971000.0000", true],
      [2, 1, "1972000.0000", "1980000.0000", false],
    ]);
  });

  it("of a thread whose lines were lost nothing is made up", () => {
    const { runs, missing } = parse([
      "node 1 [000]  1971.000000000: PERF_RECORD_SWITCH IN         ",
      "node 1 [000]  1971.100000000: PERF_RECORD_SWITCH OUT        ",
      "node 1 [000]  1971.300000000: PERF_RECORD_SWITCH OUT        ", // its IN is missing
      "node 1 [000]  1971.400000000: PERF_RECORD_SWITCH IN         ", // its OUT is missing
      "node 1 [000]  1971.500000000: PERF_RECORD_SWITCH IN         ",
      "node 1 [001]  1971.600000000: PERF_RECORD_SWITCH OUT        ", // on another core than it was given
      "node 1 [001]  1971.610000000: PERF_RECORD_LOST lost 12",
    ]);
    assert.deepEqual(runs, [[1, 0, "1971000.0000", "1971100.0000", false]]);
    assert.equal(missing, 12);
  });

  it("other lines are passed over", () => {
    const noise = ["", "# started", "node 1 [000] 1971.0: cycles:u:  7f", "PERF_RECORD_SWITCH IN", "node [000] IN"];
    assert.deepEqual(parse(noise), { runs: [], missing: 0 });
  });

  it("of more runs than are kept the oldest are lost, and counted", () => {
    const lines = Array.from({ length: 50 }, (_, i) => [
      `node 1 [000]  1971.${String(i).padStart(3, "0")}000000: PERF_RECORD_SWITCH IN`,
      `node 1 [000]  1971.${String(i).padStart(3, "0")}500000: PERF_RECORD_SWITCH OUT`,
    ]).flat();
    const { runs, missing } = parse(lines, { mostRuns: 4 });
    assert.deepEqual(
      runs.map(([, , beginMs]) => beginMs),
      ["1971046.0000", "1971047.0000", "1971048.0000", "1971049.0000"],
    );
    assert.equal(missing, 46);
  });
});
