import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { decimal, duration, englishCount, percent, russianCount, russianCountOf } from "#skein/trace/words/language";

void describe("numbers in words", () => {
  void it("take the form that Russian asks for", () => {
    const said = (count: number | string): string => russianCount(count, "поток", "потока", "потоков");
    assert.deepEqual([0, 1, 2, 4, 5, 11, 12, 14, 19, 20, 21, 22, 25, 101, 111, 112, 121, 1011].map(said), [
      "0 потоков",
      "1 поток",
      "2 потока",
      "4 потока",
      "5 потоков",
      "11 потоков",
      "12 потоков",
      "14 потоков",
      "19 потоков",
      "20 потоков",
      "21 поток",
      "22 потока",
      "25 потоков",
      "101 поток",
      "111 потоков",
      "112 потоков",
      "121 поток",
      "1011 потоков",
    ]);
    assert.deepEqual(["0,4", "1,0", "1,9", "5,5"].map(said), ["0,4 потока", "1,0 потока", "1,9 потока", "5,5 потока"]);
    assert.deepEqual(
      [1, 2, 5, 11, 21].map((count) => russianCountOf(count, "потоке", "потоках")),
      ["1 потоке", "2 потоках", "5 потоках", "11 потоках", "21 потоке"],
    );
  });

  void it("take the form that English asks for", () => {
    assert.deepEqual(
      [0, 1, 2, "1.0", "0.4"].map((count) => englishCount(count, "core")),
      ["0 cores", "1 core", "2 cores", "1.0 core", "0.4 cores"],
    );
  });

  void it("have as many digits as say something", () => {
    assert.deepEqual(
      [0.04, 0.44, 9.94, 9.95, 34.4].map((value) => decimal(value, "en")),
      ["0.0", "0.4", "9.9", "10", "34"],
    );
    assert.equal(decimal(0.44, "ru"), "0,4");
    assert.deepEqual(
      [0.001, 0.24, 7.77, 9.96, 812.4, 999.6, 61_234].map((ms) => duration(ms, "en")),
      ["0 ms", "0.2 ms", "7.8 ms", "10 ms", "812 ms", "1.0 s", "61 s"],
    );
    assert.equal(duration(1500, "ru"), "1,5 с");
    assert.equal(percent(0.745), "75 %");
  });
});
