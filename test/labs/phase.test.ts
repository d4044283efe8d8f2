import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scope } from "#skein/async/scope";
import { channel } from "#skein/async/channel";
import { phaseMeter } from "#skein/labs/phase";

describe("a phase", () => {
  it("gives what its part gives, and is listed with the others in order", async () => {
    const { phase, phases } = phaseMeter();
    assert.equal(await phase("first", () => 1), 1);
    assert.equal(await phase("second", async () => 2), 2);
    assert.deepEqual(
      phases.map(({ name }) => name),
      ["first", "second"],
    );
    for (const { wallMs, cpuMs, beginMs } of phases) assert.ok(wallMs >= 0 && cpuMs >= 0 && beginMs > 0);
  });

  it("is told of when it begins and with its recording when it is over", async () => {
    const heard: string[] = [];
    const { phase } = phaseMeter({
      onBegin: (name) => heard.push(`${name} begins`),
      onEnd: ({ startedMs, stoppedMs }) => heard.push(startedMs <= stoppedMs ? "recorded" : "not recorded"),
    });
    await phase("one", () => heard.push("runs"));
    assert.deepEqual(heard, ["one begins", "runs", "recorded"]);
  });

  it("counts the jobs that were in flight at once", async () => {
    const { phase, phases } = phaseMeter();
    await phase("three", () =>
      scope(async (s) => {
        const gate = channel<void>(0, s);
        for (let i = 0; i < 3; i++) s.spawn(() => gate.receive(s));
        for (let i = 0; i < 3; i++) await gate.send(undefined, s);
      }),
    );
    assert.equal(phases[0]?.mostInFlight, 3);
  });

  it("that fails is not listed, and the next one is measured", async () => {
    const { phase, phases } = phaseMeter();
    const failing = phase("failing", () => {
      throw new RangeError("no");
    });
    await assert.rejects(failing, /no/);
    await phase("next", () => undefined);
    assert.deepEqual(
      phases.map(({ name }) => name),
      ["next"],
    );
  });
});
