/**
 * What helpers give back, in a payload of their call's memory: as `encodeValue` has it, or, as
 * most give nothing but numbers, those alone. They are written and read in a fraction of the time.
 *
 * Layout of numbers, as Float64 indexes; for each range
 *   0  its first item
 *   1  how many numbers there are, of a list; −1 if it is one by itself
 *   from 2 on, the numbers
 */
import { describeThrown, TransferError } from "../core/errors.js";
import { heap } from "../shared/heap.js";
import { viewsOf } from "../shared/memory-views.js";
import { arrival } from "../shared/object.js";
import {
  bytesOfPayload,
  handOver,
  makePayload,
  makePayloadOfNumbers,
  PAYLOAD_HEADER_BYTES,
} from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { encodeThrown } from "../threads/error-codec.js";
import type { PartsDone } from "./part.js";
import type { Payload } from "./told.js";

export interface GivenBack extends Payload {
  readonly areNumbers: boolean;
}

type RangeValues = PartsDone["values"];

/** How many cells all of it takes; −1 if there is something else than numbers. */
function cellsOf(values: RangeValues): number {
  let cells = 0;
  for (const [, value] of values) {
    cells += 2;
    if (typeof value === "number") cells++;
    else if (!Array.isArray(value)) return -1;
    else {
      for (const one of value as unknown[]) if (typeof one !== "number") return -1;
      cells += value.length;
    }
  }
  return cells;
}

/**
 * Gives back what was done, to the thread that has that slot.
 *
 * If this thread ends, what it has in its hands is freed by others, and this the caller reads
 * after that. Stopped here, it leaves a payload that nobody names: in the caller's hands, so it
 * is freed when the caller's thread ends.
 *
 * @returns `undefined` if there is nothing to tell
 */
export function giveBack(container: number, done: PartsDone, callerSlot: number): GivenBack | undefined {
  const { values, thrown, missing } = done;
  const own = heap();
  let given: GivenBack;
  const cells = thrown === undefined && missing === undefined ? cellsOf(values) : -1;
  if (cells === 0) return undefined;
  if (cells > 0) {
    const payload = makePayloadOfNumbers(own, container, cells);
    const { float64 } = viewsOf(own);
    let at = (payload + PAYLOAD_HEADER_BYTES) / 8;
    for (const [from, value] of values) {
      float64[at++] = from;
      if (typeof value === "number") {
        float64[at++] = -1;
        float64[at++] = value;
      } else {
        const list = value as readonly number[];
        float64[at++] = list.length;
        for (let i = 0; i < list.length; i++) float64[at++] = list[i] as number;
      }
    }
    given = { payload, byteLength: cells * 8, areNumbers: true };
  } else {
    const bytes = bytesOf(done);
    given = { payload: makePayload(own, container, bytes), byteLength: bytes.byteLength, areNumbers: false };
  }
  handOver(own, given.payload, callerSlot);
  return given;
}

/** What can't cross is told in place of what was made. */
function bytesOf(done: PartsDone): Uint8Array {
  try {
    return encodeValue(done);
  } catch (error) {
    const why = `what a callback gave can't be passed to the thread that called: ${describeThrown(error)}`;
    const thrown = { part: 0, error: encodeThrown(new TransferError(why, { cause: error })) };
    return encodeValue({ ...done, values: [], thrown });
  }
}

/** What was given back, on the caller's thread; `others` is what a helper knows of itself without. */
export function readBack({ payload, byteLength, areNumbers }: GivenBack, others: PartsDone): PartsDone {
  const own = heap();
  const bytes = bytesOfPayload(own, payload, byteLength);
  if (!areNumbers) return decodeValue(bytes, arrival as never) as PartsDone;
  const { float64 } = viewsOf(own);
  const values: [number, unknown][] = [];
  const begin = (payload + PAYLOAD_HEADER_BYTES) / 8;
  const end = begin + byteLength / 8;
  for (let at = begin; at < end;) {
    const from = float64[at++] as number;
    const count = float64[at++] as number;
    if (count === -1) values.push([from, float64[at++]]);
    else {
      const list: unknown[] = [];
      for (const last = at + count; at < last;) list.push(float64[at++]);
      values.push([from, list]);
    }
  }
  return { ...others, values };
}
