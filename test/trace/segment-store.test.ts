import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, contention, decodeTrace, type ProbeRecord, type Trace } from "skein/trace";
import { ProbeKind } from "#skein/core/probe";
import { readTraceFile, fileHeader, recordSegment } from "#skein/trace/trace-file";
import { NO_NAMES, openNamesIn } from "#skein/trace/observer/open-names";
import { SegmentStore } from "#skein/trace/observer/segment-store";

const thread = { index: 3, name: "three", fromMs: 0, toMs: 10, hasEnded: false };
const bytesOf = (length: number): Uint8Array => new Uint8Array(length);

describe("the flight recorder", () => {
  it("keeps the latest within its bounds, the newest always, and loses no count (property)", () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 50 }), stepMs: fc.nat(20), count: fc.nat(9) })),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (pushes, keptBytes, keptMs) => {
          const store = new SegmentStore(keptBytes, keptMs);
          let toMs = 0;
          let kept: { readonly size: number; readonly toMs: number; readonly count: number }[] = [];
          let lost = 0;
          for (const { size, stepMs, count } of pushes) {
            toMs += stepMs;
            store.push({ bytes: bytesOf(size), toMs, thread, count, names: NO_NAMES });
            kept.push({ size, toMs, count });
            while (
              kept.length > 1 &&
              (kept.reduce((sum, one) => sum + one.size, 0) > keptBytes || (kept[0]?.toMs ?? 0) < toMs - keptMs)
            ) {
              lost += kept[0]?.count ?? 0;
              kept = kept.slice(1);
            }
            const all = [...store];
            const rest = lost === 0 ? all : all.slice(1);
            assert.deepEqual(
              rest.map(({ length }) => length),
              kept.map((one) => one.size),
            );
            assert.equal(
              store.byteLength,
              kept.reduce((sum, one) => sum + one.size, 0),
            );
            if (lost === 0) continue;
            const notice = all[0] as Uint8Array;
            const file = readTraceFile(new Uint8Array([...fileHeader(), ...notice]));
            assert.deepEqual(
              file.parts.map((part) => [part.thread.index, part.dropped, part.count]),
              [[3, lost, 0]],
            );
          }
        },
      ),
    ));

  it("gives a file whose thread begins with what was given up", () => {
    const store = new SegmentStore(1, Infinity);
    const record = { timeMs: 5, kind: 8, subject: 1, other: 0, value: 0 } as const;
    for (let i = 0; i < 3; i++) {
      store.push({ bytes: recordSegment(thread, 0, [record, record], []), toMs: i, thread, count: 2, names: NO_NAMES });
    }
    const file = readTraceFile(new Uint8Array([...fileHeader(), ...[...store].flatMap((bytes) => [...bytes])]));
    assert.deepEqual(
      file.parts.map(({ dropped, count }) => [dropped, count]),
      [
        [4, 0],
        [0, 2],
      ],
    );
  });

  describe("of what is not over", () => {
    const { jobSpawn, jobEnd, jobStart, waitBegin, waitEnd, resourceMade, poolGrow } = ProbeKind;
    type Some = readonly [kind: ProbeRecord["kind"], subject: number, other: number, text: string];

    /** A store that gives up all but the last of these segments, of which each is a second long. */
    function storeOf(...segments: readonly (readonly Some[])[]): Trace {
      const store = new SegmentStore(Infinity, 500);
      for (const [second, some] of segments.entries()) {
        const texts = some.map(([, , , text]) => text);
        const records = some.map(([kind, subject, other], value): ProbeRecord => {
          return { timeMs: second * 1000 + value, kind, subject, other, value };
        });
        const about = { index: 0, name: "main", fromMs: 0, toMs: second * 1000 + 999, hasEnded: false };
        store.push({
          bytes: recordSegment(about, 0, records, texts),
          toMs: about.toMs,
          thread: about,
          count: records.length,
          names: openNamesIn(records, texts),
        });
      }
      return decodeTrace(new Uint8Array([...fileHeader(), ...[...store].flatMap((bytes) => [...bytes])]));
    }

    it("keeps the names, beginnings and being under way", () => {
      const { jobs, waits } = buildTimeline(
        storeOf(
          [
            [jobSpawn, 1, 0, "lives long"],
            [jobSpawn, 2, 0, "is over soon"],
            [waitBegin, 3, 0, "receive of channel"],
          ],
          [[jobEnd, 2, 0, ""]],
          [
            [jobSpawn, 4, 0, "later"],
            [jobEnd, 4, 0, ""],
          ],
          [[jobStart, 9, 0, ""]],
        ),
      );
      assert.deepEqual(
        jobs.map(({ name, beginMs, begin, end }) => [name, beginMs, begin, end]),
        [["lives long", 0, "seen", "outside"]],
      );
      assert.deepEqual(
        waits.map(({ name, beginMs, end }) => [name, beginMs, end]),
        [["receive of channel", 2, "outside"]],
      );
    });

    it("still has the name of what ends in what is kept", () => {
      const { jobs } = buildTimeline(storeOf([[jobSpawn, 1, 0, "lives long"]], [], [[jobEnd, 1, 0, ""]]));
      assert.deepEqual(
        jobs.map(({ name, beginMs, endMs, end }) => [name, beginMs, endMs, end]),
        [["lives long", 0, 2000, "seen"]],
      );
    });

    it("counts what is missing", () => {
      const trace = storeOf(
        [
          [jobSpawn, 1, 0, "lives long"],
          [jobStart, 1, 0, ""],
          [waitBegin, 3, 0, "sleep"],
        ],
        [[waitEnd, 3, 0, ""]],
        [[jobEnd, 1, 0, ""]],
      );
      assert.equal(buildTimeline(trace).droppedRecords, 3);
    });

    it("says once of a pool that it grew, and what locks are called", () => {
      const trace = storeOf(
        [
          [poolGrow, 50, 1, "pool"],
          [poolGrow, 50, 2, "pool"],
          [resourceMade, 60, 1, "money"],
        ],
        [[ProbeKind.poolShrink, 50, 2, ""]],
        [[ProbeKind.acquired, 60, 0, ""]],
      );
      const timeline = buildTimeline(trace);
      assert.deepEqual(
        timeline.pools.map(({ name, changes }) => [name, changes.length]),
        [["pool", 1]],
      );
      assert.equal(contention(trace, timeline)[0]?.name, "money");
    });

    it("of more than can be kept, it keeps the latest", () => {
      const many = Array.from({ length: 10_050 }, (_, i): Some => [jobSpawn, i + 1, 0, `job ${i}`]);
      const { jobs } = buildTimeline(storeOf(many, [[jobStart, 1, 0, ""]]));
      assert.equal(jobs.filter(({ name }) => name !== undefined).length, 10_000);
      assert.ok(jobs.some(({ name }) => name === "job 10049"));
    });
  });
});
