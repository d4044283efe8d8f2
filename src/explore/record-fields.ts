/**
 * Plain fields of records in shared memory under exploration: to read or write one is a
 * step, as it is of a cell's `value`, and so it is checked for races. Atomic fields are
 * steps by themselves, and so are the elements of arrays in place.
 */
import { AT, type Located, onRecordClass, VIEWS } from "../shared/struct-class.js";
import { watchedElements } from "./elements.js";
import { readPlainly, writePlainly } from "./plain-accesses.js";
import type { SharedMemory } from "./shared-memory.js";

/** Has the fields of all records, whose classes have been made or will be, be steps while they are explored. */
export function exploreRecordFields(memory: SharedMemory): void {
  onRecordClass((prototype, { fields }) => {
    for (const { name, form, byteOffset } of fields) {
      if (form === "array") watchElements(memory, prototype, name);
      else if (form !== "atomic") makeSteps(memory, prototype, name, byteOffset);
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
      return readPlainly(placeIn(this), () => get.call(this));
    },
    set(this: Located, value: unknown) {
      writePlainly(placeIn(this), value, () => set.call(this, value));
    },
  });
}

function watchElements(memory: SharedMemory, prototype: Located, name: string): void {
  const property = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const { get } = property as { get(): unknown };
  Object.defineProperty(prototype, name, {
    ...property,
    get(this: Located) {
      return watchedElements(memory, () => get.call(this), name);
    },
  });
}
