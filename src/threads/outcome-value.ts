/** Values out of the records of outcomes, on the pool's side. */
import { heap } from "../shared/heap.js";
import { viewsOf } from "../shared/memory-views.js";
import { arrival } from "../shared/object.js";
import { bytesUpTo } from "../shared/payload.js";
import { decodeValue } from "../shared/value-codec.js";
import { type Line, OUTCOME_FROM, OUTCOME_LENGTH, OUTCOME_TAGS, OUTCOME_VALUE } from "./line.js";
import { howTagged, IN_PAYLOAD, readScalar } from "./scalars.js";
import { decodeShaped } from "./task-shapes.js";
import type { NumberedTask } from "./thread.js";

/** What a call of a task gave, or failed with. Throws what keeps it from being read. */
export function valueOfOutcome(line: Line, record: number, { codecs, identity }: NumberedTask): unknown {
  const { cells } = line;
  const tags = cells[record + OUTCOME_TAGS] as number;
  if (howTagged(tags) !== IN_PAYLOAD) return readScalar(line, record + OUTCOME_VALUE, tags);
  const from = line.offset + (cells[record + OUTCOME_FROM] as number);
  const length = cells[record + OUTCOME_LENGTH] as number;
  // Of all lines in the same view of the heap: the reader keeps what it needs for that.
  const bytes = bytesUpTo(heap(), from + length);
  return tags === IN_PAYLOAD
    ? decodeValue(bytes, arrival as never, from, length)
    : decodeShaped(codecs?.result, identity.key, viewsOf(heap()), from, length);
}
