import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { drawLanes, lengthOf } from "#skein/labs/picture";
import { numberText } from "#skein/labs/show";
import { labelled, shareText, table, wrap } from "#skein/labs/text";

import { lanesAtOnce, lanesInTurns } from "./support/measurements.js";

describe("a picture of lanes", () => {
  it("shows who ran when, on one scale", () => {
    const lanes = [
      { name: "a", runs: [[0, 50]] as const },
      { name: "bb", runs: [[50, 100]] as const },
    ];
    assert.deepEqual(drawLanes(lanes, 24), [
      `a  ${"█".repeat(10)}${"·".repeat(10)}`,
      `bb ${"·".repeat(10)}${"█".repeat(10)}`,
    ]);
    assert.equal(lengthOf(lanes), 100);
  });

  it("shades a cell by how much of it was run, and shows what is too short for one", () => {
    const [row = ""] = drawLanes(
      [
        {
          name: "a",
          runs: [
            [0, 10],
            [10, 13],
            [25, 25.01],
            [96, 100],
          ],
        },
      ],
      13,
    );
    assert.equal(row, "a █▒░······▒");
  });

  it("is as wide as was asked for, whatever the lanes", () => {
    for (const lanes of [lanesInTurns(4), lanesAtOnce(2), lanesInTurns(12, 0.001)]) {
      for (const row of drawLanes(lanes, 60)) assert.ok(row.length <= 60, row);
    }
  });

  it("leaves out what there is no room for, and says how many", () => {
    const rows = drawLanes(lanesInTurns(40), 60);
    assert.equal(rows.length, 13);
    assert.equal(rows.at(-1), "… +28");
  });

  it("is nothing where nobody ran", () => {
    assert.deepEqual(drawLanes([{ name: "a", runs: [] }], 60), []);
    assert.equal(lengthOf([]), 0);
  });
});

describe("text", () => {
  it("is broken at blanks, and a word that is too long stands alone", () => {
    assert.deepEqual(wrap("one two three", 8), ["one two", "three"]);
    assert.deepEqual(wrap("a incomprehensible b", 5), ["a", "incomprehensible", "b"]);
  });

  it("stands behind its label", () => {
    assert.deepEqual(labelled("Claim", "one two three four five six", 30, 8), [
      "Claim   one two three four",
      "        five six",
    ]);
  });

  it("in columns has numbers to the right", () => {
    assert.deepEqual(
      table([
        ["a", "10"],
        ["long", "5"],
      ]),
      ["a     10", "long   5"],
    );
  });

  it("of numbers follows the language and the unit", () => {
    assert.equal(shareText(0.0015, "ru"), "0,1\u00A0%");
    assert.equal(shareText(0, "en"), "0\u00A0%");
    assert.equal(numberText(2_000_000, "count", "en"), "2,000,000");
    assert.equal(numberText(4.25, "us", "en"), "4.3 µs");
    assert.equal(numberText(1500, "ms", "ru"), "1,5 с");
    assert.equal(numberText(0.5, "share", "en"), "50 %");
    assert.equal(numberText(128, "kb", "ru"), "128 кБ");
  });
});
