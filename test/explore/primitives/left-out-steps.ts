/** Steps of the shipped code on which the arguments of `src/threads/README.md` and of the heap rest, each of them left out. */
import type { DispatchPlan } from "./dispatch.js";
import type { JoinsPlan } from "./joins.js";
import type { Edits } from "../mutate-loader.js";

export interface LeftOutStep extends Edits {
  readonly what: string;
  /** What the program does that then goes wrong: a dispatch, joins, or a program of `heap.ts`. */
  readonly program: DispatchPlan | JoinsPlan | "giveBackTwice" | "attach";
  /** As exploring calls it. */
  readonly kinds: readonly string[];
  readonly schedules: number;
  readonly steps?: number;
}

const HANGS = ["deadlock", "lost wake-up"];
const ONE: DispatchPlan = { threads: 1, bursts: [[0]] };
const HELPED: JoinsPlan = { helpers: 1, areExpected: true };
const TWO_FOR_TWO: DispatchPlan = { threads: 2, bursts: [[0, 0]] };

export const LEFT_OUT_STEPS: readonly LeftOutStep[] = [
  {
    what: "the waker of a thread leaves the word as it was",
    module: "threads/parking",
    edits: [["if (compareExchange(cells, at.STATE, at.PARKED, at.AWAKE) !== at.PARKED)\n        return false;", ""]],
    program: ONE,
    kinds: ["lost wake-up"],
    schedules: 200,
  },
  {
    what: "a thread that parks looks for messages again, but not for calls",
    module: "threads/parking",
    edits: [["this.#taking.hasAny || (isBlocking", "(isBlocking"]],
    program: ONE,
    kinds: HANGS,
    schedules: 200,
  },
  {
    what: "a thread that parks looks for calls again, but not for messages",
    module: "threads/parking",
    edits: [["(isBlocking && this.#takeMessage())", "false"]],
    program: ONE,
    kinds: HANGS,
    schedules: 200,
  },
  {
    what: "the pool looks whether a thread sleeps before it publishes",
    module: "threads/putting",
    edits: [
      ["for (const thread of this.#filled)\n            thread.publish();", ""],
      [
        "this.#filled = [];\n    }",
        "for (const thread of this.#filled) thread.publish();\n        this.#filled = [];\n    }",
      ],
    ],
    program: ONE,
    kinds: HANGS,
    schedules: 500,
  },
  {
    what: "the pool does not look once more when it has armed",
    module: "threads/inbox",
    edits: [
      ["// Once more: an outcome published before that was not told.\n        if (this.collect() > 0)", "if (false)"],
    ],
    program: ONE,
    kinds: HANGS,
    schedules: 500,
  },
  {
    what: "a thread reads ARMED before it publishes an outcome",
    module: "threads/outbox",
    edits: [
      [
        "store(cells, at.FINISHED, this.#finished);\n        // After",
        "const armed = load(cells, at.ARMED);\n        store(cells, at.FINISHED, this.#finished);\n        // After",
      ],
      [
        "if (load(cells, at.ARMED) === 0)\n            return;\n        if (this.#unt",
        "if (armed === 0)\n            return;\n        if (this.#unt",
      ],
    ],
    program: ONE,
    kinds: HANGS,
    schedules: 1000,
  },
  {
    what: "a thread that put off telling goes idle",
    module: "threads/outbox",
    edits: [["if (this.#untoldSinceMs > 0)\n            this.signal();", ""]],
    program: TWO_FOR_TWO,
    kinds: HANGS,
    schedules: 3000,
  },
  {
    what: "a call is taken in two steps",
    module: "threads/line",
    edits: [
      ["import { compareExchange }", "import { compareExchange, load, store }"],
      [
        "const state = compareExchange(cells, record + CALL_STATE, QUEUED, to);",
        "const state = load(cells, record + CALL_STATE);\n    if (state === QUEUED) store(cells, record + CALL_STATE, to);",
      ],
    ],
    program: { threads: 2, bursts: [[0]] },
    kinds: ["assertion"],
    schedules: 3000,
  },
  {
    what: "who looks for calls to steal reads what was passed behind what was published, and goes by the difference",
    module: "threads/taking",
    edits: [
      // Plain accesses are no steps, so nobody would come between: as atomic ones they are.
      ["cells[at.PASSED] = this.#head;", "store(cells, at.PASSED, this.#head);"],
      [
        "return Math.min((published - cells[at.PASSED]) >>> 0, at.RECORDS);",
        "return (published - load(cells, at.PASSED)) >>> 0;",
      ],
      ["searched === undefined ? at.RECORDS :", "searched === undefined ? Infinity :"],
    ],
    program: { threads: 2, bursts: [[0], [0]], showsAllRecords: true },
    kinds: ["livelock"],
    schedules: 3000,
    steps: 3000,
  },
  {
    what: "none of these, but what was passed is as visible as there: then nothing is wrong",
    module: "threads/taking",
    edits: [
      ["cells[at.PASSED] = this.#head;", "store(cells, at.PASSED, this.#head);"],
      ["(published - cells[at.PASSED])", "(published - load(cells, at.PASSED))"],
    ],
    program: { threads: 2, bursts: [[0], [0]] },
    kinds: ["nothing"],
    schedules: 600,
  },
  {
    what: "a thread clears RUNNING before it publishes the outcome, and is stopped between",
    module: "threads/outbox",
    edits: [
      [
        "this.#publishNext(now, now - ending.beganMs);\n        // After",
        "store(cells, at.RUNNING + ending.place, 0);\n        this.#publishNext(now, now - ending.beganMs);\n        // After",
      ],
    ],
    program: { threads: 2, bursts: [[0]], stopsWithin: 20 },
    kinds: HANGS,
    schedules: 3000,
  },
  {
    what: "who gives a block back does not look at its state once more",
    module: "shared/heap",
    edits: [["!isAliveAs(handle, meta)", "meta >>> 8 !== handle % MOST_GENERATIONS"]],
    program: "giveBackTwice",
    kinds: ["assertion"],
    schedules: 200,
  },
  {
    what: "a thread that an object comes to does not look once more whether it is still there",
    module: "shared/object",
    edits: [["if (!inHeap.livedTillNow(handle))", "if (false)"]],
    program: "attach",
    kinds: ["assertion"],
    schedules: 1000,
  },
  {
    what: "who has done a branch of a join wakes nobody",
    module: "parallel/forks",
    edits: [
      [
        "store(cells, at + STATE, state);\n                add(cells, WORK, 1);\n                notify(cells, WORK);",
        "store(cells, at + STATE, state);",
      ],
    ],
    program: HELPED,
    kinds: HANGS,
    schedules: 500,
  },
  {
    what: "who has nothing to do looks first, and then reads what it sleeps on",
    module: "parallel/forks",
    edits: [
      [
        "const seen = load(cells, WORK);\n                if (isOver())\n                    return false;",
        "if (isOver())\n                    return false;",
      ],
      ["wait(cells, WORK, seen, sleepMs)", "wait(cells, WORK, load(cells, WORK), sleepMs)"],
    ],
    program: HELPED,
    kinds: HANGS,
    schedules: 3000,
  },
  {
    what: "a branch of a join is taken in two steps",
    module: "parallel/forks",
    edits: [
      [
        "compareExchange(cells, at + STATE, OFFERED, TAKEN + this.#participant) !== OFFERED",
        "(store(cells, at + STATE, TAKEN + this.#participant), false)",
      ],
    ],
    program: { helpers: 2, areExpected: true },
    kinds: ["assertion", ...HANGS],
    schedules: 3000,
  },
  {
    what: "who comes to help with joins is counted once more",
    module: "parallel/forks",
    edits: [
      ["if (exchange(cells, this.#own + EXPECTED, 0) === 0)", "if (exchange(cells, this.#own + EXPECTED, 0) >= 0)"],
    ],
    program: HELPED,
    kinds: ["assertion"],
    schedules: 500,
  },
  {
    what: "an owner looks whether somebody is expected, and then has him be expected no more",
    module: "parallel/forks",
    edits: [
      [
        "load(cells, line + EXPECTED) === 0 || exchange(cells, line + EXPECTED, 0) === 0",
        "load(cells, line + EXPECTED) === 0 || exchange(cells, line + EXPECTED, 0) < 0",
      ],
    ],
    program: HELPED,
    kinds: ["assertion"],
    schedules: 3000,
  },
];
