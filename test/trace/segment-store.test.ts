import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { readTraceFile, fileHeader, recordSegment } from "#skein/trace/trace-file";
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
            store.push({ bytes: bytesOf(size), toMs, thread, count });
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
      store.push({ bytes: recordSegment(thread, 0, [record, record], []), toMs: i, thread, count: 2 });
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
});
