import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { inOrder, momentAt } from "../../inspector/src/analysis/event-order.js";
import { RowPainter } from "../../inspector/src/timeline/paint-row.js";
import {
  itemIndex,
  itemKind,
  ItemKind,
  itemOf,
  rowOf,
  spanAt,
  type SpanColumns,
  SpanStoreBuilder,
} from "../../inspector/src/timeline/span-store.js";

interface Drawn {
  readonly gap: number;
  readonly length: number;
  readonly state: number;
}

const row = fc.array(
  fc.record({
    gap: fc.integer({ min: 0, max: 5 }),
    length: fc.integer({ min: 0, max: 8 }),
    state: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 700 },
);

function storeOf(rows: readonly (readonly Drawn[])[]): SpanColumns {
  const store = new SpanStoreBuilder(2);
  for (const drawn of rows) {
    store.row();
    let atMs = 0;
    drawn.forEach(({ gap, length, state }, index) => {
      store.add(atMs + gap, atMs + gap + length, state, index, itemOf(ItemKind.job, index));
      atMs += gap + length;
    });
  }
  return store.finish();
}

/** What touches each pixel, with its edges, and what is inside: found by looking at every span. */
function paintedPlainly(
  columns: SpanColumns,
  at: number,
  fromMs: number,
  toMs: number,
  width: number,
): { readonly touching: ReadonlySet<number>; readonly isFilled: boolean }[] {
  const perMs = width / (toMs - fromMs);
  return Array.from({ length: width }, (_, x) => {
    const touching = new Set<number>();
    let isFilled = false;
    for (let span = columns.rowStart[at] ?? 0; span < (columns.rowStart[at + 1] ?? 0); span++) {
      const left = ((columns.begin[span] ?? 0) - fromMs) * perMs;
      const right = ((columns.end[span] ?? 0) - fromMs) * perMs;
      if (right < x - 1e-9 || left > x + 1 + 1e-9) continue;
      touching.add(columns.state[span] ?? 0);
      if (left < x + 1 - 1e-9 && right > x + 1e-9) isFilled = true;
    }
    return { touching, isFilled };
  });
}

describe("the store of spans", () => {
  it("finds the span at a moment, and the row of a span", () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 400 }), (rows, atMs) => {
        const columns = storeOf(rows);
        rows.forEach((_, index) => {
          const first = columns.rowStart[index] ?? 0;
          const last = columns.rowStart[index + 1] ?? 0;
          const found = spanAt(columns, index, atMs + 0.5, 0);
          const around = Array.from({ length: last - first }, (_unused, i) => first + i).filter(
            (span) => (columns.begin[span] ?? 0) <= atMs + 0.5 && atMs + 0.5 <= (columns.end[span] ?? 0),
          );
          assert.deepEqual(found === -1 ? [] : [found], around);
          for (let span = first; span < last; span++) assert.equal(rowOf(columns, span), index);
        });
      }),
    );
  });

  it("cuts what lies over the span before, so that rows stay in order", () => {
    const store = new SpanStoreBuilder();
    store.row();
    store.add(0, 10, 0, 0, 0);
    store.add(5, 20, 0, 0, 0);
    store.add(6, 8, 0, 0, 0);
    store.row();
    store.add(1, 2, 0, 0, 0);
    const { begin, end } = store.finish();
    assert.deepEqual([...begin], [0, 10, 20, 1]);
    assert.deepEqual([...end], [10, 20, 20, 2]);
  });

  it("keeps of an item what and which it is", () => {
    const item = itemOf(ItemKind.stall, 123_456_789);
    assert.deepEqual([itemKind(item), itemIndex(item)], [ItemKind.stall, 123_456_789]);
  });

  it("paints no pixel where nothing is, and none but with a state that is there", () => {
    const palette = Uint32Array.from({ length: 8 }, (_, state) => 0xff000001 + state);
    fc.assert(
      fc.property(
        row,
        fc.integer({ min: -20, max: 300 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 120 }),
        (drawn, fromMs, lengthMs, width) => {
          const columns = storeOf([[], drawn, []]);
          const painter = new RowPainter(width);
          const line = new Uint32Array(width);
          painter.paint(columns, 1, { fromMs, toMs: fromMs + lengthMs }, palette, line, 0);
          const plain = paintedPlainly(columns, 1, fromMs, fromMs + lengthMs, width);
          line.forEach((pixel, x) => {
            const { touching, isFilled } = plain[x] ?? { touching: new Set(), isFilled: false };
            if (pixel === 0) {
              // What is narrower than a pixel is in the one in which it begins, with all of its group.
              assert.ok(!isFilled || line[x - 1] !== 0, `pixel ${x} is empty`);
            } else {
              const near = new Set([...touching, ...(plain[x + 1]?.touching ?? [])]);
              assert.ok(near.has((pixel & 0xff) - 1), `pixel ${x} shows a state that is not there`);
            }
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("hands back every span that is wide on the screen, and no other", () => {
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 400 }), (drawn, lengthMs) => {
        const columns = storeOf([drawn]);
        const painter = new RowPainter(200);
        painter.paint(columns, 0, { fromMs: 0, toMs: lengthMs }, new Uint32Array(8), new Uint32Array(200), 0);
        const perMs = 200 / lengthMs;
        const wide = [...columns.begin.keys()].filter((span) => {
          const left = (columns.begin[span] ?? 0) * perMs;
          const right = (columns.end[span] ?? 0) * perMs;
          return right - left >= 10 && left < 200;
        });
        assert.deepEqual([...painter.wide], wide);
      }),
    );
  });
});

describe("event order", () => {
  it("numbers the moments, so that spans keep their order and every one has room", () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 3 }), (rows) => {
        const columns = storeOf(rows);
        const ordered = inOrder(columns);
        assert.ok(ordered !== undefined);
        const { momentsMs } = ordered;
        assert.deepEqual(
          [...momentsMs],
          [...new Set([...columns.begin, ...columns.end])].sort((a, b) => a - b),
        );
        columns.begin.forEach((beginMs, span) => {
          assert.equal(momentsMs[ordered.columns.begin[span] ?? -1], beginMs);
          assert.equal(momentsMs[ordered.columns.end[span] ?? -1], columns.end[span]);
          assert.equal(momentAt(momentsMs, beginMs), ordered.columns.begin[span]);
        });
      }),
      { numRuns: 50 },
    );
  });
});
