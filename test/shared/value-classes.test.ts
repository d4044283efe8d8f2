/** Instances of registered classes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { heap } from "#skein/shared/heap";
import { HEADER_BYTES } from "#skein/shared/object";
import { decodeValue, encodeValue } from "#skein/shared/value-codec";
import { threads } from "skein";
import { registerClass, SharedChannel, SharedMap } from "skein/shared";

import { codeOf, failureOf } from "../support/failure.js";
import { Money, Purse, total } from "./fixtures/money.js";

const copied = (value: unknown): unknown => decodeValue(encodeValue(value).slice(), undefined as never);

class Node {
  next: Node | undefined = undefined;
}
registerClass(Node, {
  leave: ({ next }) => ({ next }),
  arrive: ({ next }) => Object.assign(new Node(), { next }),
});

class Stubborn {
  readonly will = 1;
}
registerClass(Stubborn, {
  leave: () => 1,
  arrive: () => {
    throw new RangeError("I won't");
  },
});

class Pair {
  readonly a: number;
  readonly b: number;
  constructor(a: number, b: number) {
    this.a = a;
    this.b = b;
  }
}
registerClass(Pair, { leave: ({ a, b }) => ({ a, b }), arrive: ({ a, b }) => new Pair(a, b) });

class Vague {
  readonly form = 1;
}
registerClass(Vague, { leave: () => 1, arrive: (): Vague => JSON.parse("5") as Vague });

/** Looks around in a map when it arrives. */
class Curious {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}
const visited = new SharedMap({ name: "visited" });
let seen: unknown[] = [];
registerClass(Curious, {
  leave: ({ key }) => key,
  arrive(key) {
    // The lock words of the stripes: who is inside one of them would wait there for itself.
    const cells = new Int32Array(heap().buffer, visited.offset + HEADER_BYTES, 8 + 32 * 16);
    for (let stripe = 0; stripe < 32; stripe++) assert.equal(cells[8 + stripe * 16], 0, "inside the map");
    if (key !== "") seen.push(visited.get(key), visited.size);
    return new Curious(key);
  },
});

describe("an instance of a registered class", () => {
  it("may use the map that it comes from", () => {
    visited.set("a", [1, 2, 3, "a text that is longer than the place for short ones", new Curious("b"), 4]);
    visited.set("b", [5, new Curious("")]);
    const whole = [1, 2, 3, "a text that is longer than the place for short ones", new Curious("b"), 4];
    const other = [5, new Curious("")];
    assert.deepEqual(visited.get("a"), whole);
    assert.deepEqual(seen, [other, 2]);
    seen = [];
    assert.deepEqual(
      new Map(visited),
      new Map([
        ["a", whole],
        ["b", other],
      ]),
    );
    assert.deepEqual(seen, [other, 2]);
    visited.update("a", (value) => {
      assert.deepEqual(value, whole);
      return undefined;
    });
    assert.equal(visited.size, 1);
    visited.dispose();
  });

  it("goes to a task and comes back as one, with others inside", async () => {
    await using pool = threads({ size: 1, name: "purse" });
    const sum = await pool.run(total, [new Purse([new Money(120), new Money(5)])]);
    assert.ok(sum instanceof Money);
    assert.equal(sum.cents, 125);
  });

  it("goes through a channel, inside of other values", async () => {
    using channel = new SharedChannel({ capacity: 2 });
    await channel.send({ price: new Money(7), list: [new Money(8)] });
    const { price, list } = (await channel.receive()) as { price: Money; list: Money[] };
    assert.equal(price.plus(list[0] as Money).cents, 15);
  });

  it("is the same one where it comes twice in a value, and what stands behind it keeps its place", () => {
    const money = new Money(3);
    const shared = { deep: true };
    const [a, b, c, d] = copied([money, money, shared, shared]) as [Money, Money, object, object];
    assert.equal(a, b);
    assert.equal(a.cents, 3);
    assert.equal(c, d);
    assert.deepEqual(c, shared);
  });

  it("may be nested in others of its class", () => {
    const first = new Node();
    for (let i = 0, at = first; i < 100; i++) at = at.next = new Node();
    let depth = 0;
    for (let at = copied(first) as Node | undefined; at !== undefined; at = at.next) depth++;
    assert.equal(depth, 101);
  });

  it("may leave an object with the keys of those around it", () => {
    for (let i = 0; i < 100; i++) {
      const value = [{ a: i, b: [1] }, new Pair(i, i), { a: -i, b: [2] }, new Pair(0, -i), { a: 7, b: new Pair(8, 9) }];
      assert.deepStrictEqual(copied(value), value);
    }
  });

  it("can't have itself inside", async () => {
    const node = new Node();
    node.next = node;
    const error = await failureOf((async () => encodeValue(node))());
    assert.match((error as Error).message, /has itself in what it leaves/);
    // And can be left after that.
    node.next = undefined;
    assert.ok(copied(node) instanceof Node);
  });

  it("that can't be made anew says so", async () => {
    assert.match(((await failureOf((async () => copied(new Stubborn()))())) as Error).message, /"Stubborn".*I won't/);
    assert.match(((await failureOf((async () => copied(new Vague()))())) as Error).message, /"Vague" anew gave/);
  });
});

describe("registering a class", () => {
  it("twice is the same, by another class's name it is refused", async () => {
    registerClass(Money, { leave: ({ cents }) => cents, arrive: (cents) => new Money(cents) });
    class Other {
      readonly own = 1;
    }
    assert.equal(
      await codeOf(() => registerClass(Other, { name: "Money", leave: () => 1, arrive: () => new Other() })),
      "SKEIN_TASK_DUPLICATE",
    );
    assert.equal(await codeOf(() => registerClass(Other, {} as never)), "SKEIN_INVALID_ARGUMENT");
  });
});
