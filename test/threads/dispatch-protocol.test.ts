/**
 * The arguments of `src/threads/README.md` that nobody sleeps on: the steps in every
 * interleaving, and what becomes of them with one left out.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { everyInterleaving, type Program, type Thread } from "../support/interleavings.js";

interface Protocol<Steps extends object> {
  readonly what: string;
  readonly right: Steps;
  readonly program: (steps: Steps) => Program;
  /** Each must hang in some order. */
  readonly wrong: readonly (readonly [what: string, steps: Partial<Steps>])[];
}

/** A thread that parks, and a pool that gives it two calls. */
const parking: Protocol<{ readonly looksAgain: boolean; readonly changesWord: boolean; readonly readsAfter: boolean }> =
  {
    what: "a thread that parks",
    right: { looksAgain: true, changesWord: true, readsAfter: true },
    wrong: [
      ["without the second look", { looksAgain: false }],
      ["when the waker leaves the word as it was", { changesWord: false }],
      ["when the waker reads the word before it publishes", { readsAfter: false }],
    ],
    program({ looksAgain, changesWord, readsAfter }) {
      const now = { published: 0, taken: 0, isParked: false, isAsleep: false };
      function* thread(): Thread {
        while (now.taken < 2) {
          if (now.taken < now.published) {
            now.taken++;
            continue;
          }
          yield;
          now.isParked = true;
          yield;
          const hasWork = looksAgain && now.taken < now.published;
          yield;
          if (!hasWork && now.isParked) {
            now.isAsleep = true;
            while (now.isAsleep) yield false;
          }
          now.isParked = false;
          yield;
        }
      }
      function* pool(): Thread {
        for (let call = 0; call < 2; call++) {
          let isParked = now.isParked;
          if (!readsAfter) yield;
          now.published++;
          yield;
          if (readsAfter) isParked = now.isParked;
          yield;
          if (!isParked) continue;
          if (changesWord) now.isParked = false;
          yield;
          now.isAsleep = false;
          yield;
        }
      }
      return { threads: [thread(), pool()], check: () => assert.equal(now.taken, 2) };
    },
  };

/** A pool that arms and sleeps, and a thread with two outcomes for it. */
const arming: Protocol<{ readonly looksAgain: boolean; readonly readsAfter: boolean; readonly tellsRest: boolean }> = {
  what: "a pool that arms",
  right: { looksAgain: true, readsAfter: true, tellsRest: true },
  wrong: [
    ["without the look after arming", { looksAgain: false }],
    ["when the thread reads ARMED before it publishes", { readsAfter: false }],
    ["when a thread that put off telling goes idle", { tellsRest: false }],
  ],
  program({ looksAgain, readsAfter, tellsRest }) {
    const now = { finished: 0, collected: 0, isArmed: false, messages: 0 };
    function* pool(): Thread {
      while (now.collected < 2) {
        now.collected = now.finished;
        yield;
        if (now.collected === 2) return;
        now.isArmed = true;
        yield;
        if (looksAgain && now.collected < now.finished) {
          now.isArmed = false;
          continue;
        }
        yield;
        while (now.messages === 0) yield false;
        now.messages--;
        now.isArmed = false;
        yield;
      }
    }
    function* thread(): Thread {
      const tell = (): void => {
        if (now.isArmed) now.messages++;
        now.isArmed = false;
      };
      let hasPutOff = false;
      for (let call = 0; call < 2; call++) {
        let isArmed = now.isArmed;
        if (!readsAfter) yield;
        now.finished++;
        yield;
        if (readsAfter) isArmed = now.isArmed;
        if (isArmed) hasPutOff = true;
        yield;
      }
      if (hasPutOff && tellsRest) tell();
    }
    return { threads: [pool(), thread()], check: () => assert.equal(now.collected, 2) };
  },
};

/**
 * Thread 2, awake, steals a call from the line of thread 1, which is about to park; it
 * lasts until another call has run, which the pool publishes on the line of thread 2.
 */
const stealing: Protocol<{ readonly looksAgain: boolean; readonly wakesOther: boolean; readonly saysFirst: boolean }> =
  {
    what: "a call behind a stolen one",
    right: { looksAgain: true, wakesOther: true, saysFirst: true },
    wrong: [
      ["when who has stolen does not look at its own line", { looksAgain: false }],
      ["when the pool wakes nobody for a thread that is busy", { wakesOther: false }],
      ["when who has stolen looks before it says that it runs", { saysFirst: false }],
    ],
    program({ looksAgain, wakesOther, saysFirst }) {
      const now = { isPublished: false, isTaken: false, isRunning2: false, isParked1: true, hasRun: false };
      const take = (): boolean => {
        if (!now.isPublished || now.isTaken) return false;
        now.isTaken = true;
        now.hasRun = true;
        return true;
      };
      const wake1 = (): void => {
        now.isParked1 = false;
      };
      function* thread1(): Thread {
        for (;;) {
          while (now.isParked1 && !now.hasRun) yield false;
          if (now.hasRun || take()) return;
          yield;
          now.isParked1 = true;
          yield;
          // The second look, at the lines of others too.
          if (take()) return;
          yield;
        }
      }
      function* thread2(): Thread {
        // It has taken the stolen call, having found its own line empty before that.
        if (saysFirst) now.isRunning2 = true;
        yield;
        const hasOwn = now.isPublished && !now.isTaken;
        yield;
        if (!saysFirst) now.isRunning2 = true;
        if (looksAgain && hasOwn) wake1();
        yield;
        while (!now.hasRun) yield false;
      }
      function* pool(): Thread {
        now.isPublished = true;
        yield;
        // Thread 2 is awake.
        if (now.isRunning2 && wakesOther) wake1();
      }
      return { threads: [thread1(), thread2(), pool()], check: () => assert.ok(now.hasRun) };
    },
  };

interface Lookers {
  readonly publishesFirst: boolean;
  readonly wakesSleepers: boolean;
  readonly wakesRobbed: boolean;
}

/**
 * Thread 0 is busy, threads 1 and 2 sleep. Two calls are put on lines, each of which lasts
 * until both have run.
 *
 * @param woken - whom the pool wakes for each line, in this order; `undefined` for nobody
 * @param looksAt - the lines that a thread looks at, the first one first
 */
function lookers(
  { publishesFirst, wakesSleepers, wakesRobbed }: Lookers,
  woken: readonly (readonly [line: number, thread: number | undefined])[],
  looksAt: Readonly<Record<number, readonly number[]>>,
): Program {
  const hasCall = [false, false, false];
  const isParked = [false, true, true];
  const now = { runs: 0 };
  function* thread(own: number): Thread {
    for (;;) {
      while (isParked[own] === true && now.runs < 2) yield false;
      if (now.runs === 2) return;
      const line = looksAt[own]?.find((at) => hasCall[at]);
      if (line !== undefined) hasCall[line] = false;
      yield;
      if (line !== undefined && line !== own && isParked[line] === true) {
        if (wakesRobbed) isParked[line] = false;
      } else if (wakesSleepers) {
        const sleeper = isParked.findIndex((parked, at) => parked && hasCall[at] === true);
        if (sleeper !== -1) isParked[sleeper] = false;
      }
      if (line !== undefined) {
        now.runs++;
        yield;
        while (now.runs < 2) yield false;
        return;
      }
      isParked[own] = true;
      yield;
      // The second look.
      if (hasCall.includes(true)) isParked[own] = false;
    }
  }
  function* pool(): Thread {
    if (publishesFirst) {
      for (const [line] of woken) hasCall[line] = true;
      yield;
    }
    for (const [line, sleeper] of woken) {
      if (!publishesFirst) {
        hasCall[line] = true;
        yield;
      }
      if (sleeper !== undefined) isParked[sleeper] = false;
      yield;
    }
  }
  return { threads: [pool(), thread(1), thread(2)], check: () => assert.equal(now.runs, 2) };
}

const EACH_ITS_OWN = { 1: [1, 0, 2], 2: [2, 1, 0] };

/** The pool wakes no more than one for its own line, so not thread 2. */
const leaving: Protocol<Lookers> = {
  what: "a thread that the pool leaves asleep with a call on its line",
  right: { publishesFirst: true, wakesSleepers: true, wakesRobbed: true },
  wrong: [
    ["when the pool wakes the first before it has published all", { publishesFirst: false }],
    ["when who was woken does not look for others", { wakesSleepers: false }],
  ],
  program: (steps) =>
    lookers(
      steps,
      [
        [1, 1],
        [2, undefined],
      ],
      EACH_ITS_OWN,
    ),
};

/** Thread 2 is woken for the call of thread 0, and takes that of thread 1, which was left asleep. */
const robbing: Protocol<Lookers> = {
  what: "a call whose looker has taken that of another line",
  right: { publishesFirst: true, wakesSleepers: true, wakesRobbed: true },
  wrong: [["when the thread of that line is left asleep", { wakesRobbed: false }]],
  program: (steps) =>
    lookers(
      steps,
      [
        [1, undefined],
        [0, 2],
      ],
      EACH_ITS_OWN,
    ),
};

for (const { what, right, wrong, program } of [
  parking,
  arming,
  stealing,
  leaving,
  robbing,
] as readonly Protocol<object>[]) {
  describe(what, () => {
    it("is overlooked in no interleaving", () => {
      const { runs, hung } = everyInterleaving(() => program(right));
      assert.equal(hung, undefined);
      assert.ok(runs > 10, `${runs} runs`);
    });
    for (const [how, steps] of wrong) {
      it(`is in one, ${how}`, () => {
        assert.notEqual(everyInterleaving(() => program({ ...right, ...steps })).hung, undefined);
      });
    }
  });
}
