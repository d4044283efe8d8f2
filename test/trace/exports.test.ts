/** Traces in the formats of others, read back by readers that are not ours. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, csvChunks, type KernelThread, otlpChunks, perfettoChunks, type Trace } from "skein/trace";
import { packLanes } from "#skein/trace/export/lanes";
import { ProtobufWriter } from "#skein/trace/export/protobuf";

import { damages, programs, recordingOf } from "./support/damages.js";
import { type PerfettoFile, readPerfetto } from "./support/perfetto-format.js";
import { idOn, START_MS, ThreadScript, traceOf } from "./support/traces.js";

const perfetto = (trace: Trace): PerfettoFile => readPerfetto(Buffer.concat([...perfettoChunks(trace)]));
const csv = (trace: Trace): readonly (readonly string[])[] => parseCsv([...csvChunks(trace)].join(""));
const otlp = (trace: Trace): OtlpDocument => JSON.parse([...otlpChunks(trace)].join("")) as OtlpDocument;

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}

interface OtlpDocument {
  readonly resourceSpans: readonly [
    { readonly resource: object; readonly scopeSpans: readonly [{ readonly spans: readonly OtlpSpan[] }] },
  ];
}

/** As RFC 4180 has it. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** A job of the main thread that runs on a worker, inside a scope. */
function smallTrace(): Trace {
  const main = new ThreadScript()
    .open(1, 5, "all")
    .start(1, 5)
    .spawn(1.5, 6, "one", 5)
    .suspend(2, 5)
    .end(5, 6)
    .close(6, 5);
  const worker = new ThreadScript(1).start(3, 6).stop(4.5, 6);
  return traceOf(10, [main, worker]);
}

const randomTraces = fc.tuple(programs, damages).map(([program, damage]) => recordingOf(program, damage, true));

describe("a trace for Perfetto", () => {
  it("has a track for each thread, with its steps in nanoseconds since the start", () => {
    const { processes, threads, slices } = perfetto(smallTrace());
    assert.deepEqual(processes, ["skein"]);
    assert.deepEqual(threads, ["main", "worker-1"]);
    const steps = slices.filter(({ category }) => category === "step");
    assert.deepEqual(
      steps.map(({ track, name, beginNs, endNs }) => [track, name, beginNs, endNs]),
      [
        ["main", "all", 1e6, 2e6],
        ["worker-1", "one", 3e6, 4.5e6],
      ],
    );
  });

  it("leads by a flow from the spawning of a job to its first step on another thread", () => {
    const { instants, slices } = perfetto(smallTrace());
    const spawn = instants.find(({ category }) => category === "spawn");
    assert.deepEqual([spawn?.track, spawn?.name, spawn?.beginNs, spawn?.flows], ["main", "one", 1.5e6, ["6"]]);
    const first = slices.find(({ endingFlows }) => endingFlows.length > 0);
    assert.deepEqual([first?.track, first?.name, first?.endingFlows], ["worker-1", "one", ["6"]]);
  });

  it("lays jobs that overlap onto lanes of their own, and says how each ended", () => {
    const main = new ThreadScript().spawn(1, 1, "a").spawn(2, 2, "b").end(3, 1).spawn(4, 3, "c").end(5, 2, "failed");
    const { slices } = perfetto(traceOf(10, [main]));
    const jobs = slices.filter(({ track }) => track === "jobs");
    assert.deepEqual(
      jobs.map(({ name, beginNs, endNs, values }) => [name, beginNs, endNs, values["outcome"]]),
      [
        ["a", 1e6, 3e6, "done"],
        ["b", 2e6, 5e6, "failed"],
        ["c", 4e6, 10e6, undefined],
      ],
    );
  });

  it("shows lost records, stalls with their stacks, core lanes and shares of a core", () => {
    const thread: KernelThread = {
      tid: 4711,
      index: 0,
      name: "main",
      kind: "loop",
      samples: [0, 20, 40].map((atMs, i) => ({
        atMs: START_MS + atMs,
        cpuMs: [0, 20, 25][i],
        coreWaitMs: 0,
        state: "running",
        core: 0,
        voluntarySwitches: 0,
        involuntarySwitches: 0,
      })),
    };
    const trace: Trace = {
      ...traceOf(50, [new ThreadScript().spawn(1, 1, "a").drop(7).spawn(9, 2, "b")]),
      kernel: {
        sampleEveryMs: 20,
        threads: [thread],
        coreRuns: [{ core: 1, tid: 4711, beginMs: START_MS + 2, endMs: START_MS + 4, wasPreempted: true }],
      },
      stalls: [
        {
          thread: 0,
          beginMs: START_MS + 10,
          endMs: START_MS + 30,
          isOver: true,
          cpuMs: 19,
          coreWaitMs: 0,
          stack: [{ name: "crunch", url: "file:///a.js", line: 3, column: 7 }],
        },
      ],
    };
    const { slices, counters } = perfetto(trace);
    const of = (category: string): unknown[] =>
      slices
        .filter((slice) => slice.category === category)
        .map(({ track, name, beginNs, endNs, values }) => [track, name, beginNs, endNs, values]);
    assert.deepEqual(of("dropped"), [["main: records dropped", "7 records dropped", 1e6, 9e6, {}]]);
    assert.deepEqual(of("stall"), [
      ["event loop stalls", "stall in crunch", 10e6, 30e6, { cpuMs: 19, stack: "crunch file:///a.js:3:7" }],
    ]);
    assert.deepEqual(of("core"), [["core 1", "main", 2e6, 4e6, { tid: 4711, left: "preempted" }]]);
    assert.deepEqual(counters.get("main (4711): share of a core"), [
      [0, 100],
      [20e6, 25],
    ]);
    assert.deepEqual(counters.get("jobs in flight"), [
      [0, 0],
      [9e6, 1],
    ]);
  });

  it("keeps any name as text", () => {
    const names = ["", "ж", "\uD83D\uDE00", "<b>", "\u0000", "x".repeat(200_000)];
    const main = new ThreadScript();
    names.forEach((name, i) => main.spawn(i, i + 1, name).end(i + 0.5, i + 1));
    const { slices } = perfetto(traceOf(10, [main]));
    const jobs = slices.filter(({ track }) => track === "jobs").map(({ name }) => name);
    assert.deepEqual(jobs, ["job 1", ...names.slice(1)]);
  });

  it("is whole whatever the recording lost, and has every span of the timeline (property)", () =>
    fc.assert(
      fc.property(randomTraces, (trace) => {
        const timeline = buildTimeline(trace);
        const { slices } = perfetto(trace);
        const count = (category: string): number => slices.filter((slice) => slice.category === category).length;
        assert.equal(count("step"), timeline.steps.length);
        assert.equal(count("jobs"), timeline.jobs.length);
        assert.equal(count("scopes"), timeline.scopes.length);
        assert.equal(count("waits"), timeline.waits.length);
      }),
    ));
});

describe("the writer of protocol buffers", () => {
  it("writes whole numbers as varints of seven bits a byte, the lowest first", () => {
    const writer = new ProtobufWriter();
    for (const value of [0, 127, 128, 300, 2 ** 32, Number.MAX_SAFE_INTEGER]) writer.uint(1, value);
    assert.equal(
      Buffer.from(writer.take()).toString("hex"),
      ["0800", "087f", "088001", "08ac02", "088080808010", "08ffffffffffffff0f"].join(""),
    );
  });

  it("pads the length of a message to four bytes, whatever is inside", () => {
    const writer = new ProtobufWriter();
    writer.message(2, () => writer.text(1, "ab"));
    assert.equal(Buffer.from(writer.take()).toString("hex"), ["12", "87808000", "0a", "82808000", "6162"].join(""));
  });
});

describe("lanes", () => {
  it("hold spans without overlap, and are no more than there were spans at once (property)", () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(20))), (raw) => {
        const spans = raw
          .map(([beginMs, length]) => ({ beginMs, endMs: beginMs + length }))
          .toSorted((a, b) => a.beginMs - b.beginMs);
        const lanes = packLanes(spans);
        spans.forEach((span, i) => {
          for (let j = 0; j < i; j++) {
            const before = spans[j] as typeof span;
            if (lanes[j] === lanes[i]) assert.ok(before.endMs <= span.beginMs);
          }
        });
        const most = Math.max(
          0,
          ...spans.map(
            (one, i) =>
              spans.filter((other, j) => j <= i && other.endMs > one.beginMs && other.beginMs <= one.beginMs).length,
          ),
        );
        // A span without length takes a lane of its own for that moment.
        const used = new Set(lanes).size;
        assert.ok(used <= Math.max(most, 1) + 1, `${used} lanes for at most ${most} at once`);
      }),
    ));
});

describe("a trace for OpenTelemetry", () => {
  it("has a span for each job and scope, under the scope or job it belongs to", () => {
    const [{ scopeSpans }] = otlp(smallTrace()).resourceSpans;
    const spans = scopeSpans[0].spans.map(({ name, spanId, parentSpanId, status }) => [
      name,
      spanId,
      parentSpanId,
      status,
    ]);
    assert.deepEqual(spans, [
      ["all", "0000000000000005", "", { code: 1 }],
      ["one", "0000000000000006", "0000000000000005", { code: 1 }],
    ]);
  });

  it("gives nanoseconds since the epoch as text, and identities of the lengths that collectors want", () => {
    const [{ scopeSpans }] = otlp(smallTrace()).resourceSpans;
    const [scope] = scopeSpans[0].spans;
    assert.equal(scope?.startTimeUnixNano, "1700000000001000000");
    assert.equal(scope?.endTimeUnixNano, "1700000000006000000");
    assert.match(scope?.traceId ?? "", /^[0-9a-f]{32}$/);
  });

  it("takes the trace and the span of the request that the program served", () => {
    const options = {
      serviceName: "shop",
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      parentSpanId: "00f067aa0ba902b7",
    };
    const text = [...otlpChunks(smallTrace(), options)].join("");
    const [{ resource, scopeSpans }] = (JSON.parse(text) as OtlpDocument).resourceSpans;
    assert.deepEqual(resource, { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] });
    const [scope] = scopeSpans[0].spans;
    assert.deepEqual([scope?.traceId, scope?.parentSpanId], [options.traceId, options.parentSpanId]);
  });

  it("is JSON, with no span under one that is missing, whatever the recording lost (property)", () =>
    fc.assert(
      fc.property(randomTraces, (trace) => {
        const { jobs, scopes } = buildTimeline(trace);
        const [{ scopeSpans }] = otlp(trace).resourceSpans;
        const { spans } = scopeSpans[0];
        assert.equal(spans.length, jobs.length + scopes.length);
        const ids = new Set(spans.map(({ spanId }) => spanId));
        assert.equal(ids.size, spans.length);
        for (const { parentSpanId } of spans) assert.ok(parentSpanId === "" || ids.has(parentSpanId));
      }),
    ));
});

describe("a trace as CSV", () => {
  it("has a line for each job, scope, wait and loss", () => {
    const [header, ...rows] = csv(smallTrace());
    const column = (row: readonly string[], name: string): string | undefined => row[header?.indexOf(name) ?? -1];
    assert.deepEqual(
      rows.map((row) =>
        ["kind", "name", "parent", "begin_ms", "end_ms", "wait_ms", "run_ms"].map((name) => column(row, name)),
      ),
      [
        ["job", "one", "5", "1.5", "5", "1.5", "1.5"],
        ["scope", "all", "", "1", "6", "", "1"],
      ],
    );
  });

  it("keeps any name in its cell, and hands no formula to a spreadsheet", () => {
    const names = ['a "b", c', "line\r\nbreak", "=1+1", "@x", "plain"];
    const main = new ThreadScript();
    names.forEach((name, i) => main.spawn(i, idOn(0, i + 1), name));
    const [header, ...rows] = csv(traceOf(10, [main]));
    const name = header?.indexOf("name") ?? -1;
    assert.deepEqual(
      rows.map((row) => row[name]),
      ['a "b", c', "line\r\nbreak", "'=1+1", "'@x", "plain"],
    );
  });

  it("has as many cells in each line (property)", () =>
    fc.assert(
      fc.property(randomTraces, (trace) => {
        const [header, ...rows] = csv(trace);
        for (const row of rows) assert.equal(row.length, header?.length);
      }),
    ));
});
