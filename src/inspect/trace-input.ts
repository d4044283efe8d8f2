/** Reading trace files that may come from anywhere. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

import { decodeTrace } from "../trace/index.js";

/** A file that can't be shown, in words for whoever named it. */
export class TraceInputError extends Error {}

/** No recording of ours comes near this; a larger file would fill a page's memory before it could be refused there. */
const MOST_BYTES = 512 * 2 ** 20;

export interface TraceInput {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why only a part of it can be shown; `undefined` if it is whole. */
  readonly problem: string | undefined;
}

/** Reads a trace file and sees that it is one. Throws `TraceInputError`. */
export function readTrace(path: string): TraceInput {
  const bytes = readBounded(path);
  let problem: string | undefined;
  try {
    decodeTrace(bytes, {}, (found) => (problem = found.message));
    return { bytes, problem };
  } catch (error) {
    throw new TraceInputError(`${path} cannot be shown: ${wordsOf(error)}`, { cause: error });
  }
}

function readBounded(path: string): Uint8Array<ArrayBuffer> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new TraceInputError(
      isMissing ? `there is no file ${path}` : `${path} could not be opened: ${wordsOf(error)}`,
      {
        cause: error,
      },
    );
  }
  try {
    const facts = fstatSync(file);
    // A pipe or a device has no size, and might never end.
    if (!facts.isFile()) throw new TraceInputError(`${path} is not a file`);
    if (facts.size === 0) throw new TraceInputError(`${path} is empty`);
    if (facts.size > MOST_BYTES) {
      throw new TraceInputError(
        `${path} has ${Math.round(facts.size / 2 ** 20)} MB, more than the ${MOST_BYTES / 2 ** 20} MB that can be shown`,
      );
    }
    const bytes = new Uint8Array(facts.size);
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(file, bytes, read, bytes.length - read, null);
      if (count === 0) break; // it became shorter meanwhile; what is missing is noticed when it is decoded
      read += count;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
