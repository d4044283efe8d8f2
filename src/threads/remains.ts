/** What a thread that has ended leaves on the lines; see the layout of `line.ts`. */
import { load, store } from "#atomics";

import {
  CALL_NUMBER,
  CALL_STATE,
  FREE,
  type Line,
  MOST_RUNNING,
  QUEUED,
  RECORDS,
  RUNNING,
  takenBy,
  takeQueued,
  WITHDRAWN,
} from "./line.js";

/** The numbers of the calls that it ran, or had taken. Some may have ended: they are in no table any more. */
export function callsLostWith(own: Line, place: number, lines: readonly Line[]): Set<number> {
  const lost = new Set<number>();
  for (let running = RUNNING; running < RUNNING + MOST_RUNNING; running++) {
    lost.add(own.cells[running] as number);
    own.cells[running] = 0;
  }
  const taken = takenBy(place);
  for (const line of lines) {
    for (let count = 0; count < RECORDS; count++) {
      const record = line.call(count);
      if (load(line.cells, record + CALL_STATE) !== taken) continue;
      lost.add(line.cells[record + CALL_NUMBER] as number);
      store(line.cells, record + CALL_STATE, FREE);
    }
  }
  return lost;
}

/**
 * Takes back the calls of a line that no thread has taken, in order.
 *
 * @param next - the count of the record that is filled next: the oldest is there too
 * @param hasEnded - whether the line's own thread has ended, which else frees those
 *   that were withdrawn
 * @param stays - whether the call of a number is to stay where it is
 */
export function takeBack(
  line: Line,
  next: number,
  hasEnded: boolean,
  stays: (call: number) => boolean = () => false,
): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < RECORDS; i++) {
    const record = line.call((next + i) | 0);
    // Only the pool fills records, so that is the call that is taken next.
    if (stays(line.cells[record + CALL_NUMBER] as number)) continue;
    const state = takeQueued(line.cells, record, WITHDRAWN);
    if (state === QUEUED) numbers.push(line.cells[record + CALL_NUMBER] as number);
    if (hasEnded && (state === QUEUED || state === WITHDRAWN)) store(line.cells, record + CALL_STATE, FREE);
  }
  return numbers;
}
