/** Values of shapes, written and read as the form says, step by step: where code can't be compiled for it. */
import { giveMember } from "./key-lists.js";
import type { MemoryViews } from "./memory-views.js";
import { type Form, type Member, type ViewName, VIEWS } from "./shape-form.js";
import {
  aligned,
  behindBytes,
  behindText,
  damaged,
  readEncoded,
  readText,
  readView,
  writeEncoded,
  writeText,
  writeView,
} from "./shape-parts.js";
import { ELEMENTS } from "./record-schema.js";
import { encode } from "./value-codec.js";

/**
 * Writes a value that fits. One that fits no more, as a getter has changed it, may make
 * it throw anything.
 *
 * @param at - in words
 * @returns the place behind it. If that is beyond the memory, there was no room, and
 *   some of it was not written
 */
export function loopingWrite(form: Form, value: unknown, memory: MemoryViews, at: number): number {
  const { int32, float64 } = memory;
  const room = int32.length;
  switch (form.kind) {
    case "number": {
      const { type } = form;
      if (type === "float64") {
        float64[aligned(at) >> 1] = value as number;
        return aligned(at) + 2;
      }
      if (type === "bigint64" || type === "biguint64") {
        memory[type][aligned(at) >> 1] = value as bigint;
        return aligned(at) + 2;
      }
      int32[at] = value as number;
      return at + 1;
    }
    case "boolean":
      int32[at] = value === true ? 1 : 0;
      return at + 1;
    case "string": {
      const most = at + 1 + Math.ceil((value as string).length / 2);
      return most > room ? most : writeText(memory, at, value as string);
    }
    case "value": {
      const encoded = encode(value);
      const most = at + 2 + Math.ceil(encoded.byteLength / 4);
      return most > room ? most : writeEncoded(memory, at, encoded);
    }
    case "view": {
      const view = value as ArrayLike<number>;
      const most = at + 2 + Math.ceil((view.length * ELEMENTS[VIEWS[form.name]].byteLength) / 4);
      return most > room ? most : writeView(memory, at, form.name, view);
    }
    case "oneOf": {
      const number = form.literals.indexOf(value as string);
      if (number === -1) throw changed();
      int32[at] = number;
      return at + 1;
    }
    case "nullable":
      int32[at] = value === null ? 0 : 1;
      return value === null ? at + 1 : loopingWrite(form.inner, value, memory, at + 1);
    case "optional":
      int32[at] = value === undefined ? 1 : 2;
      return value === undefined ? at + 1 : loopingWrite(form.inner, value, memory, at + 1);
    case "array": {
      const elements = value as readonly unknown[];
      const { length } = elements;
      int32[at] = length;
      let next = at + 1;
      for (let i = 0; i < length; i++) next = loopingWrite(form.element, elements[i], memory, next);
      return next;
    }
    case "object":
      return writeMembers(form.members, value as object, memory, at);
    case "list": {
      const values = value as readonly unknown[];
      const { items, least } = form;
      const length = least < items.length ? values.length : least;
      if (length > items.length) throw changed();
      let next = at;
      if (least < items.length) int32[next++] = length;
      for (let i = 0; i < length; i++) next = loopingWrite(items[i] as Form, values[i], memory, next);
      return next;
    }
  }
}

function writeMembers(members: readonly Member[], object: object, memory: MemoryViews, at: number): number {
  let next = at;
  for (const { key, form } of members) {
    if (form.kind === "optional" && !Object.hasOwn(object, key)) memory.int32[next++] = 0;
    else next = loopingWrite(form, (object as Readonly<Record<string, unknown>>)[key], memory, next);
  }
  return next;
}

const changed = (): TypeError => new TypeError("it changed while it was written");

/** Reads one value after another. */
export class LoopingReader {
  readonly #memory: MemoryViews;
  readonly #end: number;
  /** The place of the next, in words. */
  at: number;

  constructor(memory: MemoryViews, at: number, end: number) {
    this.#memory = memory;
    this.at = at;
    this.#end = end;
  }

  #word(): number {
    if (this.at >= this.#end) throw damaged();
    return this.#memory.int32[this.at++] as number;
  }

  #pair(): number {
    const at = aligned(this.at);
    if (at + 2 > this.#end) throw damaged();
    this.at = at + 2;
    return at >> 1;
  }

  /** A length, of what takes a word for each at least. */
  #length(): number {
    const length = this.#word();
    if (length < 0 || length > this.#end - this.at) throw damaged();
    return length;
  }

  read(form: Form): unknown {
    const memory = this.#memory;
    switch (form.kind) {
      case "number": {
        const { type } = form;
        if (type === "float64" || type === "bigint64" || type === "biguint64") return memory[type][this.#pair()];
        const word = this.#word();
        return type === "uint32" ? word >>> 0 : word;
      }
      case "boolean":
        return this.#word() !== 0;
      case "string": {
        const at = this.at;
        const head = this.#word();
        this.at = behindText(at, this.#end, head);
        return readText(memory, at, head);
      }
      case "value": {
        const at = this.at;
        const byteLength = this.#word();
        this.at = behindBytes(at, this.#end, byteLength);
        return readEncoded(memory, at, byteLength);
      }
      case "view":
        return this.#view(form.name);
      case "oneOf": {
        const number = this.#word();
        if (number < 0 || number >= form.literals.length) throw damaged();
        return form.literals[number];
      }
      case "nullable":
        return this.#word() === 0 ? null : this.read(form.inner);
      case "optional":
        return this.#word() > 1 ? this.read(form.inner) : undefined;
      case "array":
        return Array.from({ length: this.#length() }, () => this.read(form.element));
      case "object":
        return this.#object(form.members);
      case "list": {
        const { items, least } = form;
        const length = least < items.length ? this.#word() : least;
        if (length < least || length > items.length) throw damaged();
        return items.slice(0, length).map((item) => this.read(item));
      }
    }
  }

  #object(members: readonly Member[]): object {
    const object = {};
    for (const { key, form } of members) {
      const state = form.kind === "optional" ? this.#word() : 2;
      if (state === 0) continue;
      const whole = form.kind === "optional" ? form.inner : form;
      giveMember(object, key, state > 1 ? this.read(whole) : undefined);
    }
    return object;
  }

  #view(name: ViewName): unknown {
    const at = this.at;
    const length = this.#word();
    this.at = behindBytes(at, this.#end, length * ELEMENTS[VIEWS[name]].byteLength);
    return readView(this.#memory, at, name, length);
  }
}
