import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { afterEach, describe, it } from "node:test";

import { makePulseMemory, PulseReader, restPulse, startPulse, wakePulse } from "#skein/core/pulse";

import { epochMs, until } from "../trace/support/until.js";

let stop: (() => void) | undefined;

function begin(options?: Parameters<typeof makePulseMemory>[0]): PulseReader {
  const memory = makePulseMemory(options);
  const reader = new PulseReader(memory);
  assert.equal(reader.read(), undefined); // no beat yet
  stop = startPulse(memory);
  return reader;
}

function block(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}

describe("the pulse of a loop", () => {
  afterEach(() => {
    stop?.();
    stop = undefined;
  });

  it("says at once who it is, and beats as long as the loop turns", async () => {
    const fromMs = epochMs();
    const reader = begin({ everyMs: 1 });
    const first = reader.read();
    assert.equal(first?.platformThread, 0);
    if (process.platform === "linux") {
      assert.equal(first?.kernelThread, Number(readlinkSync("/proc/thread-self").split("/").at(-1)));
    }
    assert.equal(first?.beats, 1);
    assert.ok((first?.atMs ?? 0) >= fromMs);
    await until(() => (reader.read()?.beats ?? 0) >= 3, "beats");
    // Another in its place: the first beats no more.
    const beats = reader.read()?.beats;
    const other = begin({ everyMs: 1 });
    await until(() => (other.read()?.beats ?? 0) >= 5, "beats");
    assert.equal(reader.read()?.beats, beats);
  });

  it("says when it was late, and by how much", async () => {
    const reader = begin({ everyMs: 5, limitMs: 30 });
    const fromMs = epochMs();
    block(60);
    assert.equal(reader.read()?.lates, 0);
    await until(() => reader.read()?.lates === 1, "the late beat");
    const late = reader.read()?.late;
    assert.ok(late !== undefined && late.atMs - late.dueMs >= 30);
    assert.ok(late.dueMs >= fromMs && late.atMs <= epochMs());
  });

  it("may rest, which is not late", async () => {
    const reader = begin({ everyMs: 5, limitMs: 30 });
    restPulse();
    assert.equal(reader.read()?.isResting, true);
    block(60);
    wakePulse();
    const awake = reader.read();
    assert.equal(awake?.isResting, false);
    await until(() => reader.read()?.beats !== awake?.beats, "a beat");
    assert.equal(reader.read()?.lates, 0);
    assert.ok((awake?.awakeMs ?? 0) > (awake?.atMs ?? 0));
  });

  it("that comes to rest late was late until then", () => {
    const reader = begin({ everyMs: 5, limitMs: 30 });
    block(60);
    restPulse();
    const { lates, late } = reader.read() ?? {};
    wakePulse();
    assert.equal(lates, 1);
    assert.ok(late !== undefined && late.atMs - late.dueMs >= 30);
    assert.equal(late.cpuMs, undefined);
  });

  it("is not read while it is written", () => {
    const memory = makePulseMemory();
    stop = startPulse(memory);
    const reader = new PulseReader(memory);
    const writes = new Int32Array(memory, 0, 1);
    writes[0] = (writes[0] as number) + 1;
    assert.equal(reader.read(), undefined);
    writes[0] += 1;
    assert.notEqual(reader.read(), undefined);
  });

  it("without one, rest and wake do nothing", () => {
    restPulse();
    wakePulse();
  });
});
