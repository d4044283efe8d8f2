// What does it cost to read and write records in shared memory, field by field and whole?
import { sharedStruct } from "skein/shared";

import { ask, check, type Load, type Samples, time } from "./harness.js";

interface Point {
  x: number;
  y: number;
  speed: number;
  hits: number;
}

const RECORDS = 1000;
const BYTES = 32;

/**
 * @param move - adds `speed` to `x` in all records
 * @param copy - writes each record, and reads it again
 */
async function measure(load: Load, move: () => number, copy: () => number): Promise<Samples> {
  const rounds = load.of(2000, 20);
  const of = (once: () => number, units: number): Promise<number[]> =>
    time({ operations: rounds * RECORDS * units, batches: 12, warmUp: 4 }, () => {
      let sum = 0;
      for (let round = 0; round < rounds; round++) sum += once();
      check(sum > 0, true);
    });
  // Moving is two reads and a write; a copy writes and reads four fields.
  return { "a field": await of(move, 3), "a record": await of(copy, 1) };
}

function skein(load: Load): Promise<Samples> {
  const points = sharedStruct({ x: "float64", y: "float64", speed: "float64", hits: "int32" }, { name: "Point" }).array(
    RECORDS,
  );
  return measure(
    load,
    () => {
      for (let i = 0; i < RECORDS; i++) {
        const point = points.at(i);
        point.x += point.speed;
      }
      return points.at(0).x + 1;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        points.set(i, { x: i, y: 1, speed: 0.5, hits: i });
        sum += points.get(i).hits;
      }
      return sum;
    },
  );
}

function dataView(load: Load): Promise<Samples> {
  const view = new DataView(new SharedArrayBuffer(RECORDS * BYTES));
  const write = (i: number, { x, y, speed, hits }: Point): void => {
    view.setFloat64(i * BYTES, x, true);
    view.setFloat64(i * BYTES + 8, y, true);
    view.setFloat64(i * BYTES + 16, speed, true);
    view.setInt32(i * BYTES + 24, hits, true);
  };
  const read = (i: number): Point => ({
    x: view.getFloat64(i * BYTES, true),
    y: view.getFloat64(i * BYTES + 8, true),
    speed: view.getFloat64(i * BYTES + 16, true),
    hits: view.getInt32(i * BYTES + 24, true),
  });
  return measure(
    load,
    () => {
      for (let at = 0; at < RECORDS * BYTES; at += BYTES) {
        view.setFloat64(at, view.getFloat64(at, true) + view.getFloat64(at + 16, true), true);
      }
      return view.getFloat64(0, true) + 1;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        write(i, { x: i, y: 1, speed: 0.5, hits: i });
        sum += read(i).hits;
      }
      return sum;
    },
  );
}

/** What does not cross to another thread but by a copy. */
function plainObjects(load: Load): Promise<Samples> {
  const points: Point[] = Array.from({ length: RECORDS }, () => ({ x: 0, y: 0, speed: 0, hits: 0 }));
  return measure(
    load,
    () => {
      for (const point of points) point.x += point.speed;
      return (points[0] as Point).x + 1;
    },
    () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        points[i] = { x: i, y: 1, speed: 0.5, hits: i };
        sum += { ...(points[i] as Point) }.hits;
      }
      return sum;
    },
  );
}

await ask({
  module: import.meta.url,
  asks: "What does it cost to read and write records in shared memory, field by field and whole?",
  units: { "a field": "ns", "a record": "ns" },
  targets: [
    { metric: "a field", of: "skein", atMost: 3 },
    { metric: "a record", of: "skein", atMost: 60 },
    { metric: "a field", of: "skein", against: "DataView by hand", ratioAtMost: 2.5 },
  ],
  variants: {
    skein,
    // The same where text can't be compiled: loops over the fields.
    "skein, not compiled": (load) => {
      globalThis.Function = function refuse() {
        throw new EvalError("no code from strings");
      } as never;
      return skein(load);
    },
    "DataView by hand": dataView,
    "plain objects": plainObjects,
  },
});
