/** Verdicts are functions of what was measured: each lab's, on measurements of every kind. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findLabs, LABS } from "#skein/labs/catalog";
import { amdahl } from "#skein/labs/catalog/parallel";
import { judge, outcomeOf } from "#skein/labs/evidence";
import type { Judgement, JudgementKind, Lab, Lane, Measured, PhaseFacts } from "#skein/labs/lab";

import { lanesAtOnce, lanesInTurns, measurement, phaseOf, TAKEN, UNKNOWN } from "./support/measurements.js";

function lab(name: string): Lab {
  const [found] = findLabs(name);
  assert.ok(found, `there is no lab ${name}`);
  return found;
}

/** A measurement of each lab that shows its claim. */
const SHOWN: Readonly<Record<string, Measured>> = {
  "four-models": measurement({
    numbers: { jobs: 4, results: 1 },
    phases: ["here", "sliced", "threads, one core", "threads, all cores"].map((name) =>
      phaseOf(name, { mostInFlight: 4 }),
    ),
    lanes: {
      here: lanesInTurns(4),
      sliced: lanesInTurns(4),
      "threads, one core": lanesInTurns(4),
      "threads, all cores": lanesAtOnce(2),
    },
  }),
  threads: measurement({ numbers: { processes: 1, threads: 3, sawAll: 3, ownDepth: 3, overflows: 1, lost: 0 } }),
  "lost-updates": measurement({ numbers: { additions: 1000, lost: 40, lockedAdditions: 1000, lostLocked: 0 } }),
  switching: measurement({
    numbers: { threadsOnOne: 4, coresOne: 1, threadsOnSeveral: 4, coresSeveral: 2 },
    phases: [phaseOf("one core"), phaseOf("several cores")],
    lanes: { "one core": lanesInTurns(4), "several cores": lanesInTurns(4) },
  }),
  illusion: measurement({
    numbers: { threads: 2, coresShared: 1 },
    phases: [phaseOf("cores shared"), phaseOf("a core each")],
    lanes: { "cores shared": lanesInTurns(2), "a core each": lanesAtOnce(2) },
  }),
  "fair-share": measurement({
    numbers: { cores: 1, least1: 0.98, most1: 0.98, least2: 0.48, most2: 0.49, least4: 0.23, most4: 0.25 },
    phases: [1, 2, 4].map((each) => phaseOf(`${each} to a core`)),
  }),
  notified: measurement({
    numbers: Object.fromEntries(
      ["callback", "promise", "event", "trigger"].flatMap((way) => [
        [`${way}StartUs`, 80],
        [`${way}Worked`, 900],
        [`${way}Handled`, 1],
      ]),
    ),
    phases: ["callback", "promise", "event", "trigger"].map((way) => phaseOf(way)),
  }),
  blocking: measurement({
    numbers: { requests: 10, blockingMs: 305, blockingBeats: 0, asynchronousMs: 33, asynchronousBeats: 6 },
    phases: [phaseOf("blocking"), phaseOf("asynchronous")],
  }),
  connections: measurement({
    numbers: { room: 10_000, mostWaiting: 9000, answered: 9000, refused: 0 },
    phases: [phaseOf("connections")],
  }),
  "cpu-bound": measurement({
    numbers: {
      pieces: 8,
      threads: 2,
      "one by one ms": 240,
      "promises ms": 240,
      "promises still": 1,
      "threads ms": 130,
      "threads still": 0.1,
    },
    phases: [phaseOf("one by one"), phaseOf("promises"), phaseOf("threads")],
  }),
  interleaving: measurement({
    numbers: {
      jobs: 3,
      "one after the other: short": 3,
      "one after the other: states": 5,
      "in turns: short": 1,
      "in turns: states": 5,
      switches: 40,
      preemptions: 60,
    },
    phases: [phaseOf("one after the other"), phaseOf("in turns", { mostInFlight: 3 })],
    lanes: { "in turns": lanesInTurns(3) },
  }),
  overlap: measurement({
    numbers: { jobs: 60, mostAlive: 60, mostInside: 1, steps: 300, workShare: 0.01 },
    phases: [phaseOf("sixty jobs", { mostInFlight: 60, meanInFlight: 55, cpuMs: 100 })],
  }),
  parallel: measurement({
    numbers: { threads: 2, "one thread ms": 400, "all divided ms": 210, "half divided ms": 310 },
    phases: ["one thread", "all divided", "half divided"].map((name) => phaseOf(name)),
    lanes: { "all divided": lanesAtOnce(2) },
  }),
  backpressure: measurement({
    numbers: {
      values: 2000,
      capacity: 8,
      "no limit: most": 1999,
      "no limit: used": 2000,
      "no limit: order": 2000,
      "limit: most": 8,
      "limit: used": 2000,
      "limit: order": 2000,
    },
    phases: [phaseOf("no limit"), phaseOf("limit")],
  }),
  cancellation: measurement({
    numbers: { started: 9, ended: 9, left: 0, branches: 3, cleaned: 3, endingMs: 5, lost: 0 },
    phases: [phaseOf("tree")],
  }),
  deadlock: measurement({ numbers: { circle: 2, refused: 1, wentOn: 1, sameOrder: 2 } }),
};

/** A measurement like the one that shows it, but for these. */
function but(
  name: string,
  change: Partial<Measured>,
  facts: Readonly<Record<string, Partial<PhaseFacts>>> = {},
): Measured {
  const shown = SHOWN[name] as Measured;
  return {
    ...shown,
    ...change,
    numbers: { ...shown.numbers, ...change.numbers },
    lanes: { ...shown.lanes, ...change.lanes },
    phases: shown.phases.map((phase) => ({ ...phase, ...facts[phase.name], ...facts["*"] })),
  };
}

function verdictOn(name: string, measured: Measured): Judgement {
  return judge(lab(name), measured);
}

describe("the verdict of every lab", () => {
  for (const one of LABS) {
    it(`${one.name}: shown by a measurement that shows it`, () => {
      const measured = SHOWN[one.name];
      assert.ok(measured, `no measurement is made up for ${one.name}`);
      const { kind, because } = judge(one, measured);
      assert.equal(kind, "shown", because.en);
      assert.notEqual(outcomeOf(one, measured), undefined);
    });

    it(`${one.name}: inconclusive, and never shown, if nothing was measured`, () => {
      const { kind } = judge(one, measurement({}));
      assert.equal(kind, "inconclusive");
      assert.equal(outcomeOf(one, measurement({})), undefined);
    });

    it(`${one.name}: not shown without what its numbers say`, () => {
      const { numbers } = SHOWN[one.name] as Measured;
      for (const missing of Object.keys(numbers)) {
        const rest = Object.fromEntries(Object.entries(numbers).filter(([name]) => name !== missing));
        const { kind, because } = judge(one, { ...(SHOWN[one.name] as Measured), numbers: rest });
        // A number that only illustrates may be missing.
        if (kind === "inconclusive") assert.match(because.en, new RegExp(`"${missing}" was not measured`));
        else assert.equal(kind, "shown");
      }
    });
  }
});

/** Two lanes that run together for a tenth of the time. */
const TENTH_AT_ONCE: readonly Lane[] = [
  { name: "a", runs: [[0, 55]] },
  { name: "b", runs: [[45, 100]] },
];

/** What turns a verdict, and into what. */
const TURNS: readonly (readonly [name: string, what: string, expected: JudgementKind, measured: Measured])[] = [
  ["four-models", "the results differ", "not-shown", but("four-models", { numbers: { results: 2 } })],
  [
    "four-models",
    "a place runs one job after the other",
    "not-shown",
    but("four-models", {}, { sliced: { mostInFlight: 1 } }),
  ],
  [
    "four-models",
    "nothing is parallel on all cores, which were free",
    "not-shown",
    but("four-models", { lanes: { "threads, all cores": lanesInTurns(2) } }),
  ],
  [
    "four-models",
    "nothing is parallel on all cores, which others had",
    "inconclusive",
    but("four-models", { lanes: { "threads, all cores": lanesInTurns(2) } }, { "*": TAKEN }),
  ],
  [
    "four-models",
    "two jobs run at once on one loop",
    "not-shown",
    but("four-models", { lanes: { here: lanesAtOnce(2) } }),
  ],
  ["threads", "a thread does not see what others wrote", "not-shown", but("threads", { numbers: { sawAll: 0 } })],
  ["threads", "a full stack takes another thread along", "not-shown", but("threads", { numbers: { lost: 1 } })],
  ["threads", "there are several processes", "not-shown", but("threads", { numbers: { processes: 3 } })],
  ["lost-updates", "the lock is removed", "not-shown", but("lost-updates", { numbers: { lostLocked: 7 } })],
  [
    "lost-updates",
    "nothing is lost without a lock, by luck",
    "inconclusive",
    but("lost-updates", { numbers: { lost: 0 } }),
  ],
  [
    "switching",
    "each thread runs at one stretch",
    "not-shown",
    but("switching", { lanes: { "one core": lanesInTurns(4, 100, 1) } }),
  ],
  [
    "switching",
    "there is but one thread, which others interrupt",
    "not-shown",
    but("switching", { lanes: { "one core": [{ name: "alone", runs: lanesInTurns(2)[0]?.runs ?? [] }] } }),
  ],
  [
    "switching",
    "a thread keeps its core for long",
    "not-shown",
    but("switching", { lanes: { "one core": lanesInTurns(4, 200, 5) } }),
  ],
  [
    "illusion",
    "the threads with a core each are bound to one",
    "not-shown",
    but("illusion", { lanes: { "a core each": lanesInTurns(2) } }),
  ],
  [
    "illusion",
    "others had the cores",
    "inconclusive",
    but("illusion", { lanes: { "a core each": lanesInTurns(2) } }, { "*": TAKEN }),
  ],
  [
    "illusion",
    "a tenth of the time is common, as others had the cores",
    "shown",
    but("illusion", { lanes: { "a core each": TENTH_AT_ONCE } }, { "*": TAKEN }),
  ],
  [
    "illusion",
    "a tenth of the time is common, though the cores were free",
    "not-shown",
    but("illusion", { lanes: { "a core each": TENTH_AT_ONCE } }),
  ],
  [
    "illusion",
    "a tenth of the time is common, but hardly less where cores are shared",
    "inconclusive",
    but(
      "illusion",
      { lanes: { "a core each": TENTH_AT_ONCE, "cores shared": [...lanesInTurns(2), { name: "c", runs: [[4, 14]] }] } },
      { "*": TAKEN },
    ),
  ],
  [
    "illusion",
    "there is one core only",
    "inconclusive",
    but("illusion", { lanes: { "a core each": lanesInTurns(2) }, cores: 1 }),
  ],
  [
    "illusion",
    "the platform does not tell who has the cores",
    "inconclusive",
    but("illusion", { lanes: { "a core each": lanesInTurns(2) } }, { "*": UNKNOWN }),
  ],
  [
    "illusion",
    "threads on one core run at the same time",
    "not-shown",
    but("illusion", { lanes: { "cores shared": lanesAtOnce(2) } }),
  ],
  [
    "illusion",
    "threads that can't be bound never compete",
    "inconclusive",
    but("illusion", { lanes: { "cores shared": lanesAtOnce(2) }, canPin: false }),
  ],
  ["fair-share", "one thread is left out", "not-shown", but("fair-share", { numbers: { least4: 0.01 } })],
  ["fair-share", "threads do not share", "not-shown", but("fair-share", { numbers: { least2: 0.95, most2: 0.97 } })],
  [
    "fair-share",
    "others disturb",
    "inconclusive",
    but("fair-share", { numbers: { least4: 0.01 } }, { "4 to a core": TAKEN }),
  ],
  ["notified", "starting waits for the end", "not-shown", but("notified", { numbers: { eventStartUs: 31_000 } })],
  ["notified", "nothing else is done meanwhile", "not-shown", but("notified", { numbers: { promiseWorked: 0 } })],
  ["notified", "the end is told twice", "not-shown", but("notified", { numbers: { callbackHandled: 2 } })],
  ["blocking", "the requests do not overlap", "not-shown", but("blocking", { numbers: { asynchronousMs: 310 } })],
  ["blocking", "the blocked thread does other work", "not-shown", but("blocking", { numbers: { blockingBeats: 9 } })],
  [
    "blocking",
    "others disturb",
    "inconclusive",
    but("blocking", { numbers: { asynchronousMs: 310 } }, { asynchronous: TAKEN }),
  ],
  [
    "connections",
    "there is a thread for each",
    "not-shown",
    but("connections", {}, { connections: { newThreads: 9000 } }),
  ],
  ["connections", "answers are missing", "not-shown", but("connections", { numbers: { answered: 8999 } })],
  [
    "connections",
    "there is no room for thousands",
    "inconclusive",
    but("connections", { numbers: { room: 400, mostWaiting: 400, answered: 400 } }),
  ],
  [
    "connections",
    "threads can't be counted",
    "inconclusive",
    but("connections", {}, { connections: { newThreads: undefined } }),
  ],
  ["cpu-bound", "promises make it faster", "not-shown", but("cpu-bound", { numbers: { "promises ms": 100 } })],
  [
    "cpu-bound",
    "the loop is free with promises",
    "not-shown",
    but("cpu-bound", { numbers: { "promises still": 0.2 } }),
  ],
  [
    "cpu-bound",
    "the loop stands still with threads too",
    "not-shown",
    but("cpu-bound", { numbers: { "threads still": 0.9 } }),
  ],
  [
    "cpu-bound",
    "others disturb",
    "inconclusive",
    but("cpu-bound", { numbers: { "promises ms": 100 } }, { "one by one": TAKEN }),
  ],
  [
    "interleaving",
    "jobs run one after the other",
    "not-shown",
    but("interleaving", { numbers: { "in turns: short": 3 }, lanes: { "in turns": lanesInTurns(3, 100, 1) } }),
  ],
  ["interleaving", "turns change the result", "not-shown", but("interleaving", { numbers: { "in turns: states": 6 } })],
  [
    "interleaving",
    "two run at once",
    "not-shown",
    but("interleaving", { lanes: { "in turns": [...lanesInTurns(3), ...lanesInTurns(1)] } }),
  ],
  ["overlap", "two compute at the same moment", "not-shown", but("overlap", { numbers: { mostInside: 2 } })],
  ["overlap", "the jobs' lives do not overlap", "not-shown", but("overlap", { numbers: { mostAlive: 1 } })],
  ["overlap", "several cores are busy", "not-shown", but("overlap", {}, { "sixty jobs": { cpuMs: 600 } })],
  [
    "parallel",
    "the threads are bound to one core",
    "not-shown",
    but("parallel", { numbers: { "all divided ms": 400, "half divided ms": 400 } }),
  ],
  [
    "parallel",
    "it is faster, but no two threads ran at once",
    "not-shown",
    but("parallel", { lanes: { "all divided": lanesInTurns(2) } }),
  ],
  [
    "parallel",
    "others had the cores",
    "inconclusive",
    but("parallel", { numbers: { "all divided ms": 400, "half divided ms": 400 } }, { "*": TAKEN }),
  ],
  [
    "parallel",
    "what can't be divided sets no limit",
    "not-shown",
    but("parallel", { numbers: { "half divided ms": 205, "all divided ms": 200 } }),
  ],
  [
    "parallel",
    "there is one core only",
    "inconclusive",
    but("parallel", { numbers: { "all divided ms": 400, "half divided ms": 400 }, cores: 1 }),
  ],
  ["backpressure", "the limit does not hold", "not-shown", but("backpressure", { numbers: { "limit: most": 2000 } })],
  ["backpressure", "values get lost", "not-shown", but("backpressure", { numbers: { "limit: used": 1990 } })],
  ["cancellation", "a job outlives its scope", "not-shown", but("cancellation", { numbers: { ended: 8, left: 1 } })],
  ["cancellation", "a cleanup is left out", "not-shown", but("cancellation", { numbers: { cleaned: 2 } })],
  ["cancellation", "a thread had to be stopped", "not-shown", but("cancellation", { numbers: { lost: 3 } })],
  [
    "cancellation",
    "a thread had to be stopped, but had no core",
    "inconclusive",
    but("cancellation", { numbers: { lost: 1 } }, { tree: TAKEN }),
  ],
  [
    "notified",
    "starting took long, with others on the cores",
    "inconclusive",
    but("notified", { numbers: { eventStartUs: 31_000 } }, { event: TAKEN }),
  ],
  ["deadlock", "nobody waits in a circle", "not-shown", but("deadlock", { numbers: { circle: 0, refused: 0 } })],
  ["deadlock", "one order for all deadlocks too", "not-shown", but("deadlock", { numbers: { sameOrder: 1 } })],
];

describe("a verdict turns", () => {
  for (const [name, what, expected, measured] of TURNS) {
    it(`${name}: ${expected} if ${what}`, () => {
      const { kind, because } = verdictOn(name, measured);
      assert.equal(kind, expected, because.en);
    });
  }

  it("for every lab, into not shown", () => {
    const turned = new Set(TURNS.filter(([, , expected]) => expected === "not-shown").map(([name]) => name));
    assert.deepEqual(
      LABS.filter(({ name }) => !turned.has(name)),
      [],
    );
  });
});

describe("an inconclusive verdict", () => {
  it("says who had the cores", () => {
    const { because } = verdictOn(
      "illusion",
      but("illusion", { lanes: { "a core each": lanesInTurns(2) } }, { "*": TAKEN }),
    );
    assert.match(because.en, /other processes used 1 of 2 cores meanwhile: compiler \(pid 4711\) 1$/);
    assert.match(because.ru, /другие процессы занимали в это время ядер: 1 из 2 \(compiler \(pid 4711\) 1\)$/);
  });

  it("says how long threads waited, where only that is known", () => {
    const facts = { ...UNKNOWN, coreWaitMs: 290 };
    const measured = but("illusion", { lanes: { "a core each": lanesInTurns(2) } }, { "*": facts });
    assert.match(verdictOn("illusion", measured).because.en, /threads stood ready for 290 ms without a core$/);
  });

  it("is not given where a core was left unused, whatever others did", () => {
    const facts = { othersCores: 0.9, idleCores: 0.6 };
    const measured = but("illusion", { lanes: { "a core each": lanesInTurns(2) } }, { "*": facts });
    assert.equal(verdictOn("illusion", measured).kind, "not-shown");
  });
});

describe("amdahl", () => {
  it("is the number of workers if all can be divided, and below 1 / (1 - p) else", () => {
    assert.equal(amdahl(1, 4), 4);
    assert.equal(amdahl(0.5, 2), 1 / 0.75);
    assert.ok(amdahl(0.5, 1_000_000) < 2);
  });
});
