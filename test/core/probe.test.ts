import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  attachProbeRing,
  makeRingMemory,
  probe,
  ProbedResource,
  ProbeKind,
  ProbeOutcome,
  type ProbeRecord,
  ProbeResource,
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

describe("whose code runs", () => {
  /** Has a ring in place meanwhile, and gives what was written: each kind by its name, with its subject. */
  async function written(body: (ring: ProbeRing) => void | Promise<void>): Promise<string[]> {
    const memory = makeRingMemory(64);
    attachProbeRing(memory);
    try {
      await body(probe.ring as ProbeRing);
    } finally {
      attachProbeRing(undefined);
    }
    const records: ProbeRecord[] = [];
    new ProbeRingReader(memory).drain(records);
    const names = new Map<number, string>(Object.entries(ProbeKind).map(([name, kind]) => [kind, name]));
    return records
      .filter(({ kind }) => kind !== ProbeKind.gcPause)
      .map(({ kind, subject }) => `${names.get(kind)} ${subject}`);
  }

  it("is known inside of steps, also of those that stand in others", async () => {
    const known: number[] = [];
    await written((ring) => {
      known.push(ring.running);
      ring.started(1, false);
      known.push(ring.running);
      ring.started(2, true);
      known.push(ring.running);
      ring.suspended(2);
      known.push(ring.running);
      ring.stopped(1);
      known.push(ring.running);
    });
    assert.deepEqual(known, [0, 1, 2, 1, 0]);
  });

  it("changes when other code goes on or starts, which ends the step before", async () => {
    const records = await written((ring) => {
      ring.resumed(1);
      ring.resumed(2);
      assert.equal(ring.running, 2);
      ring.started(3, false);
      ring.stopped(3);
      assert.equal(ring.running, 0);
    });
    assert.deepEqual(records, [
      "jobResume 1",
      "jobSuspend 1",
      "jobResume 2",
      "jobSuspend 2",
      "jobStart 3",
      "jobStop 3",
    ]);
  });

  it("stays when the code calls other code", async () => {
    const records = await written((ring) => {
      ring.resumed(1);
      ring.started(2, true);
      ring.suspended(2);
      assert.equal(ring.running, 1);
      ring.stopped(1);
    });
    assert.deepEqual(records, ["jobResume 1", "jobStart 2", "jobSuspend 2", "jobStop 1"]);
  });

  it("is nobody's after some microtasks", async () => {
    const records = await written(async (ring) => {
      ring.resumed(1);
      for (let i = 0; i < 3; i++) await Promise.resolve();
      assert.equal(ring.running, 0);
    });
    assert.deepEqual(records, ["jobResume 1", "jobSuspend 1"]);
  });

  it("is known again after a step whose end was never told", async () => {
    await written((ring) => {
      ring.started(1, false);
      ring.started(2, false);
      assert.equal(ring.running, 2);
      ring.stopped(2);
      assert.equal(ring.running, 0);
    });
  });

  it("ends with the job, at one moment", async () => {
    const records = await written((ring) => {
      ring.started(1, false);
      ring.ended(1, true, ProbeOutcome.done);
      ring.ended(2, false, ProbeOutcome.cancelled);
      ring.started(3, true);
      ring.ended(3, true, undefined);
      assert.equal(ring.running, 0);
    });
    assert.deepEqual(records, ["jobStart 1", "jobStop 1", "jobEnd 1", "jobEnd 2", "jobStart 3", "jobStop 3"]);
  });

  it("is not told to a ring that came later", async () => {
    const records = await written(async (ring) => {
      ring.resumed(1);
      attachProbeRing(makeRingMemory(4));
      for (let i = 0; i < 3; i++) await Promise.resolve();
    });
    assert.deepEqual(records, ["jobResume 1"]);
  });
});

describe("a lock or channel that is recorded", () => {
  it("has the place of a wait noted where another is held, and only there", () => {
    const memory = makeRingMemory(64);
    const ring = new ProbeRing(memory);
    const reader = new ProbeRingReader(memory);
    const [first, second] = [1, 2].map((id) => new ProbedResource(ProbeResource.mutex, `lock ${id}`, -id));
    const waits = function waitsForIt(wait: number, resource: ProbedResource | undefined): void {
      ring.waitsOn(wait, resource as ProbedResource);
    };
    waits(1, second);
    ring.acquired(first as ProbedResource, 7);
    waits(2, first);
    waits(3, second);
    ring.acquired(first as ProbedResource, 7);
    ring.released(first as ProbedResource, 7);
    waits(4, second);
    ring.released(first as ProbedResource, 7);
    waits(5, second);
    const records: ProbeRecord[] = [];
    reader.drain(records);
    const places = records.filter(({ kind }) => kind === ProbeKind.waitAt);
    assert.deepEqual(
      places.map(({ subject }) => subject),
      [3, 4],
    );
    for (const { value } of places)
      assert.match(reader.texts[value] ?? "", /^at .*waitsForIt \(.*probe\.test\.[jt]s:\d+/);
  });

  it("notes no more places of waits than a program can bear", () => {
    const memory = makeRingMemory(8192);
    const ring = new ProbeRing(memory);
    const reader = new ProbeRingReader(memory);
    ring.acquired(new ProbedResource(ProbeResource.mutex, "held", -1), 7);
    const beganMs = performance.now();
    for (let wait = 0; wait < 3000; wait++) ring.waitsOn(wait, 99);
    const tookMs = performance.now() - beganMs;
    const records: ProbeRecord[] = [];
    reader.drain(records);
    const places = records.filter(({ kind }) => kind === ProbeKind.waitAt).length;
    assert.ok(places >= 100 && places <= 102 + 5 * tookMs, `${places} places in ${tookMs} ms`);
  });

  it("says what it is once to each ring, and keeps its identity", () => {
    const resource = new ProbedResource(ProbeResource.mutex, "money");
    const shared = new ProbedResource(ProbeResource.channel, "values", -64);
    const told = [0, 1].map(() => {
      const memory = makeRingMemory(16);
      const ring = new ProbeRing(memory);
      ring.acquired(resource, 5);
      ring.released(resource, 5);
      ring.level(shared, 3);
      const reader = new ProbeRingReader(memory);
      const records: ProbeRecord[] = [];
      reader.drain(records);
      return records.map(({ kind, subject, other, value }) =>
        kind === ProbeKind.resourceMade ? [kind, subject, other, reader.texts[value]] : [kind, subject, other, value],
      );
    });
    const id = told[0]?.[0]?.[1];
    for (const records of told) {
      assert.deepEqual(records, [
        [ProbeKind.resourceMade, id, ProbeResource.mutex, "money"],
        [ProbeKind.acquired, id, 5, 0],
        [ProbeKind.released, id, 5, 0],
        [ProbeKind.resourceMade, -64, ProbeResource.channel, "values"],
        [ProbeKind.channelLevel, -64, 0, 3],
      ]);
    }
  });
});
