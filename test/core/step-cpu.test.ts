import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CoreClock, type CoreCounts, SHORTEST_STEP_MS, stepCpu } from "#skein/core/step-cpu";

import { runNode, WITH_MODULES } from "../support/run-program.js";
import { until } from "../trace/support/until.js";

function counts(cpuMs: number, waitMs: number, turns: number): CoreCounts {
  return { cpuMs, waitMs, turns };
}

describe("the CPU time of a step", () => {
  it("is its whole length if it never left its core, whatever the lagging count says", () => {
    assert.deepEqual(stepCpu(3.3, counts(100, 5, 7), counts(100, 5, 7)), { cpuMs: 3.3, isExact: true });
    assert.deepEqual(stepCpu(3.3, counts(100, 5, 7), counts(104, 5, 7)), { cpuMs: 3.3, isExact: true });
  });

  it("is its length less the wait for a core", () => {
    const { cpuMs, isExact } = stepCpu(11.3, counts(100, 5, 7), counts(104, 13, 9));
    assert.ok(Math.abs(cpuMs - 3.3) < 1e-9 && isExact);
  });

  it("is the kernel's count if the step slept", () => {
    assert.deepEqual(stepCpu(50, counts(100, 5, 7), counts(101, 5, 8)), { cpuMs: 1, isExact: false });
  });

  it("is never below nothing nor above its length", () => {
    assert.equal(stepCpu(1, counts(100, 5, 7), counts(100, 9, 8)).cpuMs, 0);
    assert.equal(stepCpu(1, counts(100, 5, 7), counts(100, 4, 7)).cpuMs, 1);
  });
});

describe("the clock of a thread's core", () => {
  it("is not there where the kernel does not tell", () => {
    assert.equal(CoreClock.open("/nowhere/schedstat"), undefined);
    assert.equal(CoreClock.open("/dev/null"), undefined); // opens, and says nothing
  });

  if (process.platform === "linux") {
    it("only goes on, and is read anew when asked, or after a while", async () => {
      const clock = CoreClock.open();
      assert.ok(clock !== undefined);
      const first = clock.read();
      await until(() => (clock.read()?.turns ?? 0) > (first?.turns ?? 0), "another turn on a core");
      const second = clock.read();
      assert.ok((second?.cpuMs ?? 0) >= (first?.cpuMs ?? 0) && (second?.waitMs ?? 0) >= (first?.waitMs ?? 0));
      const recent = clock.recent(100);
      assert.equal(clock.recent(100 + SHORTEST_STEP_MS / 2), recent);
      assert.notEqual(clock.recent(100 + SHORTEST_STEP_MS), recent);
      clock.close();
      assert.equal(clock.read(), undefined);
      clock.close();
    });

    it("tells the CPU time of steps under a competitor for the core", { timeout: 120_000 }, async (t) => {
      const program = new URL("fixtures/steps-on-one-core.js", import.meta.url).pathname;
      const { stdout, stderr, exitCode } = await runNode([WITH_MODULES, program]);
      assert.equal(exitCode, 0, stderr);
      const { wallMs, waitMs, stepsMs, processMs } = JSON.parse(stdout) as Record<string, number> & {
        wallMs: number;
        waitMs: number;
        stepsMs: number;
        processMs: number;
      };
      t.diagnostic(stdout.trim());
      assert.ok(stepsMs > 0 && stepsMs <= wallMs);
      // With a machine's every core taken by others the kernel may have moved the
      // competitor away, or there is no way to pin: then there is nothing to compare.
      if (waitMs < wallMs / 4) {
        t.diagnostic("inconclusive: the steps hardly waited for a core");
        return;
      }
      // `processMs` is what the kernel says of the whole process, exact as the thread
      // asks itself, but with helpers of the engine in it.
      assert.ok(Math.abs(stepsMs - processMs) < (wallMs - processMs) / 2, "nearer to the truth than the clock");
    });
  }
});
