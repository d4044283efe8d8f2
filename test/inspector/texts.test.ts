import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { capabilities } from "#skein/trace/kernel/index";

import { duration, level, number, percent, tick } from "../../inspector/src/format.js";
import { sourceInWords } from "../../inspector/src/source-words.js";
import { type TextKey, textIn } from "../../inspector/src/texts.js";
import { ROOT } from "../support/run-program.js";

const source = readFileSync(join(ROOT, "inspector/src/texts.ts"), "utf8");
const keys = [...source.slice(0, source.indexOf("const RU")).matchAll(/^ {2}"([^"]+)":/gm)].map(
  ([, key]) => key as TextKey,
);

describe("texts", () => {
  it("have the same gaps in both languages", () => {
    assert.ok(keys.length > 200);
    const gaps = (text: string): string[] => (text.match(/\{\d\}/g) ?? []).toSorted();
    for (const key of keys) assert.deepEqual(gaps(textIn("ru", key)), gaps(textIn("en", key)), key);
  });

  it("are in Russian where they are words", () => {
    // The query's example is in the query's language.
    const alike = keys.filter((key) => textIn("ru", key) === textIn("en", key));
    assert.deepEqual(alike, ["tasks.query.hint", "export.chrome", "export.perfetto", "export.otlp", "export.csv"]);
  });

  it("are filled with values, which are never taken for gaps", () => {
    assert.equal(textIn("en", "tasks.count", "{1}", 5), "{1} of 5");
    assert.equal(textIn("ru", "tasks.count", 3, 5), "3 из 5");
  });
});

describe("what a recording says of its sources", () => {
  it("is there in Russian, all that this machine says", async () => {
    for (const told of await capabilities({ perf: "no-such-perf", taskset: "no-such-taskset" })) {
      const { gives, why, remedy } = sourceInWords(told, "ru");
      for (const text of [gives, why, remedy ?? "я"]) assert.match(text, /[а-я]/i, `${told.name}: ${text}`);
    }
  });

  it("stays as it is where it is not known, and in English", () => {
    const strange = { name: "__proto__", isAvailable: false, gives: "a new fact", why: "it is", remedy: undefined };
    const { name: _, isAvailable: __, ...told } = strange;
    for (const language of ["en", "ru"] as const) assert.deepEqual(sourceInWords(strange, language), told);
  });
});

describe("numbers", () => {
  it("have three figures and the unit that suits", () => {
    for (const [ms, en, ru] of [
      [0, "0 ms", "0 мс"],
      [0.000_12, "120 ns", "120 нс"],
      [0.0123, "12.3 µs", "12,3 мкс"],
      [1.234, "1.23 ms", "1,23 мс"],
      [99.96, "100 ms", "100 мс"],
      [1234, "1.23 s", "1,23 с"],
      [61_000, "61.0 s", "61,0 с"],
      [900_000, "15.0 min", "15,0 мин"],
    ] as const) {
      assert.equal(duration(ms, "en"), en);
      assert.equal(duration(ms, "ru"), ru);
    }
    assert.equal(duration(undefined, "en"), "–");
  });

  it("are written as the language writes them", () => {
    assert.equal(number(1_234_567, "en"), "1,234,567");
    assert.equal(number(1_234_567, "ru").replaceAll(/\s/g, " "), "1 234 567");
    assert.equal(level(1.25, "ru"), "1,3");
    assert.equal(level(250, "en"), "250");
    assert.equal(percent(0.034, "en"), "3.4 %");
    assert.equal(percent(0.5, "en"), "50 %");
  });

  it("tell moments of a ruler apart", () => {
    assert.equal(tick(-0, 1000, "en"), "0 s");
    assert.equal(tick(1500, 500, "en"), "1.5 s");
    assert.equal(tick(12, 2, "en"), "12 ms");
    assert.equal(tick(12.5, 0.5, "ru"), "12,5 мс");
    assert.equal(tick(0.012, 0.001, "en"), "12 µs");
    assert.equal(tick(12_345.5, 0.5, "en"), "12 s + 345.5 ms");
  });
});
