import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { decodeTrace, encodeTrace, type Trace } from "skein/trace";
import { TraceFileError } from "#skein/core/errors";
import { ProbeKind } from "#skein/core/probe";
import { ByteReader, ByteWriter } from "#skein/trace/file/bytes";

import { damages, programs, recordingOf } from "./support/damages.js";
import { START_MS, ThreadScript, traceOf } from "./support/traces.js";

const NAMES_TEXT: ReadonlySet<number> = new Set([ProbeKind.jobSpawn, ProbeKind.scopeOpen, ProbeKind.waitBegin]);

/** With texts in place of their indexes, which a file numbers anew; and none of those that no record names. */
function plain(trace: Trace): unknown {
  return {
    ...trace,
    threads: trace.threads.map(({ texts, records, ...thread }) => ({
      ...thread,
      records: records.map(({ value, ...record }) => ({
        ...record,
        value: NAMES_TEXT.has(record.kind) ? texts[value] : value,
      })),
    })),
  };
}

const randomTraces = fc.tuple(programs, damages).map(([program, damage]) => recordingOf(program, damage, true));

const count = fc.integer({ min: 0, max: 1e9 });
const maybe = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined });
const text = fc.string({ unit: "grapheme" });
const state = fc.constantFrom("running", "lock", "io", "blocked", "unknown");
const samples = fc.array(
  fc.record({
    atMs: count,
    cpuMs: maybe,
    coreWaitMs: maybe,
    state,
    core: maybe,
    voluntarySwitches: maybe,
    involuntarySwitches: maybe,
  }),
  { minLength: 1 },
);
const kinds = fc.constantFrom("loop", "pool", "dedicated", "worker", "observer", "engine", "io", "unknown");
const small = fc.nat({ max: 2 ** 31 - 1 });
/** With nodes and samples that the functions and nodes are there for. */
const profileParts = fc
  .record({
    thread: small,
    beginMs: count,
    endMs: count,
    frames: fc.array(fc.tuple(text, text, small, small), { minLength: 1, maxLength: 4 }),
    nodes: fc.array(fc.tuple(small, small), { minLength: 1, maxLength: 6 }),
    samples: fc.array(fc.tuple(small, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), { maxLength: 6 }),
  })
  .map(({ nodes, samples: taken, ...rest }) => ({
    ...rest,
    nodeFrames: Int32Array.from(nodes, ([frame]) => frame % rest.frames.length),
    nodeParents: Int32Array.from(nodes, ([, parent], node) => (parent % (node + 1)) - 1),
    samples: Int32Array.from(taken, ([node]) => node % nodes.length),
    deltasUs: Int32Array.from(taken, ([, delta]) => delta),
  }));
const facts = fc.record({
  kernel: fc.option(
    fc.record({
      sampleEveryMs: fc.integer({ min: 1, max: 1000 }),
      threads: fc.uniqueArray(fc.record({ tid: count, index: maybe, name: text, kind: kinds, samples }), {
        selector: ({ tid }) => tid,
      }),
      coreRuns: fc.option(
        fc.array(fc.record({ core: count, tid: count, beginMs: count, endMs: count, wasPreempted: fc.boolean() })),
        { nil: undefined },
      ),
    }),
    { nil: undefined },
  ),
  stalls: fc.array(
    fc.record({
      thread: count,
      beginMs: count,
      endMs: count,
      isOver: fc.boolean(),
      cpuMs: maybe,
      coreWaitMs: maybe,
      stack: fc.option(fc.array(fc.record({ name: text, url: text, line: count, column: count })), { nil: undefined }),
    }),
  ),
  profiles: fc.array(profileParts, { maxLength: 3 }),
  gauges: fc.array(
    fc.record({
      thread: count,
      name: text,
      atMs: count,
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    }),
    { minLength: 1 },
  ),
  capabilities: fc.array(
    fc.record({
      name: text,
      isAvailable: fc.boolean(),
      gives: text,
      why: text,
      remedy: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    }),
  ),
});
// Copied, as the records of fast-check have no prototype.
const anyTraces = fc.tuple(randomTraces, facts).map(([trace, more]): Trace => structuredClone({ ...trace, ...more }));

function smallTrace(): Trace {
  const main = new ThreadScript().spawn(1, 1, "first").end(2, 1).drop(3).spawn(5, 2, "second").end(6, 2);
  return traceOf(10, [main, new ThreadScript(1)]);
}

const failure = (run: () => unknown): TraceFileError => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TraceFileError, String(error));
    return error;
  }
  throw new Error("it was expected to fail");
};

describe("a trace file", () => {
  it("gives back what was written (property)", () =>
    fc.assert(
      fc.property(anyTraces, (trace) => {
        assert.deepEqual(plain(decodeTrace(encodeTrace(trace))), plain(trace));
      }),
    ));

  it("gives back losses at the end, and threads without records", () => {
    const trace = traceOf(10, [
      new ThreadScript().spawn(1, 1, "a").drop(2),
      new ThreadScript(1),
      new ThreadScript(2).drop(9),
    ]);
    assert.deepEqual(plain(decodeTrace(encodeTrace(trace))), plain(trace));
  });

  it("takes a fraction of the memory that its records take in a ring", () => {
    const main = new ThreadScript();
    for (let i = 0; i < 50_000; i++) main.spawn(i / 100, i + 1, "job", 7).end(i / 100 + 0.005, i + 1);
    const bytes = encodeTrace(traceOf(1000, [main])).length / 100_000;
    assert.ok(bytes < 12, `${bytes} bytes a record`);
    assert.equal(decodeTrace(encodeTrace(traceOf(1000, [main]))).threads[0]?.records.length, 100_000);
  });

  it("that was cut gives what is whole, and says where it ends", () => {
    const whole = encodeTrace(smallTrace());
    const problems: TraceFileError[] = [];
    const cut = decodeTrace(whole.subarray(0, whole.length - 3), {}, (problem) => problems.push(problem));
    assert.deepEqual((plain(cut) as Trace).threads, (plain(smallTrace()) as Trace).threads);
    assert.equal(cut.stoppedMs, START_MS + 10);
    assert.match(problems[0]?.message ?? "", /damaged at byte \d+: it ends in the middle of a segment/);
  });

  it("that is none is refused with what it is not", () => {
    assert.match(failure(() => decodeTrace(new Uint8Array(0))).message, /is empty/);
    assert.match(failure(() => decodeTrace(new TextEncoder().encode('{"traceEvents":[]}'))).message, /no trace file/);
    const other = encodeTrace(smallTrace());
    other[8] = 9;
    assert.match(failure(() => decodeTrace(other)).message, /version 9, but this copy of Skein reads version 1/);
    assert.match(failure(() => decodeTrace(other.subarray(0, 8))).message, /version none/);
  });

  it("with more records than may be read is refused before they are made", () => {
    assert.match(failure(() => decodeTrace(encodeTrace(smallTrace()), { recordLimit: 3 })).message, /has 4 records/);
  });

  it("whose bytes were changed is read in part, or refused by this error alone (property)", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    const reseal = fc.boolean();
    fc.assert(
      fc.property(anyTraces, changes, reseal, (trace, places, isResealed) => {
        const bytes = encodeTrace(trace);
        for (const [at, value] of places) bytes[9 + (at % (bytes.length - 9))] = value;
        if (isResealed) seal(bytes);
        try {
          decodeTrace(bytes);
        } catch (error) {
          assert.ok(error instanceof TraceFileError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Makes checksums right again, as one would who wants to do harm. */
function seal(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  for (let at = 9; at + 9 <= bytes.length;) {
    const length = view.getUint32(at + 1, true);
    if (at + 9 + length > bytes.length) return;
    let low = 1;
    let high = 0;
    for (const byte of bytes.subarray(at + 9, at + 9 + length)) {
      low = (low + byte) % 65_521;
      high = (high + low) % 65_521;
    }
    view.setUint32(at + 5, high * 65_536 + low, true);
    at += 9 + length;
  }
}

describe("a number as bytes", () => {
  it("comes back as what it was (property)", () =>
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer()), (value) => {
        const writer = new ByteWriter();
        writer.number(value);
        assert.ok(Object.is(new ByteReader(writer.take()).number(), value));
      }),
    ));

  it("that is small takes a byte, a time of a ring four or fewer", () => {
    const lengthOf = (value: number): number => {
      const writer = new ByteWriter();
      writer.number(value);
      return writer.length;
    };
    assert.deepEqual([0, 31, -31, 32, 8000, -0].map(lengthOf), [1, 1, 1, 2, 3, 9]);
  });
});
