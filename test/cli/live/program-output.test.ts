import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { after, describe, it } from "node:test";

import { ProgramOutput } from "#skein/cli/live/program-output";

/** What a stream is given, as text. */
function collected(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return { stream, text: () => Buffer.concat(parts).toString("utf8") };
}

describe("what a program prints", () => {
  it("is kept, with its last lines at hand, and printed when the terminal is free", async () => {
    const output = new ProgramOutput();
    const text = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join("");
    await output.take(Readable.from([Buffer.from(text)]));
    assert.equal(output.lastLines.length, 50);
    assert.equal(output.lastLines.at(-1), "line 99");
    const to = collected();
    await output.release(to.stream);
    await output.release(to.stream);
    assert.equal(to.text(), text);
  });

  it("comes in its order, also what comes while the rest is being printed", async () => {
    const output = new ProgramOutput();
    const source = new PassThrough();
    const taken = output.take(source);
    source.write("one\n");
    const to = collected();
    const released = output.release(to.stream);
    source.write("two\n");
    await released;
    source.end("three");
    await taken;
    assert.equal(to.text(), "one\ntwo\nthree");
  });

  it("has lines without colours, of letters that were cut apart, and one without an end", async () => {
    const output = new ProgramOutput();
    const bytes = Buffer.from("\u001B[31mпривет\u001B[0m\r\nlast");
    await output.take(Readable.from([bytes.subarray(0, 6), bytes.subarray(6)]));
    assert.deepEqual(output.lastLines, ["привет", "last"]);
    await output.release(collected().stream);
  });

  it("goes whole into a file that was asked for, and then nowhere else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "skein-output-test-"));
    after(() => rmSync(folder, { recursive: true }));
    const output = new ProgramOutput(join(folder, "out.txt"));
    await output.take(Readable.from([Buffer.from("all of it\n")]));
    const to = collected();
    await output.release(to.stream);
    await output.close();
    assert.equal(to.text(), "");
    assert.equal(readFileSync(join(folder, "out.txt"), "utf8"), "all of it\n");
  });
});
