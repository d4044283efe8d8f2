/** Plain reads and writes as steps: they order nothing, and are checked for races. */
import { controlled } from "./controlled.js";
import { Step } from "./operations.js";

/** Reads what is at a place; no step if it is `undefined`. */
export function readPlainly(place: number | undefined, read: () => unknown): unknown {
  const run = controlled;
  if (place === undefined || run === undefined) return read();
  if (run.before(Step.read, place)) return run.logged();
  return run.after(read(), false);
}

/** Writes a value to a place; no step if it is `undefined`. */
export function writePlainly(place: number | undefined, value: unknown, write: () => void): void {
  const run = controlled;
  if (place === undefined || run === undefined) {
    write();
  } else if (run.before(Step.write, place, value)) {
    run.logged();
  } else {
    write();
    run.after(value);
  }
}
