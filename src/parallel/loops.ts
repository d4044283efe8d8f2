/**
 * Loops that call a user's function, one loop for each function.
 *
 * A loop that has called several functions calls each through a table, at 6 to 8 ns a call;
 * one that has called a single one has it built in, at 0.6 to 2. Feedback belongs to the
 * text that a function was made from, so each loop is made from a text of its own. Where
 * code can't be compiled the same loops exist once, for all functions.
 *
 * Loops that carry a value along take their first step before they begin. What a loop
 * begins with came from outside, and may be anything, so an engine keeps a value that is
 * either that or the last result in a form for all kinds: of numbers that is 8 times as slow
 * as a loop in which all values are results (November 2026). An engine may take the first
 * step out by itself, but did not where it had built the loop into a larger function. They
 * take several steps in a turn besides: a processor that adds in two cycles took four for
 * each of an inner loop of single steps, and an object that a step makes for the next one
 * need not be made (November 2026: 0.93 to 0.49 ns an item, and 4.8 to 1.6).
 *
 * A fold goes through both halves of a block side by side, and puts their values together at its
 * end: two that do not wait for each other take little more time than one (November 2026: 0.47 to
 * 0.25 ns an item of additions, half the time of what takes longer). Should one throw, the block is
 * gone through once more in turn, so that the error is that of the first item to have one.
 *
 * What a test says becomes a number without a branch: one that nobody can foretell takes as
 * long as four items (November 2026: 5.1 to 1.2 ns an item).
 */
import { compiled } from "../shared/compiling.js";
import { eachBlock } from "./blocks.js";

/** Any function of a user that takes items. */
export type ItemCallback = (...values: unknown[]) => unknown;

/** What loops read and write: typed arrays, or ordinary ones. */
export interface Items {
  readonly length: number;
  [index: number]: unknown;
}

/** The kinds of loop, by what they do with items `from` to `to`. All but the first and last return what is in their names. */
export interface Loops {
  /** `call(i, ...more)` */
  each(from: number, to: number, more: readonly unknown[]): void;
  /** `output[i] = call(input[i], i, ...more)` */
  map(from: number, to: number, input: Items, output: Items, more: readonly unknown[]): void;
  /** `output[i] = call(i, ...more)` */
  tabulate(from: number, to: number, output: Items, more: readonly unknown[]): void;
  /** In both halves of each block from `identity` on, `value = call(value, input[i])`; the values of the blocks, `call(one, two)` of their halves'. */
  fold(from: number, to: number, input: Items, identity: unknown, blockItems: number): unknown[];
  /** The same with `call(value, map(input[i], i, ...more))`. */
  foldMapped(
    from: number,
    to: number,
    input: Items,
    identity: unknown,
    blockItems: number,
    more: readonly unknown[],
  ): unknown[];
  /** As those two, and goes on from `total` with `total = call(total, value)` of each block; the total. */
  total(from: number, to: number, input: Items, identity: unknown, blockItems: number, total: unknown): unknown;
  totalMapped(
    from: number,
    to: number,
    input: Items,
    identity: unknown,
    blockItems: number,
    total: unknown,
    more: readonly unknown[],
  ): unknown;
  /** Of one item or more: `value = call(value, input[i])`, and `output[i]` is the value after, or before, `input[i]`. */
  foldAfter(from: number, to: number, input: Items, output: Items, value: unknown): unknown;
  foldBefore(from: number, to: number, input: Items, output: Items, value: unknown): unknown;
  /** `output[i]` is 1 if `call(input[i], i, ...more)` is truthy, else 0; how many are. */
  mark(from: number, to: number, input: Items, output: Items, more: readonly unknown[]): unknown;
  /** The first `i` for which that is truthy; −1 if there is none. */
  find(from: number, to: number, input: Items, more: readonly unknown[]): unknown;
}

/** Of each function, by kind of loop and number of further arguments. */
const known = new WeakMap<ItemCallback, Map<string, unknown>>();
let lastText = 0;

/** Loops that carry a value along take so many steps in a turn. */
const STEPS = 4;

/** Numbers of functions that are the second of a loop. */
const numbers = new WeakMap<ItemCallback, number>();
let lastNumber = 0;

/** The loop of a kind for a function, made when first asked for, for so many more arguments, or with a second function. */
export function loopFor<Kind extends keyof Loops>(
  kind: Kind,
  call: ItemCallback,
  more = 0,
  map?: ItemCallback,
): Loops[Kind] {
  let loops = known.get(call);
  if (loops === undefined) {
    loops = new Map();
    known.set(call, loops);
  }
  if (map !== undefined && !numbers.has(map)) numbers.set(map, ++lastNumber);
  // Most have no more arguments: their key is there already, and need not be put together.
  let key: string = kind;
  if (map !== undefined) key = `${kind} ${more} of ${numbers.get(map)}`;
  else if (more > 0) key = `${kind} ${more}`;
  let loop = loops.get(key) as Loops[Kind] | undefined;
  if (loop === undefined) {
    loop = (compiled(textOf(kind, more), { call, map }) as Loops[Kind] | undefined) ?? commonLoop(kind, call, map);
    loops.set(key, loop);
  }
  return loop;
}

/** The text of a loop. Nothing of a user's is in it; the comment makes it unlike any other. */
function textOf(kind: keyof Loops, more: number): string {
  const names = Array.from({ length: more }, (_, index) => `more${index}`);
  // Not by a pattern: that goes by the array's iterator, which takes as long as many an item until it is compiled.
  const take = names.map((name, index) => `const ${name} = more[${index}];`).join(" ");
  const args = names.map((name) => `, ${name}`).join("");
  const loop = (head: string, before: string, body: string, after = ""): string =>
    `/* ${++lastText} */ return function ${kind}Loop(from, to, ${head}) { ${before} for (let i = from; i < to; i++) ${body} ${after} };`;
  const steps = (from: string, to: string, step: (i: string) => string): string => {
    const some = Array.from({ length: STEPS }, (_, index) => step(index === 0 ? "i" : `i + ${index}`)).join(" ");
    return `let i = ${from}; for (; i + ${STEPS - 1} < ${to}; i += ${STEPS}) { ${some} } for (; i < ${to}; i++) { ${step("i")} }`;
  };
  const block = (next: (value: string, i: string) => string): string =>
    `/* ${++lastText} */ function block(from, to, input, identity${args}) {
      const half = (to - from) >> 1;
      const middle = from + half;
      let two = ${next("identity", "middle")};
      if (half === 0) return two;
      let one = ${next("identity", "from")};
      ${steps("from + 1", "middle", (i) => `one = ${next("one", i)}; two = ${next("two", `${i} + half`)};`)}
      for (let i = middle + half; i < to; i++) two = ${next("two", "i")};
      return call(one, two);
    }
    function inTurn(from, to, input, identity${args}) {
      const middle = from + ((to - from) >> 1);
      let value = identity;
      for (let i = from; i < middle; i++) value = ${next("value", "i")};
      value = identity;
      for (let i = middle; i < to; i++) value = ${next("value", "i")};
    }`;
  const blocks = (next: (value: string, i: string) => string): string =>
    `${block(next)} return function ${kind}Loop(from, to, input, identity, blockItems, more) {
      ${take}
      const values = [];
      let begin = from;
      let end = from;
      try {
        for (; begin < to; begin = end) {
          end = begin + blockItems < to ? begin + blockItems : to;
          values.push(block(begin, end, input, identity${args}));
        }
      } catch (error) {
        inTurn(begin, end, input, identity${args});
        throw error;
      }
      return values;
    };`;
  const total = (next: (value: string, i: string) => string): string =>
    `${block(next)} return function ${kind}Loop(from, to, input, identity, blockItems, before, more) {
      if (from >= to) return before;
      ${take}
      let begin = from;
      let end = from + blockItems < to ? from + blockItems : to;
      try {
        let total = call(before, block(from, end, input, identity${args}));
        for (begin = end; begin < to; begin = end) {
          end = begin + blockItems < to ? begin + blockItems : to;
          total = call(total, block(begin, end, input, identity${args}));
        }
        return total;
      } catch (error) {
        inTurn(begin, end, input, identity${args});
        throw error;
      }
    };`;
  const carried = (first: string, next: (i: string) => string): string =>
    `/* ${++lastText} */ return function ${kind}Loop(from, to, input, output, before) {
      ${first}
      ${steps("from + 1", "to", next)}
      return value;
    };`;
  const item = (value: string, i: string): string => `call(${value}, input[${i}])`;
  const mapped = (value: string, i: string): string => `call(${value}, map(input[${i}], ${i}${args}))`;
  switch (kind) {
    case "each":
      return loop("more", take, `call(i${args});`);
    case "map":
      return loop("input, output, more", take, `output[i] = call(input[i], i${args});`);
    case "tabulate":
      return loop("output, more", take, `output[i] = call(i${args});`);
    case "fold":
      return blocks(item);
    case "foldMapped":
      return blocks(mapped);
    case "total":
      return total(item);
    case "totalMapped":
      return total(mapped);
    case "foldAfter":
      return carried(
        "let value = call(before, input[from]); output[from] = value;",
        (i) => `output[${i}] = value = call(value, input[${i}]);`,
      );
    case "foldBefore":
      return carried(
        "const first = input[from]; output[from] = before; let value = call(before, first);",
        (i) => `{ const item = input[${i}]; output[${i}] = value; value = call(value, item); }`,
      );
    case "mark":
      return loop(
        "input, output, more",
        `${take} let count = 0;`,
        `{ const one = +!!call(input[i], i${args}); output[i] = one; count += one; }`,
        "return count;",
      );
    case "find":
      return loop("input, more", take, `if (call(input[i], i${args})) return i;`, "return -1;");
  }
}

/** The value of a block, from those of its halves. */
function inHalves(
  from: number,
  to: number,
  identity: unknown,
  call: ItemCallback,
  next: (value: unknown, i: number) => unknown,
): unknown {
  const middle = from + ((to - from) >> 1);
  let [one, two] = [identity, identity];
  for (let i = from; i < middle; i++) one = next(one, i);
  for (let i = middle; i < to; i++) two = next(two, i);
  return middle === from ? two : call(one, two);
}

/** The same where code can't be compiled. */
function commonLoop<Kind extends keyof Loops>(
  kind: Kind,
  call: ItemCallback,
  second: ItemCallback | undefined,
): Loops[Kind] {
  const loops: Loops = {
    each(from, to, more) {
      for (let i = from; i < to; i++) call(i, ...more);
    },
    map(from, to, input, output, more) {
      for (let i = from; i < to; i++) output[i] = call(input[i], i, ...more);
    },
    tabulate(from, to, output, more) {
      for (let i = from; i < to; i++) output[i] = call(i, ...more);
    },
    fold: (from, to, input, identity, blockItems) =>
      eachBlock(blockItems, from, to, (begin, end) =>
        inHalves(begin, end, identity, call, (folded, i) => call(folded, input[i])),
      ),
    foldMapped: (from, to, input, identity, blockItems, more) =>
      eachBlock(blockItems, from, to, (begin, end) => {
        const map = second as ItemCallback;
        return inHalves(begin, end, identity, call, (folded, i) => call(folded, map(input[i], i, ...more)));
      }),
    total: (from, to, input, identity, blockItems, total) =>
      loops.fold(from, to, input, identity, blockItems).reduce((all, value) => call(all, value), total),
    totalMapped: (from, to, input, identity, blockItems, total, more) =>
      loops.foldMapped(from, to, input, identity, blockItems, more).reduce((all, value) => call(all, value), total),
    foldAfter(from, to, input, output, value) {
      let folded = value;
      for (let i = from; i < to; i++) output[i] = folded = call(folded, input[i]);
      return folded;
    },
    foldBefore(from, to, input, output, value) {
      let folded = value;
      for (let i = from; i < to; i++) {
        const item = input[i];
        output[i] = folded;
        folded = call(folded, item);
      }
      return folded;
    },
    mark(from, to, input, output, more) {
      let count = 0;
      for (let i = from; i < to; i++) {
        const one = Number(Boolean(call(input[i], i, ...more)));
        output[i] = one;
        count += one;
      }
      return count;
    },
    find(from, to, input, more) {
      for (let i = from; i < to; i++) if (call(input[i], i, ...more)) return i;
      return -1;
    },
  };
  return loops[kind];
}
