import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { busyMsOf, type MachineUse, parseCoreList } from "#skein/labs/machine-use";
import { othersBetween } from "#skein/labs/phase";

// user nice system idle iowait irq softirq steal guest guest_nice, in hundredths of a second
const STAT = `cpu  300 0 100 900 0 0 0 0 0 0
cpu0 100 0 50 450 7 1 2 3 90 0
cpu1 200 0 50 450 0 0 0 0 0 0
cpu10 1 0 0 0 0 0 0 0 0 0
intr 5
`;

describe("the kernel's count of used cores", () => {
  it("is read for the cores that are asked for, without waiting for disks and guests", () => {
    assert.equal(busyMsOf(STAT, [0]), 1560);
    assert.equal(busyMsOf(STAT, [0, 1]), 4060);
    assert.equal(busyMsOf(STAT, [10]), 10);
  });

  it("is not known if one of the cores is not in it", () => {
    assert.equal(busyMsOf(STAT, [0, 2]), undefined);
    assert.equal(busyMsOf("", [0]), undefined);
  });

  it("lists cores as ranges", () => {
    assert.deepEqual(parseCoreList("0-2,5\n"), [0, 1, 2, 5]);
    assert.deepEqual(parseCoreList("3"), [3]);
    assert.deepEqual(parseCoreList(""), []);
    assert.deepEqual(parseCoreList("none"), []);
  });
});

describe("what others used", () => {
  const use = (atMs: number, busyMs: number | undefined, ownCpuMs: number, theirs: number): MachineUse => ({
    atMs,
    busyMs,
    ownCpuMs,
    processes: new Map([[7, { name: "compiler", cpuMs: theirs }]]),
  });

  it("is all that was used and was not ours; the rest was idle", () => {
    const { othersCores, idleCores, neighbours } = othersBetween(use(0, 0, 0, 50), use(100, 150, 70, 130), 2);
    assert.ok(Math.abs((othersCores ?? 0) - 0.8) < 1e-9);
    assert.equal(idleCores, 0.5);
    assert.deepEqual(neighbours, [{ pid: 7, name: "compiler", cores: 0.8 }]);
  });

  it("is never less than nothing, though the kernel counts in ticks", () => {
    const { othersCores, idleCores } = othersBetween(use(0, 0, 0, 0), use(100, 210, 220, 0), 2);
    assert.deepEqual([othersCores, idleCores], [0, 0]);
  });

  it("is not known where the kernel does not tell", () => {
    const { othersCores, idleCores } = othersBetween(use(0, undefined, 0, 0), use(100, undefined, 50, 0), 2);
    assert.deepEqual([othersCores, idleCores], [undefined, undefined]);
  });
});
