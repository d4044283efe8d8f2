import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { findLabs, LABS, numberOf } from "#skein/labs/catalog";

import { ROOT } from "../support/run-program.js";

const MOST_LINES = 60;

describe("the labs", () => {
  it("show each of the fourteen statements", () => {
    const shown = new Set(LABS.flatMap(({ statements }) => statements));
    const all = Array.from({ length: 14 }, (_, i) => `S${i + 1}`);
    assert.deepEqual(
      all.filter((statement) => !shown.has(statement)),
      [],
    );
    assert.deepEqual(
      [...shown].filter((statement) => !all.includes(statement)),
      [],
    );
  });

  it("have one program each, and no program is without a lab", () => {
    const programs = readdirSync(join(ROOT, "labs")).filter((name) => name.endsWith(".ts"));
    assert.deepEqual(programs.toSorted(), LABS.map(({ name }) => `${name}.ts`).toSorted());
  });

  for (const lab of LABS) {
    it(`${lab.name}: a program of at most ${MOST_LINES} lines that needs nothing but Skein and the platform`, () => {
      const text = readFileSync(join(ROOT, "labs", `${lab.name}.ts`), "utf8");
      assert.ok(text.trimEnd().split("\n").length <= MOST_LINES);
      const imports = [...text.matchAll(/from "([^"]+)";$/gm)].map(([, name = ""]) => name);
      assert.ok(imports.includes("skein"));
      assert.deepEqual(
        imports.filter((name) => !/^(?:skein(?:\/(?:async|shared|threads|trace))?|node:.+)$/.test(name)),
        [],
      );
    });

    it(`${lab.name}: says everything in both languages`, () => {
      const { title, claim, explanation, next, prediction, phases, numbers } = lab;
      const sentences = [title, claim, explanation, next, prediction.question, ...prediction.choices].concat(
        Object.values(phases),
        numbers.map(({ words }) => words),
      );
      for (const { en, ru } of sentences) {
        assert.match(en, /^[^А-яЁё]+$/u);
        assert.match(ru, /[А-яЁё]/u);
      }
      assert.equal(prediction.choices.length, 3);
      assert.equal(new Set(numbers.map(({ name }) => name)).size, numbers.length);
    });
  }
});

describe("finding a lab", () => {
  it("goes by number, name and statement", () => {
    assert.deepEqual(findLabs("2").map(numberOf), [2]);
    assert.deepEqual(
      findLabs("Deadlock").map(({ name }) => name),
      ["deadlock"],
    );
    assert.deepEqual(
      findLabs("s14").map(({ name }) => name),
      ["four-models", "illusion", "parallel"],
    );
  });

  it("finds none for anything else", () => {
    for (const word of ["0", String(LABS.length + 1), "S15", "", "S", "-1", "1.5", "constructor"]) {
      assert.deepEqual(findLabs(word), [], word);
    }
  });
});

it("the compiled programs are where the command looks for them", () => {
  for (const { name } of LABS) assert.ok(existsSync(join(ROOT, "dist/lab-programs", `${name}.js`)));
});
