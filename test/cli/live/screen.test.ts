import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";

import { screenLines, SORTS, type View } from "#skein/cli/live/screen";
import type { LiveState, LiveThread } from "#skein/cli/live/state";
import { frameOf } from "#skein/cli/live/terminal";
import { columnsIn } from "#skein/trace/words/columns";

const thread = (change: Partial<LiveThread>): LiveThread => ({
  tid: 100,
  name: "main",
  role: "loop",
  cpuShare: 0.25,
  waitShare: 0.1,
  core: 1,
  state: "io",
  waitsIn: undefined,
  loopDelayMs: 12.3,
  voluntaryRate: 40,
  involuntaryRate: 3.5,
  ...change,
});

const STATE: LiveState = {
  title: "crunch.ts",
  pid: 4711,
  atMs: 1000,
  elapsedMs: 3_725_000,
  totals: {
    demand: 2.5,
    parallelism: 1.94,
    cores: 2,
    inFlight: 12_345,
    queued: 17,
    stealRate: 1234.4,
    wakeRate: 5.25,
  },
  threads: [
    thread({}),
    thread({ tid: 101, name: "threads-1", role: "pool", cpuShare: 0.99, waitShare: 0.01, state: "running" }),
    thread({ tid: 102, name: "threads-2", role: "pool", cpuShare: 0.5, waitShare: 0.6, loopDelayMs: 900 }),
    thread({ tid: 103, name: "node", role: "engine", cpuShare: 0.01, loopDelayMs: undefined }),
    thread({ tid: 104, name: "node", role: "io", cpuShare: 0.02, loopDelayMs: undefined }),
  ],
  tasks: [
    { name: "primes", inFlight: 7, runRate: 12_345.6, meanMs: 0.42, p99Ms: 1500 },
    { name: "heartbeat", inFlight: 1, runRate: 0, meanMs: undefined, p99Ms: undefined },
  ],
  work: [{ name: "TCPSocketWrap", count: 1200 }],
  findings: [
    { severity: "warning", text: { en: "A loop stood still.", ru: "Цикл стоял." } },
    { severity: "note", text: { en: "I/O-bound.", ru: "Ждёт ввода-вывода." } },
  ],
  sources: [
    { what: { en: "CPU", ru: "ЦП" }, badge: "exact", why: undefined },
    { what: { en: "stacks", ru: "стеки" }, badge: "not available", why: { en: "from outside", ru: "снаружи" } },
  ],
  ended: undefined,
};

const VIEW: View = {
  width: 100,
  height: undefined,
  language: "en",
  isColoured: false,
  sort: "cpu",
  isPaused: false,
  showsHelpers: false,
  showsSources: false,
  showsKeys: false,
  output: [],
};

/** Names of the threads' rows, from the top. */
function order(view: Partial<View>): string[] {
  const lines = screenLines(STATE, { ...VIEW, ...view });
  return lines.flatMap((line) => /^(?:main|threads-\d|node|\(.*?\))(?= )/.exec(line)?.[0] ?? []);
}

describe("the live table", () => {
  it("says all that is known, in lines", () => {
    assert.deepEqual(screenLines(STATE, VIEW), [
      "skein · crunch.ts · pid 4711 · 1:02:05",
      "cores wanted 2.5   busy 1.9 / 2   in flight 12 345   queued 17   steals/s 1 234   wakes/s 5.3",
      "",
      "THREAD              TID  ROLE        CPU  WAIT  CORE  STATE          LOOP DELAY  GAVE/s  TAKEN/s",
      "threads-1           101  pool       99 %   1 %     1  runs                12 ms      40      3.5",
      "threads-2           102  pool       50 %  60 %     1  waits: events      900 ms      40      3.5",
      "main                100  main loop  25 %  10 %     1  waits: events       12 ms      40      3.5",
      "(2 helper threads)       engine      3 %  20 %     –                                 80        7",
      "",
      "TASK       RUNS/s  NOW    MEAN    P99",
      "primes     12 346    7  420 µs  1.5 s",
      "heartbeat       0    1       –      –",
      "",
      "Async work in flight",
      "  TCPSocketWrap 1 200",
      "",
      "Findings",
      "! A loop stood still.",
      "· I/O-bound.",
    ]);
  });

  it("speaks Russian", () => {
    const text = screenLines(STATE, { ...VIEW, language: "ru", showsSources: true }).join("\n");
    for (const words of [
      "ядер нужно 2,5",
      "занято 1,9 / 2",
      "ПОТОК",
      "(служебных: 2)",
      "420 мкс",
      "Находки",
      "Цикл стоял.",
    ]) {
      assert.ok(text.includes(words), words);
    }
    assert.match(text, /^\[недоступно\] стеки: снаружи$/m);
    assert.doesNotMatch(text, /Findings|waits|steals/);
  });

  it("fits into 60 to 200 columns, in both languages, with colours and without, and into its height", () => {
    for (const language of ["en", "ru"] as const) {
      for (const isColoured of [false, true]) {
        for (let width = 60; width <= 200; width += 7) {
          const view: View = {
            ...VIEW,
            width,
            height: 24,
            language,
            isColoured,
            showsKeys: true,
            showsHelpers: true,
            showsSources: true,
            output: ["x".repeat(300), "\ttab"],
          };
          const lines = screenLines(STATE, view);
          assert.ok(lines.length <= 24, `${width}: ${lines.length} lines`);
          for (const line of lines) assert.ok(columnsIn(stripVTControlCharacters(line)) <= width, `${width}: ${line}`);
        }
      }
    }
  });

  it("keeps names and CPU of threads where there is little room", () => {
    const lines = screenLines(STATE, { ...VIEW, width: 40 });
    assert.ok(
      lines.some((line) => /^THREAD +CPU/.test(line)),
      lines.join("\n"),
    );
    assert.ok(lines.every((line) => columnsIn(line) <= 40));
  });

  it("sorts threads as it is asked to", () => {
    assert.deepEqual(order({ sort: "cpu" }), ["threads-1", "threads-2", "main", "(2 helper threads)"]);
    assert.equal(order({ sort: "wait" })[0], "threads-2");
    assert.equal(order({ sort: "delay" })[0], "threads-2");
    assert.deepEqual(order({ sort: "thread" }), ["main", "threads-1", "threads-2", "(2 helper threads)"]);
    assert.equal(new Set(SORTS).size, 4);
  });

  it("shows the engine's and the platform's threads one by one when that is wanted", () => {
    assert.deepEqual(order({ showsHelpers: true, sort: "thread" }), ["main", "threads-1", "threads-2", "node", "node"]);
  });

  it("shows what the program printed under it, as far as there is room, and the keys at the very end", () => {
    const output = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const lines = screenLines(STATE, { ...VIEW, height: 25, output, showsKeys: true });
    assert.equal(lines.length, 25);
    assert.match(lines[24] ?? "", /^q quit/);
    assert.equal(lines[23], "line 19");
    const low = screenLines(STATE, { ...VIEW, height: 12, output, showsKeys: true });
    assert.match(low[11] ?? "", /^q quit/);
    assert.ok(!low.includes("line 19"));
  });

  it("says that there is a pause, that the program has ended, and what is not known", () => {
    assert.match(screenLines(STATE, { ...VIEW, isPaused: true })[0] ?? "", /PAUSED$/);
    assert.match(screenLines({ ...STATE, ended: "7" }, VIEW)[0] ?? "", /ended: 7$/);
    const totals = { ...STATE.totals, demand: undefined, parallelism: undefined, inFlight: undefined };
    const lines = screenLines({ ...STATE, totals, threads: [], tasks: undefined, findings: [] }, VIEW);
    assert.match(lines[1] ?? "", /^cores wanted –   busy – \/ 2   queued 17/);
    assert.ok(lines.includes("no thread was seen yet"));
    assert.ok(lines.includes("  nothing stands out"));
  });

  it("lets no name of the program do anything to the terminal", () => {
    const evil = "a\u001B[2Jb\r\nc";
    const state: LiveState = {
      ...STATE,
      title: evil,
      threads: [thread({ name: evil })],
      tasks: [{ name: evil, inFlight: 1, runRate: 1, meanMs: 1, p99Ms: 1 }],
      findings: [{ severity: "note", text: { en: evil, ru: evil } }],
    };
    for (const line of screenLines(state, { ...VIEW, output: [evil], height: 40 })) {
      assert.doesNotMatch(line, /\p{Cc}/u);
    }
  });
});

describe("a frame", () => {
  it("clears the rest of each line and what is below, never all, and does not scroll", () => {
    const frame = frameOf(["one", "two"]);
    assert.ok(frame.includes("one\u001B[K\r\ntwo\u001B[K\u001B[J"));
    assert.ok(!frame.includes("\u001B[2J"));
    assert.ok(!frame.endsWith("\n"));
  });
});
