/** Locks made of loads and stores that do not exclude, or exclude all. */
import type { Cell, Exploration } from "skein/explore";

import { at, cells, type KnownBug } from "./program.js";

function exclusive(t: Exploration, inside: Cell): void {
  t.expect(inside.add(1) === 0, "one thread is inside at a time");
  inside.add(-1);
}

async function twoInside(t: Exploration, take: (me: number) => void, give: (me: number) => void): Promise<void> {
  const inside = t.cell("inside", 0);
  for (const me of [0, 1]) {
    t.thread(`thread ${me}`, () => {
      take(me);
      exclusive(t, inside);
      give(me);
    });
  }
  await t.join();
}

const spinLock: KnownBug = {
  name: "spin lock without exchange",
  source: "textbook: the lock is looked at and taken in two steps",
  kinds: ["assertion"],
  async buggy(t) {
    const lock = t.cell("lock", 0);
    const take = (): void => {
      while (lock.load() === 1) t.yield();
      lock.store(1);
    };
    await twoInside(t, take, () => lock.store(0));
  },
  async fixed(t) {
    const lock = t.cell("lock", 0);
    const take = (): void => {
      while (lock.exchange(1) === 1) t.yield();
    };
    await twoInside(t, take, () => lock.store(0));
  },
};

async function peterson(t: Exploration, turnFirst: boolean): Promise<void> {
  const wants = cells(t, "wants", 2);
  const turn = t.cell("turn", 0);
  const take = (me: number): void => {
    if (turnFirst) turn.store(1 - me);
    at(wants, me).store(1);
    if (!turnFirst) turn.store(1 - me);
    while (at(wants, 1 - me).load() === 1 && turn.load() === 1 - me) t.yield();
  };
  await twoInside(t, take, (me) => at(wants, me).store(0));
}

const petersons: KnownBug = {
  name: "Peterson, stores swapped",
  source: "Peterson 1981, with the turn given away before the wish is shown",
  kinds: ["assertion"],
  buggy: (t) => peterson(t, true),
  fixed: (t) => peterson(t, false),
};

const bothPolite: KnownBug = {
  name: "each lets the other go first",
  source: "Dijkstra 1965, second attempt: both show their wish, and each waits until the other takes it back",
  kinds: ["livelock", "deadlock"],
  async buggy(t) {
    const wants = cells(t, "wants", 2);
    const take = (me: number): void => {
      at(wants, me).store(1);
      while (at(wants, 1 - me).load() === 1) t.yield();
    };
    await twoInside(t, take, (me) => at(wants, me).store(0));
  },
  fixed: (t) => peterson(t, false),
};

async function bakery(t: Exploration, showsChoice: boolean): Promise<void> {
  const choosing = cells(t, "choosing", 2);
  const numbers = cells(t, "number", 2);
  const take = (me: number): void => {
    const other = 1 - me;
    if (showsChoice) at(choosing, me).store(1);
    at(numbers, me).store(Math.max(at(numbers, 0).load(), at(numbers, 1).load()) + 1);
    if (showsChoice) at(choosing, me).store(0);
    if (showsChoice) while (at(choosing, other).load() === 1) t.yield();
    for (;;) {
      const theirs = at(numbers, other).load();
      const mine = at(numbers, me).load();
      if (theirs === 0 || mine < theirs || (mine === theirs && me < other)) return;
      t.yield();
    }
  };
  await twoInside(t, take, (me) => at(numbers, me).store(0));
}

const bakeries: KnownBug = {
  name: "bakery without the choosing flag",
  source: "Lamport 1974, with the flag left out that says that a number is being chosen",
  kinds: ["assertion"],
  buggy: (t) => bakery(t, false),
  fixed: (t) => bakery(t, true),
};

const ticketLock: KnownBug = {
  name: "ticket lock, ticket in two steps",
  source: "textbook: two threads draw the same ticket",
  kinds: ["assertion", "livelock"],
  async buggy(t) {
    const [next, serving] = [t.cell("next", 0), t.cell("serving", 0)];
    const take = (): void => {
      const ticket = next.load();
      next.store(ticket + 1);
      while (serving.load() !== ticket) t.yield();
    };
    await twoInside(t, take, () => void serving.add(1));
  },
  async fixed(t) {
    const [next, serving] = [t.cell("next", 0), t.cell("serving", 0)];
    const take = (): void => {
      const ticket = next.add(1);
      while (serving.load() !== ticket) t.yield();
    };
    await twoInside(t, take, () => void serving.add(1));
  },
};

export const MUTUAL_EXCLUSION: readonly KnownBug[] = [spinLock, petersons, bothPolite, bakeries, ticketLock];
