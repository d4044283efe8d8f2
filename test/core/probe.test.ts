import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  attachProbeRing,
  makeRingMemory,
  probe,
  ProbeKind,
  type ProbeRecord,
  ProbeRing,
  ProbeRingReader,
} from "#skein/core/probe";
import { runningThreads } from "#skein/core/thread";
import fc from "fast-check";

import { Handshake } from "../support/handshake.js";
import { hammer } from "../support/hammer.js";
import { fieldsOf, type RingJob } from "./fixtures/ring-writer.js";

/** Checks that the records drained are whole, follow each other, and continue after `expected`; tells the next number. */
function check(records: readonly ProbeRecord[], expected: number): number {
  let number = expected;
  for (const { kind, subject, other, value } of records) {
    assert.deepEqual({ kind, subject, other, value }, fieldsOf(number));
    number++;
  }
  return number;
}

function write(ring: ProbeRing, first: number, count: number): void {
  for (let number = first; number < first + count; number++) {
    const { kind, subject, other, value } = fieldsOf(number);
    ring.write(kind as never, subject, other, value);
  }
}

describe("a probe ring", () => {
  it("gives each record once, in order, or counts it as dropped", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(2, 4, 16),
        fc.array(fc.oneof(fc.nat(5), fc.nat(40)), { maxLength: 30 }),
        (capacity, bursts) => {
          const memory = makeRingMemory(capacity);
          const ring = new ProbeRing(memory);
          const reader = new ProbeRingReader(memory);
          let written = 0;
          let next = 0;
          for (const burst of bursts) {
            write(ring, written, burst);
            written += burst;
            const records: ProbeRecord[] = [];
            const dropped = reader.drain(records);
            // The slot of the oldest may be under the writer's hand already, so one
            // less than the capacity is safe to read.
            assert.equal(dropped, Math.max(0, burst - (capacity - 1)));
            next = check(records, next + dropped);
            assert.equal(next, written);
          }
        },
      ),
    );
  });

  it("appends to what the reader has", () => {
    const memory = makeRingMemory(8);
    const ring = new ProbeRing(memory);
    const reader = new ProbeRingReader(memory);
    const records: ProbeRecord[] = [];
    write(ring, 0, 3);
    reader.drain(records);
    write(ring, 3, 20);
    const dropped = reader.drain(records);
    assert.equal(check(records.slice(0, 3), 0), 3);
    assert.equal(check(records.slice(3), 3 + dropped), 23);
    assert.deepEqual([reader.drain(records), records.length], [0, 23 - dropped]);
  });

  it("goes on where it stood when its writer is made anew", () => {
    const memory = makeRingMemory(8);
    const reader = new ProbeRingReader(memory);
    const records: ProbeRecord[] = [];
    write(new ProbeRing(memory), 0, 3);
    write(new ProbeRing(memory), 3, 2);
    assert.equal(reader.drain(records), 0);
    assert.equal(check(records, 0), 5);
  });

  it("counts on when the number of records passes 2^31", () => {
    const memory = makeRingMemory(8);
    new Int32Array(memory)[0] = 2 ** 31 - 3;
    const ring = new ProbeRing(memory);
    const reader = new ProbeRingReader(memory);
    // A reader made late has missed what came before it.
    reader.drain([]);
    for (const [first, count] of [
      [0, 5],
      [5, 7],
    ] as const) {
      write(ring, first, count);
      const records: ProbeRecord[] = [];
      assert.equal(reader.drain(records), 0);
      assert.equal(check(records, first), first + count);
    }
  });

  it("stamps records with the moment of their writing, comparable between threads", () => {
    const memory = makeRingMemory(8);
    const records: ProbeRecord[] = [];
    const before = performance.timeOrigin + performance.now();
    write(new ProbeRing(memory), 0, 2);
    const after = performance.timeOrigin + performance.now();
    new ProbeRingReader(memory).drain(records);
    const [first, second] = records.map(({ timeMs }) => timeMs) as [number, number];
    assert.ok(before <= first && first <= second && second <= after);
  });

  it("gives each text one number, and a reader all of them", () => {
    const memory = makeRingMemory(2);
    const ring = new ProbeRing(memory);
    assert.deepEqual(
      ["a", "ж", "a", "", "ж"].map((text) => ring.text(text)),
      [1, 2, 1, 3, 2],
    );
    const reader = new ProbeRingReader(memory);
    assert.deepEqual(reader.texts.slice(1), ["a", "ж", ""]);
    ring.text("later");
    assert.deepEqual(reader.texts.slice(1), ["a", "ж", "", "later"]);
  });

  it("says of texts that find no room that there was none, and shortens long ones", () => {
    const memory = makeRingMemory(2, 64);
    const ring = new ProbeRing(memory);
    assert.deepEqual(
      ["short", "x".repeat(1000), "short", "fits"].map((text) => ring.text(text)),
      [1, 0, 1, 2],
    );
    assert.deepEqual(new ProbeRingReader(memory).texts, ["(a name that found no room)", "short", "fits"]);
    const roomy = makeRingMemory(2);
    new ProbeRing(roomy).text("y".repeat(1000));
    assert.equal(new ProbeRingReader(roomy).texts[1], `${"y".repeat(500)}…`);
  });

  it("loses no record uncounted and tears none while a thread overwrites it", async () => {
    const records = 1_000_000;
    const memory = makeRingMemory(256);
    const done = new Handshake();
    const job: RingJob = { memory, done: done.memory, records };
    const writing = hammer(new URL("./fixtures/ring-writer.js", import.meta.url), 1, job);
    const reader = new ProbeRingReader(memory);
    let [read, dropped, drains] = [0, 0, 0];
    for (let isLast = false; !isLast;) {
      // Asked before the drain: whatever is written by then is seen by it.
      isLast = done.step === 1;
      const drained: ProbeRecord[] = [];
      dropped += reader.drain(drained);
      check(drained, read + dropped);
      read += drained.length;
      if (drained.length > 0) drains++;
      // The thread can't start while this one never lets go of its event loop.
      else if (read === 0) await new Promise(setImmediate);
    }
    assert.equal(read + dropped, records);
    assert.ok(drains > 1, "the reader was there while the writer wrote");
    await writing;
  });
});

describe("the probe's hook", () => {
  it("is empty until somebody records, and again after", () => {
    assert.ok(!("ring" in probe) || probe.ring === undefined);
    const memory = makeRingMemory(8);
    attachProbeRing(memory);
    probe.ring?.write(ProbeKind.cancel, 5);
    attachProbeRing(undefined);
    assert.equal(probe.ring, undefined);
    const records: ProbeRecord[] = [];
    new ProbeRingReader(memory).drain(records);
    assert.deepEqual(
      records.map(({ kind, subject, other, value }) => [kind, subject, other, value]),
      [[ProbeKind.cancel, 5, 0, 0]],
    );
  });

  it("is reached through the directory of threads, with the texts of the recording", () => {
    const main = [...runningThreads()].find(({ index }) => index === 0);
    assert.ok(main !== undefined);
    for (const text of ["one", "two"]) {
      const memory = makeRingMemory(8);
      main.attachRing(memory);
      assert.equal(probe.ring?.text(text), 1);
      assert.deepEqual(new ProbeRingReader(memory).texts.slice(1), [text]);
    }
    main.attachRing(undefined);
    assert.equal(probe.ring, undefined);
  });
});
