/**
 * Lines of files that are too large for one thread, or for memory: blocks of whole lines,
 * which can be read and worked on anywhere. Needs Node.
 *
 * A block is a range of bytes, cut without looking. It has those lines that *begin* in it:
 * who reads it skips what the block before it finishes, and reads on to the end of its last
 * line. So each line is in one block, blocks can be made before anything is read, and
 * whoever reads one needs no other.
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { stat } from "node:fs/promises";

import { MisuseError } from "../../core/errors.js";
import { requireOptions } from "../guard.js";
import { requireCount } from "../flow/stage.js";

/** The lines of a file that begin in a range of its bytes. Plain data: can be passed to a thread. */
export interface LineBlock {
  readonly path: string;
  /** The first byte of the range, and the first behind it. */
  readonly from: number;
  readonly to: number;
  /** Size of the file when the blocks were made. */
  readonly fileBytes: number;
}

/** How a file is cut into blocks. */
export interface LineBlockOptions {
  /** Bytes of a block, 4 MiB by default: enough that its way to a thread costs nothing against reading it. */
  readonly blockBytes?: number;
}

const BLOCK_BYTES = 4 * 1024 * 1024;
/** How much is read at a time of a line that goes on behind its block. */
const TAIL_BYTES = 4 * 1024;
const NEWLINE = 10;
const RETURN = 13;

/**
 * The blocks of whole lines that a text file has, to be worked on elsewhere.
 *
 * Nothing of the file is read. What is written to it later is not in a block.
 *
 * **Throws** what Node does for a file that is not there; `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * const { eachLine, lineBlocks, readLines } = await import("skein/node");
 * let lines = 0;
 * for (const block of await lineBlocks("package.json")) eachLine(readLines(block), () => lines++);
 * console.log(lines > 1); // true
 * ```
 *
 * @since 0.2.0
 */
export async function lineBlocks(path: string, options: LineBlockOptions = {}): Promise<LineBlock[]> {
  requireOptions("lineBlocks", options);
  const { blockBytes = BLOCK_BYTES } = options;
  requireCount("blockBytes", blockBytes, 1);
  const { size } = await stat(path);
  const blocks: LineBlock[] = [];
  for (let from = 0; from < size; from += blockBytes) {
    blocks.push({ path, from, to: Math.min(from + blockBytes, size), fileBytes: size });
  }
  return blocks;
}

/** What the thread reads into: kept, as it would else be most of what a block costs. */
let memory = Buffer.allocUnsafeSlow(0);

/**
 * Reads the lines of a block: whole lines, the last with its line end if it has one. Blocks
 * this thread while it reads.
 *
 * The bytes are good until the next block is read on this thread; `slice()` of them lasts.
 *
 * **Throws** what Node does; `SKEIN_INVALID_ARGUMENT` for what is no block, or if the file
 * is shorter than when the blocks were made.
 *
 * **Cost** One read, and for the end of the last line some 4 KiB more.
 *
 * @since 0.2.0
 */
export function readLines(block: LineBlock): Uint8Array {
  requireBlock(block);
  const { path, from, to, fileBytes } = block;
  const file = openSync(path, "r");
  try {
    // One byte before it, to see whether a line begins with the block.
    const begin = Math.max(0, from - 1);
    let end = to;
    room(end - begin + TAIL_BYTES);
    readInto(file, block, 0, begin, end);
    const first = from === 0 ? 0 : memory.subarray(0, end - begin).indexOf(NEWLINE) + 1;
    // The block is the middle of one line, which another has.
    if (from > 0 && first === 0) return memory.subarray(0, 0);
    // A line that begins behind the block is not its: nothing is missing if it ends with one.
    if (begin + first >= to) return memory.subarray(0, 0);
    let length = end - begin;
    while (memory[length - 1] !== NEWLINE && end < fileBytes) {
      const more = Math.min(TAIL_BYTES, fileBytes - end);
      room(length + more);
      readInto(file, block, length, end, end + more);
      const newline = memory.subarray(length, length + more).indexOf(NEWLINE);
      length += newline === -1 ? more : newline + 1;
      end += more;
    }
    return memory.subarray(first, length);
  } finally {
    closeSync(file);
  }
}

/** Makes room for so many bytes; what was read stays. */
function room(bytes: number): void {
  if (memory.byteLength >= bytes) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(bytes, memory.byteLength * 2));
  memory.copy(larger);
  memory = larger;
}

/** Reads bytes of the file to a place in memory, however many times that takes. */
function readInto(file: number, { path, fileBytes }: LineBlock, at: number, from: number, to: number): void {
  for (let done = from; done < to;) {
    const count = readSync(file, memory, at + done - from, to - done, done);
    if (count === 0) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `${path} ends at byte ${done}, but had ${fileBytes} when its blocks were made: it must not become shorter meanwhile`,
      );
    }
    done += count;
  }
}

/**
 * Calls `visit` for each line, with where it begins and ends in the bytes: without its line
 * end, which is "\n" or "\r\n". What follows the last one is a line too, if it is not empty.
 *
 * Numbers instead of text, as text is most of what a line costs; `textOf` makes it.
 *
 * @example
 * ```ts
 * const { eachLine, textOf } = await import("skein/node");
 * const bytes = new TextEncoder().encode("a\r\nbc");
 * eachLine(bytes, (from, to) => console.log(textOf(bytes, from, to))); // a
 * ```
 *
 * @since 0.2.0
 */
export function eachLine(bytes: Uint8Array, visit: (from: number, to: number) => void): void {
  if (!(bytes instanceof Uint8Array) || typeof visit !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", "eachLine expected bytes (a Uint8Array) and a function");
  }
  const { length } = bytes;
  for (let from = 0; from < length;) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline === -1 ? length : newline;
    visit(from, newline > from && bytes[newline - 1] === RETURN ? newline - 1 : end);
    from = end + 1;
  }
}

/** The text (UTF-8) of a range of bytes. */
export function textOf(bytes: Uint8Array, from: number = 0, to: number = bytes.length): string {
  const { buffer, byteOffset } = bytes;
  return Buffer.from(buffer, byteOffset + from, to - from).toString();
}

function requireBlock(block: unknown): void {
  const given = block as Partial<LineBlock> | undefined | null;
  const isBlock =
    typeof given === "object" &&
    given !== null &&
    typeof given.path === "string" &&
    [given.from, given.to, given.fileBytes].every((bytes) => Number.isSafeInteger(bytes) && (bytes as number) >= 0);
  if (isBlock) return;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", "readLines expected a block that lineBlocks has made");
}
