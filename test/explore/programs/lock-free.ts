/** Structures without locks, with one step too few. */
import type { Cell, Exploration } from "skein/explore";

import { at, cells, type KnownBug } from "./program.js";

const NONE = 0;

/** A stack of nodes 1 to n; `next` leads on, a tag in the head's high half counts changes if asked for. */
class NodeStack {
  readonly #head: Cell;
  readonly #next: readonly Cell[];
  readonly #tagStep: number;

  constructor(t: Exploration, nodes: number, hasTag: boolean) {
    this.#tagStep = hasTag ? 1 << 8 : 0;
    this.#head = t.cell("head", 1);
    this.#next = Array.from({ length: nodes + 1 }, (_, node) => {
      return t.cell(`next[${node}]`, node !== NONE && node < nodes ? node + 1 : NONE);
    });
  }

  push(node: number): void {
    for (;;) {
      const head = this.#head.load();
      at(this.#next, node).store(head & 0xff);
      if (this.#head.compareExchange(head, this.#after(head, node)) === head) return;
    }
  }

  pop(): number {
    for (;;) {
      const head = this.#head.load();
      const node = head & 0xff;
      if (node === NONE) return NONE;
      const next = at(this.#next, node).load();
      if (this.#head.compareExchange(head, this.#after(head, next)) === head) return node;
    }
  }

  #after(head: number, node: number): number {
    return ((head & ~0xff) + this.#tagStep) | node;
  }
}

async function recycle(t: Exploration, hasTag: boolean): Promise<void> {
  const stack = new NodeStack(t, 3, hasTag);
  const owners = cells(t, "owner", 4);
  const take = (): number => {
    const node = stack.pop();
    if (node !== NONE) t.expect(at(owners, node).exchange(1) === 0, `node ${node} has one owner`);
    return node;
  };
  const give = (node: number): void => {
    at(owners, node).store(0);
    stack.push(node);
  };
  t.thread("slow", () => void take());
  t.thread("quick", () => {
    const first = take();
    const second = take();
    if (first !== NONE) give(first);
    if (second !== NONE) take();
  });
  await t.join();
}

const abaStack: KnownBug = {
  name: "ABA stack",
  source: "Treiber's stack with recycled nodes; ConVul, Relacy: the head is the same again, what follows is not",
  kinds: ["assertion"],
  buggy: (t) => recycle(t, false),
  fixed: (t) => recycle(t, true),
};

async function initialise(t: Exploration, publishesLast: boolean): Promise<void> {
  const lock = t.cell("lock", 0);
  const ready = t.cell("ready", 0);
  const content = t.cell("content", 0);
  const use = (): void => {
    if (ready.load() === 0) {
      while (lock.exchange(1) === 1) lock.wait(1);
      if (ready.load() === 0) {
        if (!publishesLast) ready.store(1);
        content.store(42);
        if (publishesLast) ready.store(1);
      }
      lock.store(0);
      lock.notify();
    }
    t.expect(content.load() === 42, "who finds it ready finds it whole");
  };
  t.thread("first", use);
  t.thread("second", use);
  await t.join();
}

const doubleChecked: KnownBug = {
  name: "double-checked initialisation",
  source: "Schmidt and Harrison; 'Double-checked locking is broken': published before it is whole",
  kinds: ["assertion"],
  buggy: (t) => initialise(t, false),
  fixed: (t) => initialise(t, true),
};

async function runOnce(t: Exploration, claimsFirst: boolean): Promise<void> {
  const state = t.cell("state", 0);
  const runs = t.cell("runs", 0);
  const once = (): void => {
    if (claimsFirst ? state.compareExchange(0, 1) === 0 : state.load() === 0) {
      runs.add(1);
      state.store(2);
    }
  };
  t.thread("first", once);
  t.thread("second", once);
  await t.join();
  t.expect(runs.load() === 1, "it runs once");
}

const onceTwice: KnownBug = {
  name: "once, executed twice",
  source: "GoBench, non-blocking: the flag is looked at and set in two steps",
  kinds: ["assertion"],
  buggy: (t) => runOnce(t, false),
  fixed: (t) => runOnce(t, true),
};

async function publish(t: Exploration, isAtomic: boolean): Promise<void> {
  const content = t.cell("content", 0);
  const ready = t.cell("ready", 0);
  t.thread("writer", () => {
    content.value = 42;
    if (isAtomic) ready.store(1);
    else ready.value = 1;
  });
  t.thread("reader", () => {
    const isReady = isAtomic ? ready.load() : ready.value;
    if (isReady === 1) t.expect(content.value === 42, "what was published is there");
  });
  await t.join();
}

const plainFlag: KnownBug = {
  name: "published by a plain flag",
  source: "jcstress samples, message passing",
  kinds: ["race"],
  buggy: (t) => publish(t, false),
  fixed: (t) => publish(t, true),
};

async function dekker(t: Exploration, isAtomic: boolean): Promise<void> {
  const [x, y] = [t.cell("x", 0), t.cell("y", 0)];
  const [seenByFirst, seenBySecond] = [t.cell("seen by first", 0), t.cell("seen by second", 0)];
  const touch = (own: Cell, other: Cell, seen: Cell) => () => {
    if (isAtomic) own.store(1);
    else own.value = 1;
    seen.store(isAtomic ? other.load() : other.value);
  };
  t.thread("first", touch(x, y, seenByFirst));
  t.thread("second", touch(y, x, seenBySecond));
  await t.join();
  t.outcome(`${seenByFirst.load()},${seenBySecond.load()}`);
}

const plainDekker: KnownBug = {
  name: "Dekker without atomics",
  source: "Dekker, in Dijkstra 1965: the flags are written and read plainly",
  kinds: ["race"],
  buggy: (t) => dekker(t, false),
  fixed: (t) => dekker(t, true),
};

const storeBuffering: KnownBug = {
  name: "store buffering",
  source: "jcstress samples and EMME: each thread may see the other's old value",
  kinds: ["outcome"],
  options: {
    memory: "js",
    outcomes: { "0,0": "forbidden", "0,1": "acceptable", "1,0": "acceptable", "1,1": "acceptable" },
  },
  buggy: (t) => dekker(t, false),
  fixed: (t) => dekker(t, true),
};

/** A deque of one owner and thieves: Chase and Lev's, with room for what is pushed. */
async function steal(t: Exploration, exchangesForLast: boolean): Promise<void> {
  const [top, bottom] = [t.cell("top", 0), t.cell("bottom", 2)];
  const taken = cells(t, "taken", 2);
  const got = (index: number): void => t.expect(at(taken, index).add(1) === 0, `item ${index} is taken once`);
  const pop = (): void => {
    const last = bottom.load() - 1;
    bottom.store(last);
    const first = top.load();
    if (first < last) return got(last);
    bottom.store(first + 1);
    if (first !== last) return void bottom.store(first);
    // The last item may be about to be stolen.
    const isOwn = exchangesForLast ? top.compareExchange(first, first + 1) === first : true;
    if (!exchangesForLast) top.store(first + 1);
    if (isOwn) got(last);
  };
  t.thread("owner", () => {
    pop();
    pop();
  });
  t.thread("thief", () => {
    const first = top.load();
    if (first >= bottom.load()) return;
    if (top.compareExchange(first, first + 1) === first) got(first);
  });
  await t.join();
}

const workStealing: KnownBug = {
  name: "work-stealing deque, last item",
  source: "CHESS and SCTBench, WorkStealQueue; Chase and Lev 2005: the owner takes the last item without an exchange",
  kinds: ["assertion"],
  buggy: (t) => steal(t, false),
  fixed: (t) => steal(t, true),
};

async function sequenceLock(t: Exploration, readsAgain: boolean): Promise<void> {
  const version = t.cell("version", 0);
  const [low, high] = [t.cell("low", 0), t.cell("high", 0)];
  t.thread("writer", () => {
    version.add(1);
    low.store(1);
    high.store(1);
    version.add(1);
  });
  t.thread("reader", () => {
    for (;;) {
      const before = version.load();
      if (before % 2 === 1) {
        t.yield();
        continue;
      }
      const [seenLow, seenHigh] = [low.load(), high.load()];
      if (readsAgain && version.load() !== before) continue;
      return t.expect(seenLow === seenHigh, "both halves are of one version");
    }
  });
  await t.join();
}

const unrechecked: KnownBug = {
  name: "sequence lock without a second look",
  source: "Linux, seqlock.h: the version is not compared after the read",
  kinds: ["assertion"],
  buggy: (t) => sequenceLock(t, false),
  fixed: (t) => sequenceLock(t, true),
};

async function recycledId(t: Exploration, hasGeneration: boolean): Promise<void> {
  const generations = cells(t, "generation", 1);
  const owner = t.cell("owner of slot 0", 1);
  const slot = 0;
  const mine = at(generations, slot).load();
  t.thread("closer", () => {
    at(generations, slot).add(1);
    owner.store(0);
    // The next client is given the slot that has just become free.
    owner.store(2);
  });
  t.thread("late request of client 1", () => {
    const seen = owner.load();
    if (seen === 0 || (hasGeneration && at(generations, slot).load() !== mine)) return;
    t.expect(seen === 1, "the request goes to its own client");
  });
  await t.join();
}

const recycled: KnownBug = {
  name: "recycled id",
  source: "textbook, use after reuse: a slot number without a generation names whoever is there now",
  kinds: ["assertion"],
  buggy: (t) => recycledId(t, false),
  fixed: (t) => recycledId(t, true),
};

async function referenceCount(t: Exploration, decidesByResult: boolean): Promise<void> {
  const count = t.cell("count", 2);
  const frees = t.cell("frees", 0);
  const drop = (): void => {
    const before = count.add(-1);
    if ((decidesByResult ? before - 1 : count.load()) === 0) frees.add(1);
  };
  t.thread("first", drop);
  t.thread("second", drop);
  await t.join();
  t.expect(frees.load() === 1, "the last one frees it, once");
}

const doubleFree: KnownBug = {
  name: "reference count read again",
  source: "ConVul and GenMC, reference counting: whether it was the last is asked in a second step",
  kinds: ["assertion"],
  buggy: (t) => referenceCount(t, false),
  fixed: (t) => referenceCount(t, true),
};

async function resurrect(t: Exploration, refusesZero: boolean): Promise<void> {
  const count = t.cell("count", 1);
  const freed = t.cell("freed", 0);
  t.thread("owner", () => {
    if (count.add(-1) === 1) freed.store(1);
  });
  t.thread("finder", () => {
    if (refusesZero) {
      for (;;) {
        const seen = count.load();
        if (seen === 0) return;
        if (count.compareExchange(seen, seen + 1) === seen) break;
      }
    } else if (count.load() === 0) return;
    else count.add(1);
    t.expect(freed.load() === 0, "what was found is alive while it is held");
    if (count.add(-1) === 1) freed.store(1);
  });
  await t.join();
}

const resurrected: KnownBug = {
  name: "reference taken from zero",
  source: "Linux, kref: a lookup raises a count that may have reached zero",
  kinds: ["assertion"],
  buggy: (t) => resurrect(t, false),
  fixed: (t) => resurrect(t, true),
};

async function readIndependentWrites(t: Exploration, isAtomic: boolean): Promise<void> {
  const [low, high] = [t.cell("low", 0), t.cell("high", 0)];
  const both = t.cell("both", 0);
  t.thread("writer", () => {
    if (isAtomic) return void both.store(0x1_0001);
    low.store(1);
    high.store(1);
  });
  t.thread("reader", () => {
    const seen = isAtomic ? both.load() : (high.load() << 16) | low.load();
    t.expect(seen === 0 || seen === 0x1_0001, "a number of two words is read whole");
  });
  await t.join();
}

const tornNumber: KnownBug = {
  name: "number in two words",
  source: "jcstress samples, word tearing: a 64-bit value written in two halves",
  kinds: ["assertion"],
  buggy: (t) => readIndependentWrites(t, false),
  fixed: (t) => readIndependentWrites(t, true),
};

export const LOCK_FREE: readonly KnownBug[] = [
  abaStack,
  doubleChecked,
  onceTwice,
  plainFlag,
  plainDekker,
  storeBuffering,
  workStealing,
  unrechecked,
  recycled,
  doubleFree,
  resurrected,
  tornNumber,
];
