import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Column, cut, fill, flowLines, tableLines, wrapLines } from "#skein/cli/live/table";

interface Row {
  readonly name: string;
  readonly cpu: string;
  readonly core: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", cell: ({ name }) => name, align: "left", rank: Infinity, most: 20, takesRest: true },
  { title: "CPU", cell: ({ cpu }) => cpu, align: "right", rank: Infinity, most: 6 },
  { title: "CORE", cell: ({ core }) => core, align: "right", rank: 1, most: 4 },
];
const ROWS: readonly Row[] = [
  { name: "main", cpu: "99 %", core: "1" },
  { name: "a-thread-with-a-very-long-name-indeed", cpu: "1 %", core: "–" },
];

describe("a table", () => {
  it("has its titles above its cells, each column at its side", () => {
    assert.deepEqual(tableLines(COLUMNS, ROWS.slice(0, 1), 40), ["NAME   CPU  CORE", "main  99 %     1"]);
  });

  it("cuts the column that takes the rest, and says so", () => {
    const [, , long = ""] = tableLines(COLUMNS, ROWS, 40);
    assert.equal(long, "a-thread-with-a-very-long-n…   1 %     –");
  });

  it("leaves out the columns that are needed least where there is no room, and never the others", () => {
    assert.deepEqual(tableLines(COLUMNS, ROWS, 25)[0], "NAME                  CPU");
    assert.ok(tableLines(COLUMNS, ROWS, 4).every((line) => line.length <= 4));
  });

  it("counts columns as a terminal does, and lets no name move its cursor", () => {
    assert.equal(cut("日本語", 5), "日本…");
    assert.equal(fill("é", 3, "right"), "  é");
    assert.equal(fill("e\u0301", 3, "left"), "e\u0301  ");
    assert.equal(cut("a\u001B[2Jb", 20), "a�[2Jb");
  });
});

describe("parts on lines", () => {
  it("stand beside each other as far as there is room", () => {
    assert.deepEqual(flowLines(["one 1", "two 2", "three 3"], 14, "  "), ["one 1  two 2", "three 3"]);
    assert.deepEqual(flowLines([], 14), []);
  });

  it("are words of a sentence, of which later lines are indented", () => {
    assert.deepEqual(wrapLines("one two three four", 9), ["one two", "  three", "  four"]);
    assert.deepEqual(wrapLines("abcdefghijkl", 5), ["abcd…"]);
  });
});
