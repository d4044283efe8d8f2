/**
 * How the parts of a parallel call are shared out, as shipped, in threads under exploration.
 * Run by `test/parallel/shares.test.ts`, under the condition that this takes.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Cell, type Exploration, explore } from "skein/explore";
import type { SharedMemory } from "#skein/explore/shared-memory";
import { exploreSharedObjects } from "#skein/explore/views";
import { Part } from "#skein/explore/watched-memory";
import { CALLER, type Left, NONE, shareCells, Shares, type Sleepers } from "#skein/parallel/shares";

const MOST_PARTICIPANTS = 3;
const ENDLESS_MS = 1000;
/** No order has so many, unless two take the same from each other again and again. */
const MOST_STEPS = 400;
const cells = new Int32Array(new SharedArrayBuffer(4 * shareCells(MOST_PARTICIPANTS)));

interface Plan {
  readonly parts: number;
  readonly helpers: number;
  /** In this part something is found, or thrown: what is behind need not be done. */
  readonly foundIn?: number;
  /** The caller wants no more after its first part. */
  readonly isStopped?: boolean;
  /** Helpers leave after a part, and come again if they may; the caller opens their lines again after each of its own. */
  readonly giveWay?: boolean;
  /** Left out of the protocol: the caller does not look once more when all have left. */
  readonly isOnceEnough?: boolean;
}

/** The memory of a call with so many participants, all of whose words' operations are steps. */
function prepare({ parts, helpers }: Plan): Int32Array<SharedArrayBuffer> {
  const used = cells.subarray(0, shareCells(1 + helpers));
  used.fill(0);
  const shared = exploreSharedObjects() as SharedMemory;
  shared.watch([{ name: "shares", cells: used, part: Part.steps, isKept: true }]);
  // A wake-up that is lost is not made up for by a later look.
  shared.endlessMs = 0;
  new Shares(used, CALLER).begin(parts, 1);
  return used;
}

/** What a helper leaves: nothing that counts here. */
const LEAVES: Left = { thread: 1, us: 1, gaveWay: false };

/** As callers do: a promise would wait for the same word. */
function waitForHelpers(shares: Shares, isAnyHere: () => boolean): void {
  for (;;) {
    const times = shares.timesLeft;
    if (!isAnyHere()) return;
    if (!shares.seesLeaving(times)) shares.waitForLeaving(times, ENDLESS_MS);
  }
}

/** A call with its helpers: each part is done once, by all of them together, before the caller goes on. */
function callOf(plan: Plan) {
  return async (t: Exploration): Promise<void> => {
    const used = prepare(plan);
    for (let helper = 1; helper <= plan.helpers; helper++) new Shares(used, CALLER).open(helper);
    const done = Array.from({ length: plan.parts }, (_, part) => t.cell(`part ${part}`));
    const [isOver, came] = [t.cell("the call is over"), t.cell("helpers that came")];
    const takeAll = (shares: Shares, most = Infinity, between?: () => void): void => {
      for (let taken = 0; taken < most; taken++, between?.()) {
        const part = shares.next();
        if (part === NONE) return;
        t.expect(done[part]?.add(1) === 0, `part ${part} is done twice`);
        t.expect(isOver.load() === 0, `part ${part} is done when the call is over`);
        if (part === plan.foundIn) shares.needNoMoreThan(part);
        if (plan.isStopped === true) shares.stop();
      }
    };
    t.thread("caller", () => {
      const shares = new Shares(used, CALLER);
      let gone = 0;
      const openAgain = (): void => {
        for (let one = shares.takeGone(true); one !== undefined; one = shares.takeGone(true)) {
          gone++;
          shares.open(one.participant);
        }
      };
      takeAll(shares, Infinity, plan.giveWay === true ? openAgain : undefined);
      waitForHelpers(shares, () => shares.close() > 0);
      if (plan.isOnceEnough !== true && shares.hasLeft) takeAll(shares);
      requireDone(t, plan, done);
      while (shares.takeGone() !== undefined) gone++;
      t.expect(gone === came.load(), "who has come and gone is taken out once");
      isOver.store(1);
    });
    for (let helper = 1; helper <= plan.helpers; helper++) {
      t.thread(`helper ${helper}`, () => {
        const shares = new Shares(used, helper);
        const times = plan.giveWay === true ? 2 : 1;
        for (let time = 0; time < times && shares.enter({ slot: helper, state: 1 }); time++) {
          came.add(1);
          takeAll(shares, plan.giveWay === true ? 1 : Infinity);
          shares.leave({ ...LEAVES, gaveWay: plan.giveWay === true });
        }
      });
    }
    await t.join();
  };
}

interface CallsPlan {
  /** Of the first call, and of the second. */
  readonly parts: readonly [number, number];
  /** The helper stays after a call, and looks so often for the next. */
  readonly looks: number;
  /** The helper steps back while it gets ready. */
  readonly isSlow?: boolean;
  /** And then finds that it can't. */
  readonly givesUp?: boolean;
  /** Whoever is called for the second call is another thread. */
  readonly areTwo?: boolean;
  /** When the helper has looked so often, it sleeps, and is woken for the second call. */
  readonly sleeps?: boolean;
  /** It is woken before the line is open, and looks so often. */
  readonly isEarly?: boolean;
  /** What is left out of the protocol, or done the other way round. */
  readonly without?: "closing" | "the last look" | "opening first" | "closing again" | "the word" | "the answer";
}

/** More than helpers are called: the caller has ended. */
const ALL_CALLED = 10;
/** Of a helper's thread. */
const AWAKE = 0;
const PARKED = 1;

/**
 * Two calls in the same memory, one after the other, and a helper, who is called unless he is
 * expected to look. Of each call each part is done once, before it is over. And a helper who
 * was not called for the second one looks all the same, after it was opened.
 */
function callsOf(plan: CallsPlan) {
  const { parts, looks, isSlow = false, givesUp = false, areTwo = false, sleeps = false, isEarly, without } = plan;
  return async (t: Exploration): Promise<void> => {
    const used = prepare({ parts: parts[0], helpers: 1 });
    const [call, called, opened, looked] = [t.cell("call"), t.cell("called"), t.cell("opened"), t.cell("looked")];
    const done = parts.map((count, number) =>
      Array.from({ length: count }, (_, part) => t.cell(`part ${part} of call ${number}`)),
    );
    const takeAll = (shares: Shares, number: number): void => {
      for (let part = shares.next(); part !== NONE; part = shares.next()) {
        t.expect(call.load() === number, `a part is done when call ${number} is over`);
        t.expect(done[number]?.[part]?.add(1) === 0, `part ${part} of call ${number} is done twice`);
      }
    };
    const state = t.cell("the helper's thread", AWAKE);
    // As `parking.ts` has it.
    const wake = (): boolean => {
      const isParked =
        without === "the word" ? state.load() === PARKED : state.compareExchange(PARKED, AWAKE) === PARKED;
      if (isParked) state.notify();
      return isParked || without === "the answer";
    };
    const sleepers: Sleepers = { hasEnded: () => false, wake };
    let isExpected = false;
    const invite = (shares: Shares): void => {
      isExpected = !shares.invite(1, sleepers);
      if (isExpected) return;
      called.add(1);
      called.notify();
      if (sleeps) wake();
    };
    t.thread("caller", () => {
      const shares = new Shares(used, CALLER);
      for (const [number, count] of parts.entries()) {
        call.store(number);
        if (isEarly === true) shares.expects(1, sleepers);
        if (number > 0) shares.begin(count, 1);
        if (without === "opening first") invite(shares);
        shares.open(1);
        opened.store(number);
        if (without !== "opening first") invite(shares);
        takeAll(shares, number);
        const close = (): boolean => (without === "closing" ? shares.hasPresent : shares.close() > 0);
        if (without === "closing again") shares.close();
        waitForHelpers(shares, without === "closing again" ? () => shares.hasPresent : close);
        const isWhole = (done[number] ?? []).every((part) => part.load() === 1);
        t.expect(isWhole, `parts of call ${number} are missing`);
        shares.end();
        // Whoever is expected comes by himself: nobody wakes him for another reason.
        if (sleeps && isExpected) for (let seen = looked.load(); seen < number; seen = looked.load()) looked.wait(seen);
      }
      called.add(ALL_CALLED);
      called.notify();
      if (sleeps) wake();
    });
    const helper = (slot: number, mine: (number: number) => boolean): void => {
      const shares = new Shares(used, 1);
      const life = { slot, state: 1 };
      /** Sleeps until it is called, or wanted without that. @returns whether it was wanted */
      const sleepsUntil = (seen: number): boolean => {
        while (called.load() === seen) {
          const isAsleep = shares.fallAsleep(life);
          state.store(PARKED);
          if (called.load() === seen) while (state.load() === PARKED && state.wait(PARKED) !== "ok");
          state.store(AWAKE);
          if (isAsleep && shares.awake(life)) return true;
        }
        return false;
      };
      for (let seen = 0; ;) {
        const isWanted = sleeps && sleepsUntil(seen);
        if (isEarly === true && isWanted) for (let look = 0; look < looks && !shares.isOpen; look++);
        if (!isWanted) {
          while (called.load() === seen) called.wait(seen);
          if (called.load() % ALL_CALLED === seen) return;
          seen++;
          if (!mine(seen - 1)) continue;
        }
        for (;;) {
          shares.takeInvitation();
          looked.store(opened.load());
          if (sleeps) looked.notify();
          if (!shares.enter(life)) break;
          const number = call.load();
          if (isSlow) shares.stepBack(life);
          if (givesUp) {
            shares.giveUp(life);
            break;
          }
          if (isSlow && !shares.comeBack(life)) break;
          takeAll(shares, number);
          shares.leave(LEAVES);
          if (looks === 0) break;
          shares.expectNext(life);
          for (let look = 0; look < looks && !shares.isOpen; look++);
          if (without !== "the last look") continue;
          shares.takeInvitation();
          break;
        }
      }
    };
    if (areTwo) for (const slot of [1, 2]) t.thread(`helper ${slot}`, () => helper(slot, (seen) => seen === slot - 1));
    else t.thread("helper", () => helper(1, () => true));
    await t.join();
    t.expect(!isExpected || looked.load() === 1, "nobody looked at the second call, and nobody was called for it");
  };
}

function requireDone(t: Exploration, { parts, foundIn, isStopped }: Plan, done: readonly Cell[]): void {
  const needed = isStopped === true ? 1 : (foundIn ?? parts - 1) + 1;
  const counts = done.map((part) => part.load());
  if (isStopped === true) t.expect(counts.includes(1), "nothing was done");
  else
    t.expect(
      counts.slice(0, needed).every((count) => count === 1),
      `parts are missing: ${counts.join()}`,
    );
}

describe("the parts of a call, under exploration", () => {
  const plans: Readonly<Record<string, Plan>> = {
    "one part, one helper": { parts: 1, helpers: 1 },
    "two parts, one helper": { parts: 2, helpers: 1 },
    "three parts, one helper": { parts: 3, helpers: 1 },
    "two parts, two helpers": { parts: 2, helpers: 2 },
    "four parts, two helpers": { parts: 4, helpers: 2 },
    "found in the second of four": { parts: 4, helpers: 2, foundIn: 1 },
    "found in the last of three": { parts: 3, helpers: 1, foundIn: 2 },
    "stopped after the first": { parts: 4, helpers: 2, isStopped: true },
    "a helper that gives way": { parts: 3, helpers: 1, giveWay: true },
    "two helpers that give way": { parts: 5, helpers: 2, giveWay: true },
  };
  it("that helpers leave which give way are looked for once more, else some are missing", async () => {
    const options = { name: "once", schedules: 5000, steps: MOST_STEPS };
    const call = callOf({ parts: 5, helpers: 2, giveWay: true, isOnceEnough: true });
    await assert.rejects(explore(options, call), /parts are missing/);
  });

  for (const [name, plan] of Object.entries(plans)) {
    it(name, async () => {
      // With one helper there are few orders enough to have them all.
      const isAll = plan.helpers === 1 && plan.giveWay !== true;
      const options = { name, schedules: isAll ? 5000 : 1000, steps: MOST_STEPS };
      const { coverage } = await explore(isAll ? { ...options, strategy: "dpor" } : options, callOf(plan));
      if (isAll) assert.equal(coverage.kind, "complete");
    });
  }
});

describe("calls in the same memory, under exploration", () => {
  const plans: Readonly<Record<string, CallsPlan>> = {
    "a helper who is called for each": { parts: [1, 1], looks: 0 },
    "a helper who stays": { parts: [1, 1], looks: 1 },
    "a helper who stays, of two parts each": { parts: [2, 2], looks: 1 },
    "a helper who takes long to get ready": { parts: [1, 1], looks: 1, isSlow: true },
    "a helper who gives up": { parts: [1, 1], looks: 0, isSlow: true, givesUp: true },
    "a helper who sleeps": { parts: [1, 1], looks: 0, sleeps: true },
    "a helper who stays, and then sleeps": { parts: [1, 2], looks: 1, sleeps: true },
    "a helper who is woken early": { parts: [1, 2], looks: 1, sleeps: true, isEarly: true },
    "two helpers who take long to get ready": { parts: [1, 2], looks: 0, isSlow: true, areTwo: true },
  };
  for (const [name, plan] of Object.entries(plans)) {
    it(name, async () => {
      await explore({ name, schedules: 4000, steps: MOST_STEPS }, callsOf(plan));
    });
  }

  it("each step is needed", async () => {
    const broken: readonly (readonly [CallsPlan, RegExp])[] = [
      [{ parts: [1, 2], looks: 0, without: "closing" }, /is over|twice|missing/],
      [{ parts: [1, 1], looks: 1, without: "the last look" }, /nobody looked/],
      [{ parts: [1, 1], looks: 0, without: "opening first" }, /nobody looked/],
      [{ parts: [1, 1], looks: 0, isSlow: true, without: "closing again" }, /is over/],
      [{ parts: [1, 1], looks: 0, sleeps: true, without: "the word" }, /nobody looked|nobody can go on|for ever/],
      [{ parts: [1, 1], looks: 0, sleeps: true, without: "the answer" }, /nobody looked|nobody can go on|for ever/],
    ];
    for (const [plan, message] of broken) {
      const name = `without ${plan.without}`;
      await assert.rejects(explore({ name, schedules: 10_000, steps: MOST_STEPS }, callsOf(plan)), message, name);
    }
  });
});
