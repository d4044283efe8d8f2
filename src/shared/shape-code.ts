/**
 * The code that writes and reads the values of one shape, compiled from text: it asks
 * nothing of a value but whether it is what the shape says, and the engine knows what
 * it will meet at each step. All of a shape is one function, so that the place stays in
 * a register.
 *
 * Nothing of the user's stands in that text but keys and literals, as JSON.
 */
import { compiled } from "./compiling.js";
import type { MemoryViews } from "./memory-views.js";
import { ELEMENTS } from "./record-schema.js";
import { type Form, isShared, type Member, mostWordsOf, VIEW_TYPES, VIEWS } from "./shape-form.js";
import * as parts from "./shape-parts.js";
import { encode } from "./value-codec.js";

export interface ShapeCode {
  /**
   * Writes a value. @returns the place behind it, in words; -1 if it does not fit the
   * shape, or the memory. May throw whatever a getter throws
   */
  readonly write: (value: unknown, memory: MemoryViews, at: number) => number;
  /** Reads a value that ends at `end`, in words; throws if it does not. */
  readonly read: (memory: MemoryViews, at: number, end: number) => unknown;
}

const VIEWS_USED = "const { int32, uint32, float64, bigint64, biguint64 } = memory;";

/** `undefined` where compiling is forbidden. */
export function compiledShape(form: Form): ShapeCode | undefined {
  const names = new Names();
  const write = writing(form, "value", names);
  const read = reading(form, "value", names);
  const body = `return {
    write(value, memory, at) {
      ${VIEWS_USED}
      const room = int32.length;
      let need = ${mostWordsOf(form)};
      if (at + need > room) return -1;
      ${write}
      return at;
    },
    read(memory, at, end) {
      ${VIEWS_USED}
      ${read}
      if (at !== end) throw damaged();
      return value;
    },
  };`;
  return compiled(body, {
    ...parts,
    ...VIEW_TYPES,
    encode,
    isShared,
    hasOwn: Object.hasOwn,
    getPrototypeOf: Object.getPrototypeOf,
    plain: Object.prototype,
    isArray: Array.isArray,
    asIntN: BigInt.asIntN,
    asUintN: BigInt.asUintN,
    define,
    literals: names.literals,
  }) as ShapeCode | undefined;
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Names of variables, each once, and what literals there are. */
class Names {
  readonly literals: unknown[] = [];
  #count = 0;

  next(prefix: string): string {
    return `${prefix}${this.#count++}`;
  }
}

const json = (value: unknown): string => JSON.stringify(value);
const isPair = (type: string): boolean => type === "float64" || type.startsWith("big");

// Writing. `need` is how many words what is still to come takes, strings and the like
// aside: so there has to be a look at the room only where one of these is.

/** Writes what the variable `v` has. */
function writing(form: Form, v: string, names: Names): string {
  switch (form.kind) {
    case "number":
      return writingNumber(form.type, v);
    case "boolean":
      return `if (typeof ${v} !== "boolean") return -1; int32[at++] = ${v} ? 1 : 0;`;
    case "string":
      return `if (typeof ${v} !== "string" || at + need + (${v}.length >> 1) >= room) return -1;
        at = writeText(memory, at, ${v});`;
    case "value": {
      const encoded = names.next("encoded");
      return `const ${encoded} = encode(${v});
        if (at + need + (${encoded}.byteLength >> 2) >= room) return -1;
        at = writeEncoded(memory, at, ${encoded});`;
    }
    case "view":
      return `if (!(${v} instanceof ${form.name}) || isShared(${v}.buffer)) return -1;
        if (at + need + (${v}.byteLength >> 2) >= room) return -1;
        at = writeView(memory, at, ${json(form.name)}, ${v});`;
    case "oneOf": {
      const number = names.next("number");
      const choice = form.literals.map((literal, i) => `${v} === ${json(literal)} ? ${i} : `).join("");
      return `const ${number} = ${choice}-1; if (${number} < 0) return -1; int32[at++] = ${number};`;
    }
    case "nullable":
      return `if (${v} === null) int32[at++] = 0; else { int32[at++] = 1; ${writing(form.inner, v, names)} }`;
    case "optional":
      return `if (${v} === undefined) int32[at++] = 1; else { int32[at++] = 2; ${writing(form.inner, v, names)} }`;
    case "array":
      return writingArray(form.element, v, names);
    case "object":
      return writingObject(form.members, v, names);
    case "list":
      return writingList(form, v, names);
  }
}

function writingNumber(type: string, v: string): string {
  const fits = `if (!(${ELEMENTS[type as "int32"].fitsCode.replaceAll(/\bv\b/g, v).replaceAll("BigInt.", "")})) return -1;`;
  if (!isPair(type)) return `${fits} int32[at++] = ${v};`;
  return `${fits} at = (at + 1) & ~1; ${type}[at >> 1] = ${v}; at += 2;`;
}

function writingArray(element: Form, v: string, names: Names): string {
  const [i, n, e] = [names.next("i"), names.next("n"), names.next("e")];
  const words = mostWordsOf(element);
  // Only of what may be undefined a hole could be one.
  const mayBeUndefined = element.kind === "optional" || element.kind === "value" || element.kind === "nullable";
  const hole = mayBeUndefined ? `if (${e} === undefined && !hasOwn(${v}, ${i})) return -1;` : "";
  return `if (!isArray(${v}) || ${v}.constructor !== Array) return -1;
    const ${n} = ${v}.length;
    need += ${n} * ${words};
    if (at + need > room) return -1;
    int32[at++] = ${n};
    for (let ${i} = 0; ${i} < ${n}; ${i}++) {
      const ${e} = ${v}[${i}];
      ${hole}
      ${writing(element, e, names)}
    }
    need -= ${n} * ${words};`;
}

function writingObject(members: readonly Member[], v: string, names: Names): string {
  const variables = members.map(() => names.next("v"));
  const [count, key] = [names.next("count"), names.next("key")];
  const required = members.filter(({ form }) => form.kind !== "optional").length;
  const reads = members.map(({ key: name }, i) => {
    const member = `${v}[${json(name)}]`;
    // What all objects have is not meant.
    return `const ${variables[i]} = ${name in Object.prototype ? `hasOwn(${v}, ${json(name)}) ? ${member} : undefined` : member};`;
  });
  const writes = members.map((member, i) => {
    const value = variables[i] as string;
    if (member.form.kind !== "optional") return writing(member.form, value, names);
    return `if (${value} === undefined && !hasOwn(${v}, ${json(member.key)})) int32[at++] = 0;
      else { ${count}--; ${writing(member.form, value, names)} }`;
  });
  // The engine knows the prototype of an object of which it has just read a member. There
  // are as many keys as are written, so none is inherited and none left over.
  return `if (typeof ${v} !== "object" || ${v} === null) return -1;
    ${reads.join("\n")}
    if (getPrototypeOf(${v}) !== plain) return -1;
    let ${count} = ${-required};
    for (const ${key} in ${v}) ${count}++;
    ${writes.join("\n")}
    if (${count} !== 0) return -1;`;
}

function writingList({ items, least }: Form & { readonly kind: "list" }, v: string, names: Names): string {
  const n = names.next("n");
  const writes = items.map((item, i) => {
    const value = names.next("v");
    const code = `const ${value} = ${v}[${i}]; ${writing(item, value, names)}`;
    return i < least ? code : `if (${n} > ${i}) { ${code} }`;
  });
  return `const ${n} = ${v}.length;
    if (${n} < ${least} || ${n} > ${items.length}) return -1;
    ${least < items.length ? `int32[at++] = ${n};` : ""}
    ${writes.join("\n")}`;
}

// Reading. Past the end there is other memory, or nothing: what is read there makes no
// value, as in the end the place is not where it should be. Only lengths are looked at
// before anything is made or done so many times.

/** Reads into the new variable `v`. */
function reading(form: Form, v: string, names: Names): string {
  switch (form.kind) {
    case "number":
      if (isPair(form.type)) return `at = (at + 1) & ~1; const ${v} = ${form.type}[at >> 1]; at += 2;`;
      return `const ${v} = ${form.type === "uint32" ? "uint32" : "int32"}[at++];`;
    case "boolean":
      return `const ${v} = int32[at++] !== 0;`;
    case "string":
      return readingBytes(v, "behindText(at, end, HEAD)", "readText(memory, at, HEAD)", names);
    case "value":
      return readingBytes(v, "behindBytes(at, end, HEAD)", "readEncoded(memory, at, HEAD)", names);
    case "view": {
      const { byteLength } = ELEMENTS[VIEWS[form.name]];
      const read = `readView(memory, at, ${json(form.name)}, HEAD)`;
      return readingBytes(v, `behindBytes(at, end, ${byteLength} * HEAD)`, read, names);
    }
    case "oneOf": {
      const n = names.next("n");
      const table = `literals[${names.literals.push(form.literals) - 1}]`;
      return `const ${n} = int32[at++]; if (!(${n} >= 0 && ${n} < ${form.literals.length})) throw damaged();
        const ${v} = ${table}[${n}];`;
    }
    case "nullable":
      return readingChoice(form.inner, v, "int32[at++] !== 0", "null", names);
    case "optional":
      return readingChoice(form.inner, v, "int32[at++] > 1", "undefined", names);
    case "array":
      return readingArray(form.element, v, names);
    case "object":
      return readingObject(form.members, v, names);
    case "list":
      return readingList(form, v, names);
  }
}

function readingBytes(v: string, behind: string, read: string, names: Names): string {
  const [head, next] = [names.next("head"), names.next("next")];
  return `const ${head} = int32[at]; const ${next} = ${behind.replace("HEAD", head)};
    const ${v} = ${read.replace("HEAD", head)}; at = ${next};`;
}

function readingChoice(inner: Form, v: string, question: string, otherwise: string, names: Names): string {
  const value = names.next("v");
  return `let ${v} = ${otherwise}; if (${question}) { ${reading(inner, value, names)} ${v} = ${value}; }`;
}

function readingArray(element: Form, v: string, names: Names): string {
  const [i, n, e] = [names.next("i"), names.next("n"), names.next("e")];
  // Each takes a word at least.
  return `const ${n} = int32[at++]; if (!(${n} >= 0 && ${n} <= end - at)) throw damaged();
    const ${v} = new Array(${n});
    for (let ${i} = 0; ${i} < ${n}; ${i}++) { ${reading(element, e, names)} ${v}[${i}] = ${e}; }`;
}

function readingObject(members: readonly Member[], v: string, names: Names): string {
  const variables = members.map(() => names.next("v"));
  const isOptional = ({ form }: Member): boolean => form.kind === "optional";
  const reads = members.map((member, i) => {
    const value = variables[i] as string;
    if (member.form.kind !== "optional") return reading(member.form, value, names);
    const [inner, state] = [names.next("v"), `${value}s`];
    return `let ${value}; const ${state} = int32[at++];
      if (${state} > 1) { ${reading(member.form.inner, inner, names)} ${value} = ${inner}; }`;
  });
  // In brackets, as `__proto__` would not be a key otherwise.
  const literal = members.flatMap((member, i) =>
    isOptional(member) ? [] : [`${member.key === "__proto__" ? '["__proto__"]' : json(member.key)}: ${variables[i]}`],
  );
  const assigned = members.flatMap((member, i) => {
    if (!isOptional(member)) return [];
    const value = variables[i] as string;
    // Assigned, what objects inherit might reach a setter.
    const give =
      member.key in Object.prototype
        ? `define(${v}, ${json(member.key)}, ${value});`
        : `${v}[${json(member.key)}] = ${value};`;
    return [`if (${value}s !== 0) ${give}`];
  });
  return `${reads.join("\n")} const ${v} = { ${literal.join(", ")} }; ${assigned.join("\n")}`;
}

function readingList({ items, least }: Form & { readonly kind: "list" }, v: string, names: Names): string {
  const n = names.next("n");
  const variables = items.map(() => names.next("v"));
  const fixed = items.slice(0, least).map((item, i) => reading(item, variables[i] as string, names));
  const optional = items.slice(least).map((item, i) => {
    const value = variables[least + i] as string;
    return `if (${n} > ${least + i}) { ${reading(item, value, names)} ${v}.push(${value}); }`;
  });
  const isFixed = least === items.length;
  return `${isFixed ? "" : `const ${n} = int32[at++]; if (!(${n} >= ${least} && ${n} <= ${items.length})) throw damaged();`}
    ${fixed.join("\n")}
    const ${v} = [${variables.slice(0, least).join(", ")}];
    ${optional.join("\n")}`;
}
