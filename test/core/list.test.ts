import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Linked, List } from "#skein/core/list";
import fc from "fast-check";

class Item implements Linked {
  next: Linked | undefined = undefined;
  previous: Linked | undefined = undefined;
  list: List<Linked> | undefined = undefined;
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
}

type Step =
  | { readonly do: "push" | "remove"; readonly list: number; readonly item: number }
  | { readonly do: "shift"; readonly list: number }
  | { readonly do: "unlink"; readonly item: number };

const LISTS = 2;
const ITEMS = 6;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom("push", "push", "remove" as const),
    list: fc.nat(LISTS - 1),
    item: fc.nat(ITEMS - 1),
  }),
  fc.record({ do: fc.constant("shift" as const), list: fc.nat(LISTS - 1) }),
  fc.record({ do: fc.constant("unlink" as const), item: fc.nat(ITEMS - 1) }),
);

describe("a list", () => {
  it("does what an array does, whatever is added and removed where", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const items = Array.from({ length: ITEMS }, (_, number) => new Item(number));
        const lists = Array.from({ length: LISTS }, () => new List<Item>());
        const model: number[][] = Array.from({ length: LISTS }, () => []);
        for (const one of steps) {
          if (one.do === "push") {
            if (model.some((numbers) => numbers.includes(one.item))) continue; // in one list at most
            lists[one.list]?.push(items[one.item] as Item);
            model[one.list]?.push(one.item);
          } else if (one.do === "shift") {
            assert.equal(lists[one.list]?.shift()?.number, model[one.list]?.shift());
          } else {
            const item = items[one.item] as Item;
            const from = one.do === "unlink" ? model.find((numbers) => numbers.includes(one.item)) : model[one.list];
            if (one.do === "unlink") item.list?.remove(item);
            else lists[one.list]?.remove(item);
            const place = from?.indexOf(one.item) ?? -1;
            if (place !== -1) from?.splice(place, 1);
          }
          lists.forEach((list, index) => {
            assert.deepEqual(
              list.toArray().map(({ number }) => number),
              model[index],
            );
            assert.equal(list.size, model[index]?.length);
            assert.equal(list.first?.number, model[index]?.[0]);
          });
        }
      }),
    );
  });

  it("keeps nothing of an element that left, nor the element anything of it (law 40)", () => {
    const list = new List<Item>();
    const items = [new Item(0), new Item(1), new Item(2)] as const;
    for (const item of items) list.push(item);
    list.remove(items[1]);
    assert.deepEqual([items[1].next, items[1].previous, items[1].list], [undefined, undefined, undefined]);
    assert.equal(items[0].next, items[2]);
    assert.equal(items[2].previous, items[0]);
  });

  it("takes an element again after it left", () => {
    const list = new List<Item>();
    const other = new List<Item>();
    const item = new Item(0);
    list.push(item);
    list.shift();
    other.push(item);
    list.remove(item);
    assert.deepEqual(other.toArray(), [item]);
  });
});
