/**
 * Plain fields of records in shared memory under exploration: to read or write one is a
 * step, as it is of a cell's `value`, and so it is checked for races. Atomic fields are
 * steps by themselves. Arrays in place are the platform's typed arrays, and unseen.
 */
import { AT, type Located, onRecordClass, VIEWS } from "../shared/struct-class.js";
import { controlled } from "./controlled.js";
import { Step } from "./operations.js";
import type { SharedMemory } from "./shared-memory.js";

/** Has the fields of all records, whose classes have been made or will be, be steps while they are explored. */
export function exploreRecordFields(memory: SharedMemory): void {
  onRecordClass((prototype, { fields }) => {
    for (const { name, form, byteOffset } of fields) {
      if (form !== "atomic" && form !== "array") makeSteps(memory, prototype, name, byteOffset);
    }
  });
}

function makeSteps(memory: SharedMemory, prototype: Located, name: string, byteOffset: number): void {
  const property = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const { get, set } = property as { get(): unknown; set(value: unknown): void };
  const placeIn = (record: Located): number | undefined =>
    memory.plainPlaceOf(record[VIEWS]().uint8.buffer, record[AT]() + byteOffset, name);
  Object.defineProperty(prototype, name, {
    ...property,
    get(this: Located) {
      const place = placeIn(this);
      const run = controlled;
      if (place === undefined || run === undefined) return get.call(this);
      if (run.before(Step.read, place)) return run.logged();
      return run.after(get.call(this), false);
    },
    set(this: Located, value: unknown) {
      const place = placeIn(this);
      const run = controlled;
      if (place === undefined || run === undefined) {
        set.call(this, value);
      } else if (run.before(Step.write, place, value)) {
        run.logged();
      } else {
        set.call(this, value);
        run.after(value);
      }
    },
  });
}
