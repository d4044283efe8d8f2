import assert from "node:assert/strict";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { startCoreLanes } from "#skein/trace/kernel/index";

import { makeFolder } from "../../support/run-program.js";
import { epochMs } from "../support/until.js";

/** A program in place of perf: a shell script. */
function fakePerf(script: string): string {
  const path = join(makeFolder({}), "perf");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`skein-perf-${process.pid}-`));
}

/** Records, answers, and prints what it was given to print. */
const RECORDS = (lines: string) => `
if [ "$1" = record ]; then
  read -r command <&3; echo "$command" >"$0.commands"; echo ack >&4
  read -r command <&3; echo "$command" >>"$0.commands"; echo ack >&4
else
  cat <<END
${lines}
END
fi`;

describe("lanes of cores", () => {
  it("are not there without the program, and it says how to get it", async () => {
    const lanes = await startCoreLanes({ command: "/nowhere/perf" });
    assert.ok("why" in lanes);
    assert.match(lanes.why, /not installed/);
    assert.match(lanes.remedy ?? "", /linux-perf/);
    assert.deepEqual(leftovers(), []);
  });

  if (process.platform === "linux") {
    it("are not there if the kernel refuses, and it says what would change that", async () => {
      const refuses = fakePerf(`echo "Error:" >&2; echo "Access to performance monitoring is limited" >&2
        echo "perf_event_paranoid setting is 3" >&2; exit 255`);
      const lanes = await startCoreLanes({ command: refuses });
      assert.ok("why" in lanes);
      assert.match(lanes.why, /does not let this user watch switches: Access to performance/);
      assert.match(lanes.remedy ?? "", /perf_event_paranoid=2/);
    });

    it("are not there with a program too old, or one that ends at once", async () => {
      const old = await startCoreLanes({ command: fakePerf(`echo "Error: unknown option control" >&2; exit 129`) });
      assert.ok("why" in old);
      assert.match(old.why, /too old/);
      const mute = await startCoreLanes({ command: fakePerf("exit 0") });
      assert.ok("why" in mute);
      assert.match(mute.why, /said nothing/);
      assert.deepEqual(leftovers(), []);
    });

    it("come from what is printed, on the clock of the records", async () => {
      // An hour later than now, by the clock of switches: between the two readings around that
      // one this process may lose its core for long, and so may the program.
      const fromMs = epochMs();
      const atSeconds = (Number(process.hrtime.bigint()) / 1e9 + 3600).toFixed(9);
      const tillMs = epochMs();
      const command = fakePerf(RECORDS(`node 77 [001] ${atSeconds}: PERF_RECORD_SWITCH OUT preempt`));
      const lanes = await startCoreLanes({ command });
      assert.ok("stop" in lanes);
      assert.ok(lanes.startedMs >= fromMs && lanes.startedMs <= epochMs());
      const { runs, missing } = await lanes.stop();
      assert.equal(await lanes.stop(), await lanes.stop());
      assert.equal(missing, 0);
      assert.deepEqual(
        runs.map(({ core, tid, beginMs, wasPreempted }) => [core, tid, beginMs, wasPreempted]),
        [[1, 77, lanes.startedMs, true]],
      );
      // What rounding of two large numbers may come to, and the readings that the record was brought over by.
      const inexactMs = 1;
      const writtenMs = (runs[0]?.endMs ?? 0) - 3_600_000;
      assert.ok(
        writtenMs >= fromMs - inexactMs && writtenMs <= tillMs + inexactMs,
        `${writtenMs - fromMs} ms after the first reading, the last was ${tillMs - fromMs} after it`,
      );
      assert.deepEqual(leftovers(), []);
    });

    // Where perf is installed and allowed the whole way is gone, else it must say why.
    it("of this process, if the machine lets them be had", { timeout: 60_000 }, async (t) => {
      const lanes = await startCoreLanes();
      if ("why" in lanes) {
        t.diagnostic(lanes.why);
        assert.ok(lanes.why.length > 10);
        return;
      }
      // Gives its core back once at least, and takes it again.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      const endedMs = epochMs();
      const { runs } = await lanes.stop();
      const mine = runs.filter(({ tid }) => tid === process.pid);
      assert.ok(mine.length >= 2, `${mine.length} runs`);
      for (const { beginMs, endMs, core } of runs) {
        assert.ok(core >= 0 && beginMs < endMs);
        assert.ok(beginMs >= lanes.startedMs - 1);
      }
      // Each thread is on one core at a time.
      mine.forEach(({ beginMs }, i) => assert.ok(beginMs >= (mine[i - 1]?.endMs ?? 0)));
      assert.ok(mine.some(({ beginMs }) => beginMs < endedMs));
    });
  }
});
