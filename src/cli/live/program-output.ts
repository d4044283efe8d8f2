/**
 * What a program prints while a table has the terminal: nothing of it is lost. It goes
 * into a file as it comes, its last lines stand under the table, and when the terminal is
 * free again it is printed there.
 */
import { createReadStream, createWriteStream, mkdtempSync, rmSync, type WriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

const LINES_KEPT = 50;
/** Of a line that goes on without end the last part is enough. */
const MOST_LINE = 2000;

export class ProgramOutput {
  readonly #path: string;
  readonly #folder: string | undefined;
  readonly #file: WriteStream;
  readonly #lines: string[] = [];
  readonly #rests = new Map<Readable, string>();
  #bytes = 0;
  #released: Promise<void> | undefined = undefined;
  #passesTo: NodeJS.WritableStream | undefined = undefined;

  /** @param path - where all of it is to be kept; a file that goes away with the table if `undefined` */
  constructor(path?: string) {
    this.#folder = path === undefined ? mkdtempSync(join(tmpdir(), "skein-output-")) : undefined;
    this.#path = path ?? join(this.#folder as string, "output.txt");
    this.#file = createWriteStream(this.#path);
  }

  /** Takes what comes from a stream of the program. Settles when there is no more. */
  async take(stream: Readable): Promise<void> {
    const decoder = new StringDecoder("utf8");
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      this.#bytes += chunk.length;
      await this.#released;
      // A place slower than the program holds the program up, as a terminal would.
      const to = this.#passesTo ?? this.#file;
      await new Promise<void>((resolve) => void to.write(chunk, () => resolve()));
      this.#takeLines(stream, decoder.write(chunk));
    }
    this.#takeLines(stream, `${decoder.end()}\n`);
  }

  #takeLines(stream: Readable, text: string): void {
    const lines = ((this.#rests.get(stream) ?? "") + text).split(/\r?\n/);
    this.#rests.set(stream, (lines.pop() ?? "").slice(-MOST_LINE));
    for (const line of lines) if (line !== "") this.#lines.push(stripVTControlCharacters(line).slice(0, MOST_LINE));
    if (this.#lines.length > LINES_KEPT) this.#lines.splice(0, this.#lines.length - LINES_KEPT);
  }

  /** The last lines that are whole, without colours. */
  get lastLines(): readonly string[] {
    return this.#lines;
  }

  /** Prints what came so far, if it is not kept in a file of its own, and from now on what comes, as it comes. */
  async release(to: NodeJS.WritableStream): Promise<void> {
    if (this.#folder === undefined) return;
    this.#released ??= this.#print(this.#folder, to);
    await this.#released;
  }

  async #print(folder: string, to: NodeJS.WritableStream): Promise<void> {
    // What is being written is written before the end; what comes later waits for this.
    this.#file.end();
    await finished(this.#file);
    try {
      if (this.#bytes > 0) await pipeline(createReadStream(this.#path), to, { end: false });
    } catch {
      // The terminal has gone, and with it whoever would have read this.
    }
    rmSync(folder, { recursive: true, force: true });
    this.#passesTo = to;
  }

  /** Closes a file that was asked for. */
  async close(): Promise<void> {
    if (this.#folder !== undefined) return;
    this.#file.end();
    await finished(this.#file);
  }
}
