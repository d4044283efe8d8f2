import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import fc from "fast-check";
import { CALLER, MOST_PARTICIPANTS, MOST_PARTS, MOST_SLOTS, NONE, shareCells, Shares } from "#skein/parallel/shares";

import { hammer } from "../support/hammer.js";
import { ROOT, runNode } from "../support/run-program.js";

import { type ShareHits, turnWords } from "./fixtures/share-hits.js";

function sharesOf(participants: number, parts: number): Shares[] {
  const cells = new Int32Array(new SharedArrayBuffer(4 * shareCells(participants)));
  const shares = Array.from({ length: participants }, (_, participant) => new Shares(cells, participant));
  shares[CALLER]?.begin(parts, 1);
  return shares;
}

const LIFE = { slot: 7, state: 9 };
/** Nobody sleeps, and nobody's thread has ended. */
const NOBODY_SLEEPS = { hasEnded: () => false, wake: () => assert.fail("nobody sleeps") };

/** What a helper leaves that has nothing to tell. */
const NOTHING = { thread: 1, us: 0, gaveWay: false };

function takeAll(shares: Shares): number[] {
  const taken: number[] = [];
  for (let part = shares.next(); part !== NONE; part = shares.next()) taken.push(part);
  return taken;
}

const inTurn = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("the parts of a call", () => {
  it("are taken in order by the caller if nobody helps", () => {
    const [caller] = sharesOf(1, 5) as [Shares];
    assert.deepEqual(takeAll(caller), [0, 1, 2, 3, 4]);
    assert.equal(caller.next(), NONE);
    assert.deepEqual(caller.counts(), [{ parts: 5, steals: 0 }]);
  });

  it("are none where there are none", () => {
    const [caller, helper] = sharesOf(2, 0) as [Shares, Shares];
    assert.equal(caller.next(), NONE);
    assert.equal(helper.next(), NONE);
  });

  it("go by halves to who has none, the upper one of whoever has most", () => {
    const [caller, first, second] = sharesOf(3, 16) as [Shares, Shares, Shares];
    assert.equal(caller.next(), 0);
    assert.equal(first.next(), 8); // of 1 to 15
    assert.equal(caller.left(), 7 + 7);
    assert.equal(second.next(), 4); // of 1 to 7: of equal ones the first is taken from
    assert.deepEqual([caller.next(), first.next(), second.next()], [1, 9, 5]);
    assert.deepEqual(
      caller.counts().map(({ steals }) => steals),
      [0, 1, 1],
    );
  });

  it("are taken by a thief one at least, so that it can't be taken back from it", () => {
    const [caller, helper] = sharesOf(2, 1) as [Shares, Shares];
    assert.equal(helper.next(), 0);
    assert.deepEqual([caller.left(), caller.hasLeft], [0, false]);
    assert.equal(caller.next(), NONE);
  });

  it("have numbers up to the most that there can be", () => {
    const [caller, helper] = sharesOf(2, MOST_PARTS) as [Shares, Shares];
    const half = helper.next();
    assert.equal(half, Math.floor(MOST_PARTS / 2));
    const taken = [half, ...takeAll(helper), ...takeAll(caller)];
    assert.deepEqual(
      taken.sort((a, b) => a - b),
      inTurn(0, MOST_PARTS),
    );
  });

  it("are done once each, in whatever order whoever takes", () => {
    const anyTurns = fc.array(fc.nat(4), { maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(100), anyTurns, (participants, parts, turns) => {
        const shares = sharesOf(participants, parts);
        const taken = turns.map((turn) => shares[turn % participants]?.next() ?? NONE).filter((part) => part !== NONE);
        for (const one of shares) taken.push(...takeAll(one));
        assert.deepEqual(
          taken.sort((a, b) => a - b),
          inTurn(0, parts),
        );
        const done = shares[CALLER]?.counts().reduce((sum, count) => sum + count.parts, 0);
        assert.equal(done, parts);
      }),
    );
  });

  it("before one that is told all are done, behind it none that nobody had", () => {
    const anyTurns = fc.array(fc.nat(4), { maxLength: 100 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(60),
        fc.nat(60),
        anyTurns,
        (participants, parts, last, turns) => {
          const shares = sharesOf(participants, parts);
          const before = turns
            .map((turn) => shares[turn % participants]?.next() ?? NONE)
            .filter((part) => part !== NONE);
          shares[0]?.needNoMoreThan(last);
          shares.at(-1)?.needNoMoreThan(last + 7); // a later one changes nothing
          const after = shares.flatMap(takeAll);
          assert.ok(after.every((part) => part <= last));
          const all = new Set([...before, ...after]);
          assert.equal(all.size, before.length + after.length);
          for (const part of inTurn(0, Math.min(parts, last + 1))) assert.ok(all.has(part), `${part} is missing`);
        },
      ),
    );
  });

  it("are none any more once it is stopped", () => {
    const [caller, helper] = sharesOf(2, 100) as [Shares, Shares];
    assert.equal(caller.next(), 0);
    assert.equal(helper.next(), 50);
    assert.equal(caller.hasLeft, true);
    caller.stop();
    assert.equal(caller.hasLeft, false);
    assert.equal(caller.next(), NONE);
    assert.equal(helper.next(), NONE);
  });
});

describe("helpers of a call", () => {
  it("are there from their coming to their leaving", () => {
    const [caller, first, second] = sharesOf(3, 3) as [Shares, Shares, Shares];
    assert.equal(first.enter({ slot: 7, state: 9 }), false, "nobody may come yet");
    const span = { first: 3, end: 2 ** 52, partItems: 1.5 };
    const slots = [Number.NaN, -0, 2 ** 60, 1e-320, ...Array.from({ length: MOST_SLOTS - 4 }, (_, i) => i)];
    caller.tell({ number: 4, payload: { payload: 320, byteLength: 6 }, slots }, span);
    caller.open(1);
    caller.open(2);
    assert.equal(first.isOpen, true);
    assert.equal(first.enter({ slot: 7, state: 9 }), true);
    assert.equal(first.isOpen, false);
    assert.deepEqual([first.told, first.work, first.span], [4, { payload: 320, byteLength: 6 }, span]);
    const copied = new Float64Array(MOST_SLOTS);
    assert.equal(first.copySlots(copied), MOST_SLOTS);
    assert.deepEqual([...copied], slots);
    assert.equal(first.callerSlot, 1);
    assert.deepEqual([caller.present(), caller.hasPresent], [[{ slot: 7, state: 9 }], true]);
    assert.equal(caller.hasGone(1), false);
    caller.close();
    assert.equal(second.enter({ slot: 8, state: 1 }), false, "too late");
    assert.equal(caller.hasGone(2), false, "it has never come");
    assert.deepEqual([caller.takeGone(), caller.hasExpected], [undefined, true]);
    const times = caller.timesLeft;
    assert.equal(caller.seesLeaving(times), false);
    first.leave({ ...NOTHING, result: { payload: 160, byteLength: 5, areNumbers: true } });
    assert.equal(caller.seesLeaving(times), true);
    caller.waitForLeaving(times, 1e9); // somebody has left: it does not wait
    assert.equal(caller.leavingAfter(times), undefined, "nor does a promise");
    assert.equal(caller.hasGone(1), true);
    assert.deepEqual([caller.present(), caller.hasPresent, caller.hasExpected], [[], false, false]);
    assert.deepEqual(caller.takeGone()?.result, { payload: 160, byteLength: 5, areNumbers: true });
    assert.equal(caller.takeGone(), undefined, "it is taken once");
  });

  it("come one in a participant's place, of threads up to the last slot in its millionth life", () => {
    const [caller, first] = sharesOf(2, 3) as [Shares, Shares];
    const life = { slot: 255, state: (1_000_000 << 2) | 1 };
    caller.open(1);
    assert.deepEqual([first.enter(life), first.enter({ slot: 3, state: 5 })], [true, false]);
    assert.deepEqual(caller.present(), [life]);
  });

  it("are not waited for while they get ready, and come back unless it is too late", () => {
    const [caller, helper] = sharesOf(2, 3) as [Shares, Shares];
    const life = { slot: 7, state: 9 };
    caller.open(1);
    helper.enter(life);
    helper.stepBack(life);
    assert.deepEqual([caller.hasPresent, caller.hasGone(1)], [false, false]);
    assert.equal(helper.comeBack({ slot: 8, state: 9 }), false, "another");
    assert.equal(helper.comeBack(life), true);
    assert.deepEqual(caller.present(), [life]);
    helper.stepBack(life);
    caller.close();
    assert.equal(helper.comeBack(life), false, "too late");
    caller.open(1);
    helper.enter(life);
    helper.stepBack(life);
    helper.giveUp(life);
    assert.equal(helper.isOpen, false);
  });

  it("say for how long they were there, or that they could not give back what they made", () => {
    const [caller, first, second, third] = sharesOf(4, 3) as [Shares, Shares, Shares, Shares];
    for (const [index, helper] of [first, second, third].entries()) {
      caller.open(index + 1);
      helper.enter({ slot: 7 + index, state: 1 });
    }
    const result = { payload: 160, byteLength: 5, areNumbers: false };
    first.leave({ thread: 4, us: 1500, gaveWay: false });
    second.leave({ thread: 5, us: 1600, gaveWay: true, result });
    third.leaveWithout();
    assert.deepEqual(caller.takeGone(true), {
      participant: 2,
      thread: 5,
      us: 1600,
      gaveWay: true,
      hasFailed: false,
      result,
    });
    assert.equal(caller.takeGone(true), undefined, "the others did not give way");
    const [one, other] = [caller.takeGone(), caller.takeGone()];
    assert.deepEqual([one?.participant, one?.us, one?.result, one?.hasFailed], [1, 1500, undefined, false]);
    assert.deepEqual([other?.participant, other?.hasFailed], [3, true]);
  });

  it("that gave way come again where the line is opened again, in the same call", () => {
    const [caller, helper] = sharesOf(2, 8) as [Shares, Shares];
    const life = { slot: 7, state: 1 };
    caller.open(1);
    helper.enter(life);
    assert.equal(helper.next(), 4);
    helper.leave({ ...NOTHING, gaveWay: true });
    assert.equal(helper.enter(life), false);
    assert.equal(caller.takeGone(true)?.participant, 1);
    caller.open(1);
    assert.equal(helper.enter(life), true);
    assert.equal(helper.next(), 5, "what was left of its range it finds again");
    assert.deepEqual(caller.counts()[1], { parts: 2, steals: 1 });
  });

  it("have a promise settle when they leave, one for all that wait for the same", async () => {
    const [caller, helper] = sharesOf(2, 8) as [Shares, Shares];
    caller.open(1);
    helper.enter({ slot: 7, state: 1 });
    const leaving = caller.leavingAfter(caller.timesLeft);
    assert.ok(leaving instanceof Promise);
    assert.equal(caller.leavingAfter(caller.timesLeft), leaving);
    helper.leave(NOTHING);
    await leaving;
    assert.notEqual(caller.leavingAfter(caller.timesLeft), leaving);
  });

  it("are waited for anew after a wake-up that meant a change before", async () => {
    const cells = new Int32Array(new SharedArrayBuffer(4 * shareCells(2)));
    const caller = new Shares(cells, CALLER);
    const leaving = caller.leavingAfter(caller.timesLeft);
    for (let word = 0; word < shareCells(1); word++) Atomics.notify(cells, word);
    await leaving;
    const again = caller.leavingAfter(caller.timesLeft);
    assert.ok(again instanceof Promise && again !== leaving, "else who waits goes round without a turn");
  });

  it("that were mistaken let another come in their place", () => {
    const [caller, helper] = sharesOf(2, 8) as [Shares, Shares];
    caller.open(1);
    helper.enter({ slot: 7, state: 1 });
    helper.stepOut();
    assert.deepEqual([caller.hasGone(1), helper.enter({ slot: 8, state: 1 })], [false, true]);
  });

  it("that nobody can call are not waited for, unless somebody has looked for them", () => {
    const [caller, helper] = sharesOf(2, 8) as [Shares, Shares];
    caller.open(1);
    caller.invite(1, NOBODY_SLEEPS);
    caller.forgetInvitation(1);
    assert.equal(caller.hasExpected, false);
    caller.open(1);
    caller.invite(1, NOBODY_SLEEPS);
    helper.takeInvitation();
    caller.forgetInvitation(1);
    assert.equal(caller.hasExpected, true);
  });

  it("are called once for as many calls as open before one of them looks", () => {
    const [caller, helper] = sharesOf(2, 3) as [Shares, Shares];
    caller.open(1);
    assert.equal(caller.invite(1, NOBODY_SLEEPS), true);
    caller.close();
    caller.end();
    caller.begin(2, 1);
    caller.open(1);
    assert.equal(caller.invite(1, NOBODY_SLEEPS), false, "one was called, and will look");
    helper.takeInvitation();
    assert.equal(helper.enter({ slot: 7, state: 1 }), true, "though it was called for the call before");
    assert.equal(helper.next(), 1);
    helper.leave(NOTHING);
    caller.end();
    caller.begin(2, 1);
    assert.equal(caller.hasStayed, false);
    helper.expectNext(LIFE);
    assert.equal(caller.hasStayed, true);
    caller.open(1);
    assert.equal(caller.invite(1, NOBODY_SLEEPS), false, "it stayed");
    helper.takeInvitation();
    assert.equal(caller.hasStayed, false);
  });

  it("that have ended while they stayed or slept are not expected", () => {
    const [caller, helper] = sharesOf(2, 3) as [Shares, Shares];
    const ended: unknown[] = [];
    const sleepers = { hasEnded: (life: unknown) => ended.push(life) > 0, wake: () => assert.fail("nobody sleeps") };
    helper.expectNext(LIFE);
    assert.equal(caller.expects(1, sleepers), false);
    assert.equal(caller.invite(1, sleepers), true);
    assert.equal(caller.invite(1, sleepers), false, "another was called");
    helper.takeInvitation();
    assert.equal(helper.fallAsleep(LIFE), true);
    assert.equal(caller.invite(1, sleepers), true);
    assert.deepEqual(ended, [LIFE, LIFE, LIFE]);
  });

  it("that sleep are woken once, and look", () => {
    const [caller, helper] = sharesOf(2, 3) as [Shares, Shares];
    const woken: unknown[] = [];
    const sleepers = { hasEnded: () => false, wake: (life: unknown) => woken.push(life) > 0 };
    assert.equal(caller.expects(1, sleepers), false, "nobody sleeps yet");
    assert.equal(helper.fallAsleep(LIFE), true);
    assert.equal(caller.hasStayed, false);
    assert.equal(caller.expects(1, sleepers), true);
    assert.equal(caller.hasStayed, false, "it is on its way, and not there");
    caller.open(1);
    assert.equal(caller.invite(1, sleepers), false);
    assert.deepEqual(woken, [LIFE]);
    assert.equal(helper.awake(LIFE), true);
    helper.takeInvitation();
    assert.equal(helper.enter(LIFE), true);
  });

  it("that can't be woken, as they are awake, are not expected", () => {
    const [caller, helper] = sharesOf(2, 3) as [Shares, Shares];
    const sleepers = { hasEnded: () => false, wake: () => false };
    helper.fallAsleep(LIFE);
    assert.equal(caller.expects(1, sleepers), false);
    assert.equal(helper.awake(LIFE), false, "it goes on with what it does");
    helper.fallAsleep(LIFE);
    assert.equal(caller.invite(1, sleepers), true);
    assert.equal(helper.awake(LIFE), false);
  });

  it("that awake by themselves are not expected any more; nor do they sleep in another's place", () => {
    const [caller, helper] = sharesOf(2, 3) as [Shares, Shares];
    helper.fallAsleep(LIFE);
    assert.equal(helper.awake(LIFE), false);
    assert.equal(caller.invite(1, NOBODY_SLEEPS), true);
    assert.equal(helper.fallAsleep(LIFE), false, "somebody was called");
    helper.takeInvitation();
    helper.expectNext(LIFE);
    assert.equal(helper.fallAsleep({ slot: 8, state: 1 }), false, "somebody stays");
  });

  it("find nothing of a call before in the memory of the next", () => {
    const [caller, helper] = sharesOf(2, 40) as [Shares, Shares];
    caller.open(1);
    helper.enter({ slot: 7, state: 1 });
    helper.next();
    caller.needNoMoreThan(3);
    helper.leave({ ...NOTHING, us: 5 });
    caller.end();
    caller.begin(6, 2);
    assert.deepEqual(caller.counts(), [
      { parts: 0, steals: 0 },
      { parts: 0, steals: 0 },
    ]);
    assert.deepEqual(
      [caller.left(), caller.hasPresent, caller.takeGone(), helper.callerSlot],
      [6, false, undefined, 2],
    );
    assert.deepEqual(takeAll(caller), [0, 1, 2, 3, 4, 5]);
  });

  it("are as many as there is room for", () => {
    const shares = sharesOf(MOST_PARTICIPANTS, 1000);
    const taken = shares.flatMap((one) => [one.next(), one.next()]);
    for (const one of shares) taken.push(...takeAll(one));
    assert.deepEqual(
      taken.sort((a, b) => a - b),
      inTurn(0, 1000),
    );
  });

  it("and the caller do each part once, and nobody hangs, in all orders of their steps", async () => {
    const program = join(ROOT, "build/test/explore/parallel-shares.js");
    const { exitCode, stdout } = await runNode(["--conditions=explore", "--test-reporter=spec", program], {
      limitMs: 120_000,
    });
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /pass 21/);
  });

  it("and the caller do millions of parts once each, on threads that come, take and leave", async () => {
    const rounds = 60;
    const threadCount = 4;
    const data: ShareHits = {
      parts: MOST_PARTS,
      rounds,
      threads: threadCount,
      cells: new SharedArrayBuffer(4 * shareCells(threadCount)),
      done: new SharedArrayBuffer(4 * MOST_PARTS),
      turn: new SharedArrayBuffer(4 * turnWords(threadCount)),
    };
    const hits = await hammer<number>(new URL("fixtures/share-hits.js", import.meta.url), threadCount, data);
    const all = rounds * MOST_PARTS;
    assert.equal(
      hits.reduce((sum, hit) => sum + hit, 0),
      all,
    );
    assert.ok(all > 3_900_000);
    assert.ok(new Int32Array(data.done).every((times) => times === rounds));
  });
});
