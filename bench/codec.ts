// What does it cost to take a plain object across to another thread's memory and back out of it?
import { deepStrictEqual } from "node:assert";
import { deserialize, serialize } from "node:v8";

import { arrayOf, type Shape, shape } from "skein/threads";

import { ask, check, type Load, type Samples, time, type Variant } from "./harness.js";

// The library's own codecs, which are not public: pools, channels and maps use them.
const SOURCE = new URL("../../dist/shared/", import.meta.url).href;
const { encode, decodeValue } = (await import(
  `${SOURCE}value-codec.js`
)) as typeof import("../src/shared/value-codec.js");
const { copyWords } = (await import(`${SOURCE}payload.js`)) as typeof import("../src/shared/payload.js");
const { MemoryViews } = (await import(`${SOURCE}memory-views.js`)) as typeof import("../src/shared/memory-views.js");
const { ShapeCodec } = (await import(`${SOURCE}shape-codec.js`)) as typeof import("../src/shared/shape-codec.js");
const { formOf } = (await import(`${SOURCE}shape-form.js`)) as typeof import("../src/shared/shape-form.js");

interface Case {
  readonly value: unknown;
  readonly of: Shape;
  /** Operations in one batch. */
  readonly operations: number;
}

const Line = shape({ a: "int32", b: "string", c: arrayOf("int32") });

const CASES: Readonly<Record<string, Case>> = {
  "{a, b, c[3]}": { value: { a: 1, b: "str", c: [1, 2, 3] }, of: Line, operations: 20_000 },
  "a record of 9 objects": {
    value: {
      id: 7,
      name: "customer 7",
      email: "c7@example.org",
      active: true,
      balance: 10.5,
      address: { street: "Long street 7", city: "Malmö", zip: 12352, position: { lat: 62.6, lon: 20.05 } },
      tags: ["new", "vip"],
      orders: [
        { a: 1, b: "x", c: [1] },
        { a: 2, b: "y", c: [2, 3] },
      ],
    },
    of: {
      id: "uint32",
      name: "string",
      email: "string",
      active: "boolean",
      balance: "float64",
      address: { street: "string", city: "string", zip: "uint32", position: { lat: "float64", lon: "float64" } },
      tags: arrayOf("string"),
      orders: arrayOf(Line),
    },
    operations: 3000,
  },
  "100 records": {
    value: Array.from({ length: 100 }, (_, id) => ({
      id,
      name: `customer ${id}`,
      score: id * 1.5,
      active: id % 2 === 0,
      tags: [id, id + 1],
    })),
    of: arrayOf({ id: "uint32", name: "string", score: "float64", active: "boolean", tags: arrayOf("int32") }),
    operations: 200,
  },
  "a Float64Array(1000)": {
    value: Float64Array.from({ length: 1000 }, (_, i) => i * 1.1),
    of: "Float64Array",
    operations: 3000,
  },
  "a Map of 20": {
    value: new Map(Array.from({ length: 20 }, (_, i) => [`key ${i}`, { i }])),
    of: "value",
    operations: 2000,
  },
};

/** Takes a value across, or gives `undefined` if it can't. */
type Way = (given: Case) => ((value: unknown) => unknown) | undefined;

function measured(way: Way): Variant {
  return async (load: Load): Promise<Samples> => {
    const samples: Record<string, readonly number[]> = {};
    for (const [name, given] of Object.entries(CASES)) {
      const across = way(given);
      if (across === undefined) continue;
      const { value, operations } = given;
      deepStrictEqual(across(value), value);
      const kind = typeof value;
      samples[name] = await time({ operations, batches: load.of(15, 2), warmUp: load.of(6, 0) }, () => {
        let arrived: unknown;
        for (let i = 0; i < operations; i++) {
          arrived = across(value);
          check(typeof arrived, kind);
        }
        deepStrictEqual(arrived, value);
      });
    }
    return samples;
  };
}

const BYTES = 1024 * 1024;
const isPlain = ({ value }: Case): boolean => !(value instanceof Map) && !ArrayBuffer.isView(value);

const noObjects = (): never => {
  throw new Error("there are no shared objects in these values");
};

const skein: Way = () => {
  const memory = new MemoryViews(new Int32Array(new SharedArrayBuffer(BYTES)));
  return (value) => {
    const encoded = encode(value);
    copyWords(encoded, memory.int32, 0);
    return decodeValue(memory.uint8, noObjects, 0, encoded.byteLength);
  };
};

const skeinShape: Way = ({ of }) => {
  if (of === "value") return undefined;
  const memory = new MemoryViews(new Int32Array(new SharedArrayBuffer(BYTES)));
  const codec = new ShapeCodec(formOf(of, "shape"));
  return (value) => {
    const encoded = codec.encode(value);
    if (encoded === undefined) throw new Error(codec.misfit(value, "value"));
    copyWords(encoded, memory.int32, 0);
    return codec.decode(memory, 0, encoded.byteLength);
  };
};

const jsonByMemory: Way = (given) => {
  if (!isPlain(given)) return undefined;
  const memory = new Uint8Array(new SharedArrayBuffer(BYTES));
  const bytes = Buffer.from(memory.buffer);
  const encoder = new TextEncoder();
  return (value) => {
    const { written } = encoder.encodeInto(JSON.stringify(value), memory);
    return JSON.parse(bytes.toString("utf8", 0, written)) as unknown;
  };
};

const small = "{a, b, c[3]}";

await ask({
  module: import.meta.url,
  asks: "What does it cost to take a plain object across to another thread's memory and back out of it?",
  units: Object.fromEntries(Object.keys(CASES).map((name) => [name, "ns"])),
  targets: [
    { metric: small, of: "skein", against: "structuredClone", ratioAtMost: 1 / 4 },
    { metric: small, of: "skein", against: "JSON", ratioAtMost: 1 / 1.5 },
    { metric: small, of: "skein, of a shape", against: "structuredClone", ratioAtMost: 1 / 12 },
  ],
  variants: {
    skein: measured(skein),
    "skein, of a shape": measured(skeinShape),
    structuredClone: measured(() => structuredClone),
    JSON: measured((given) => (isPlain(given) ? (value) => JSON.parse(JSON.stringify(value)) as unknown : undefined)),
    "JSON, by shared memory": measured(jsonByMemory),
    "v8.serialize": measured(() => (value) => deserialize(serialize(value)) as unknown),
  },
});
