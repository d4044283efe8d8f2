/** Blocks of whole lines of a file. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { eachLine, lineBlocks, readLines, textOf } from "#skein/async/bridge/host-node-lines";
import * as fc from "fast-check";

const FOLDER = mkdtempSync(join(tmpdir(), "skein-lines-"));
const FILE = join(FOLDER, "text");
after(() => rmSync(FOLDER, { recursive: true }));

/** The lines that each block of the file has. */
async function linesByBlock(text: string, blockBytes?: number): Promise<string[][]> {
  writeFileSync(FILE, text);
  const blocks = await lineBlocks(FILE, blockBytes === undefined ? {} : { blockBytes });
  return blocks.map((block) => {
    const bytes = readLines(block);
    const lines: string[] = [];
    eachLine(bytes, (from, to) => lines.push(textOf(bytes, from, to)));
    return lines;
  });
}

const reference = (text: string): string[] =>
  text
    .replace(/\n$/, "")
    .split("\n")
    .map((line, index, all) =>
      line.endsWith("\r") && (index < all.length - 1 || text.endsWith("\n")) ? line.slice(0, -1) : line,
    )
    .slice(text === "" ? 1 : 0);

describe("blocks of lines", () => {
  it("have each line once, in order, wherever the blocks are cut", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("", "a", "bc", "déjà vu", "x".repeat(40), "\r"), { maxLength: 12 }),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        fc.integer({ min: 1, max: 30 }),
        async (lines, separator, endsWithOne, blockBytes) => {
          const text = lines.join(separator) + (endsWithOne ? separator : "");
          assert.deepEqual((await linesByBlock(text, blockBytes)).flat(), reference(text));
        },
      ),
      { numRuns: 300 },
    ));

  it("give a line to the block in which it begins", async () => {
    assert.deepEqual(await linesByBlock("ab\ncd\nef\n", 3), [["ab"], ["cd"], ["ef"]]);
    assert.deepEqual(await linesByBlock("ab\ncd\nef\n", 4), [["ab", "cd"], ["ef"], []]);
    assert.deepEqual(await linesByBlock("abcdefgh\nij", 3), [["abcdefgh"], [], [], ["ij"]]);
  });

  it("read on where a line is longer than what is read at a time", async () => {
    const long = "0123456789".repeat(2000);
    assert.deepEqual(await linesByBlock(`${long}\n${long}\nend`, 7000), [[long], [], [long], [], [], ["end"]]);
  });

  it("are none for an empty file, and one for a small one", async () => {
    assert.deepEqual(await linesByBlock(""), []);
    assert.deepEqual(await linesByBlock("one"), [["one"]]);
  });

  it("are read into the same memory, so what was read before is good for no longer", async () => {
    writeFileSync(FILE, "ab\ncd\n");
    const blocks = await lineBlocks(FILE, { blockBytes: 3 });
    const [first, second] = blocks.map((block) => readLines(block));
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(textOf(second), "cd\n");
    assert.equal(first.buffer, second.buffer);
    assert.notEqual(textOf(first), "ab\n");
  });

  it("refuse what is no block, no size, no file, or has become shorter", async () => {
    writeFileSync(FILE, "ab\ncd\n");
    await assert.rejects(lineBlocks(FILE, { blockBytes: 0 }), { code: "SKEIN_INVALID_ARGUMENT" });
    await assert.rejects(lineBlocks(join(FOLDER, "none")), { code: "ENOENT" });
    assert.throws(() => readLines({ path: FILE } as never), { code: "SKEIN_INVALID_ARGUMENT" });
    assert.throws(() => eachLine("text" as never, () => undefined), { code: "SKEIN_INVALID_ARGUMENT" });
    const [block] = await lineBlocks(FILE);
    truncateSync(FILE, 2);
    assert.throws(() => readLines(block as never), /ends at byte 2, but had 6/);
  });
});
