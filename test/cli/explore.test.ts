import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { makeFolder, type Outcome, type RunOptions, runNode, SKEIN } from "../support/run-program.js";
import { decodeTrace } from "skein/trace";

/** Two guests book one seat: the second look comes before the first payment. */
const BOOKING = `export async function booking(t) {
  const seats = new Map();
  const book = async (guest) => {
    if (seats.has("12A")) return "taken";
    await t.completes(undefined, { name: "payment of " + guest });
    seats.set("12A", guest);
    return "booked";
  };
  const ann = t.job("Ann", () => book("Ann"));
  const bob = t.job("Bob", () => book("Bob"));
  await t.join();
  t.expect(ann.result !== bob.result, "one of two has the seat");
}
`;
const COUNTING = `import { Mutex } from "skein/shared";
export async function counting(t) {
  const lock = new Mutex();
  const count = t.cell("count");
  for (const name of ["a", "b"]) t.thread(name, () => lock.withLockSync(() => (count.value += 1)));
  await t.join();
  t.expect(count.value === 2);
}
`;
/** As large as it needs to be to last until it is stopped. */
const ENDLESS = `let runs = 0;
export async function endless(t) {
  if (++runs === 50) console.log("fifty runs");
  const x = t.cell("x");
  for (const name of ["a", "b", "c", "d"]) t.thread(name, () => { for (let i = 0; i < 20; i++) x.add(1); });
  await t.join();
}
`;
const SCRIPT = `import { explore } from "skein/explore";
import { booking } from "./booking.mjs";
await explore(booking);
`;
const TESTS = `import { test } from "node:test";
import { explore } from "skein/explore";
import { booking } from "./booking.mjs";
import { counting } from "./counting.mjs";
test("a seat is sold once", () => explore(booking));
test("nothing is lost", () => explore(counting));
`;
const FILES = {
  "booking.mjs": BOOKING,
  "counting.mjs": COUNTING,
  "both.mjs": 'export { booking } from "./booking.mjs";\nexport { counting } from "./counting.mjs";\n',
  "script.mjs": SCRIPT,
  "seats.test.mjs": TESTS,
};

async function explore(args: readonly string[], options: RunOptions = {}, files: object = FILES): Promise<Outcome> {
  return runNode([SKEIN, "explore", ...args], { cwd: makeFolder(files as never), ...options });
}

function tokenIn(text: string): string {
  return /--token (?<token>x1\.[\w-]+)/.exec(text)?.groups?.["token"] ?? "";
}

describe("skein explore", () => {
  it("explores what a file exports, and tells of each in a line", async () => {
    const { exitCode, stdout, stderr } = await explore(["counting.mjs"]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^✔ counting: nothing found in any order \(\d+ schedules, up to \d+ steps, [\d.]+ m?s\)\n$/);
    assert.equal(stderr, "");
  });

  it("prints what it finds, and a command that shows that again", async () => {
    const folder = makeFolder(FILES);
    const first = await runNode([SKEIN, "explore", "both.mjs"], { cwd: folder });
    assert.equal(first.exitCode, 1, first.stderr);
    assert.match(
      first.stdout,
      /^✖ booking: assertion, found by schedule 1\n.*one of two has the seat\n\n2 steps\n# +Ann +Bob\n/,
    );
    assert.match(first.stdout, /^✔ counting: /m);
    assert.match(first.stdout, /\n2 programs: something found in 1\n$/);
    const command = /^replay: skein (?<args>explore both\.mjs --token \S+)$/m.exec(first.stdout)?.groups?.["args"];
    const again = await runNode([SKEIN, ...(command ?? "").split(" ")], { cwd: folder });
    assert.equal(again.exitCode, 1, again.stderr);
    const listing = /^2 steps[^]*?\n\n/m;
    assert.equal(again.stdout.match(listing)?.[0], first.stdout.match(listing)?.[0]);
    assert.match(again.stdout, /^– counting: passed by: the token is that of another program$/m);
  });

  it("explores TypeScript, and programs with options of their own", async () => {
    const { exitCode, stdout, stderr } = await explore(
      ["main.ts"],
      {},
      {
        "main.ts": `import { explorable, type Exploration } from "skein/explore";
        const deposits = async (t: Exploration): Promise<void> => {
          const balance = t.cell("balance", 10);
          for (const amount of [1, 2] as const) t.thread("plus " + amount, () => balance.store(balance.load() + amount));
          await t.join();
          t.outcome(balance.load());
        };
        export const lost = explorable({ name: "deposits", outcomes: { 13: "acceptable" } }, deposits);
        export const kept = explorable({ schedules: 3, outcomes: { 11: "interesting", 12: "interesting", 13: "acceptable" } }, deposits);
      `,
      },
    );
    assert.equal(exitCode, 1, stderr);
    assert.match(stdout, /^✖ deposits: outcome, found by schedule \d+$/m);
    assert.match(stdout, /^✔ kept: nothing found, but not all orders were run \(3 schedules/m);
  });

  it("tells of a script that lets what it found pass", async () => {
    const { exitCode, stdout, stderr } = await explore(["script.mjs"]);
    assert.equal(exitCode, 1, stderr);
    assert.match(
      stdout,
      /^✖ booking: assertion[^]*payment of Bob is done\n\nreplay: skein explore script\.mjs --token x1/,
    );
  });

  it("runs a file of tests, whose failure names the command, and sums up", async () => {
    const { exitCode, stdout } = await explore(["seats.test.mjs"]);
    assert.equal(exitCode, 1, stdout);
    assert.match(
      stdout,
      /not ok 1 - a seat is sold once[^]*2 steps\n[^]*replay: skein explore seats\.test\.mjs --token/,
    );
    assert.match(stdout, /ok 2 - nothing is lost/);
    assert.match(stdout, /\n✖ booking: assertion[^\n]*\n {2}replay: [^\n]*\n✔ counting: nothing found in any order/);
  });

  it("replays a token by the call whose it is", async () => {
    const folder = makeFolder(FILES);
    const { stdout } = await runNode([SKEIN, "explore", "seats.test.mjs"], { cwd: folder });
    const again = await runNode([SKEIN, "explore", "seats.test.mjs", "--token", tokenIn(stdout)], { cwd: folder });
    assert.equal(again.exitCode, 1);
    assert.match(
      again.stdout,
      /\n✖ booking: [^\n]*\n[^\n]*\n– counting: passed by: the token is that of another program\n/,
    );
  });

  it("takes searches of one program together if nothing was found, and tells of each find", async () => {
    const { exitCode, stdout } = await explore(
      ["main.mjs"],
      {},
      {
        "main.mjs": `import { explore } from "skein/explore";
        const adding = (isRight) => async function adding(t) {
          const x = t.cell("x");
          const addOne = () => (isRight ? x.add(1) : x.store(x.load() + 1));
          await t.join(t.thread("a", addOne), t.thread("b", addOne));
          t.expect(x.load() === 2, "one was lost");
        };
        for (const isRight of [true, true, false, true, false]) await explore(adding(isRight)).catch(() => undefined);
      `,
      },
    );
    assert.equal(exitCode, 1);
    assert.match(
      stdout,
      /^✔ adding: nothing found in any order \(3 searches, [^\n]*\n(?:✖ adding: assertion[^\n]*\n {2}replay: [^\n]*\n){2}\n3 programs: something found in 2\n$/,
    );
  });

  it("puts its options in the place of those of the calls", async () => {
    const { stdout } = await explore(
      ["main.mjs", "--schedules", "5", "--strategy", "random", "--json"],
      {},
      {
        ...FILES,
        "main.mjs": `import { explore } from "skein/explore";
        import { counting } from "./counting.mjs";
        await explore({ budgetMs: 1e9, strategy: "pct" }, counting);
      `,
      },
    );
    const { schedules, coverage } = JSON.parse(stdout) as { schedules: number; coverage: { text: string } };
    assert.deepEqual([schedules, coverage.text], [5, "sampled: 5 schedules by random"]);
  });

  it("prints a line of JSON for each program, with what the file prints beside it", async () => {
    const { exitCode, stdout, stderr } = await explore(["seats.test.mjs", "--json"]);
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /ok 2 - nothing is lost/);
    const [booking, counting] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      [booking?.["program"], booking?.["result"], booking?.["kind"], booking?.["schedules"], booking?.["steps"]],
      ["booking", "found", "assertion", 1, 2],
    );
    assert.equal(booking?.["replay"], `skein explore seats.test.mjs --token ${String(booking?.["token"])}`);
    assert.deepEqual([counting?.["program"], counting?.["result"]], ["counting", "nothing found"]);
    assert.equal((counting?.["coverage"] as { kind?: string } | undefined)?.kind, "complete");
  });

  it("writes the schedule that goes wrong as a timeline", async () => {
    const folder = makeFolder(FILES);
    const run = (out: string): Promise<Outcome> =>
      runNode([SKEIN, "explore", "booking.mjs", "--trace", out], { cwd: folder });
    const { stderr } = await run("out.json");
    assert.match(stderr, /^trace written to out\.json: /);
    assert.match(readFileSync(join(folder, "out.json"), "utf8"), /payment of Ann is done/);
    await run("out.skein");
    assert.equal(decodeTrace(readFileSync(join(folder, "out.skein"))).threads[0]?.name, "Ann");
  });

  it("has real threads confirm what was found in programs that a file exports", async () => {
    const { exitCode, stdout, stderr } = await explore(
      ["main.mjs", "--confirm"],
      {},
      {
        "main.mjs": `import { explorable } from "skein/explore";
        const adding = async (t) => {
          const x = t.cell("x");
          const addOne = () => x.store(x.load() + 1);
          await t.join(t.thread("a", addOne), t.thread("b", addOne));
          t.expect(x.load() === 2, "one was lost");
        };
        export async function plain(t) {
          await adding(t);
        }
        export const described = explorable({ name: "with options" }, (t) => adding(t));
      `,
      },
    );
    assert.equal(exitCode, 1, stderr);
    assert.equal(
      stdout.match(/^on real threads: confirmed: \d+ steps on 3 threads gave the same/gm)?.length,
      2,
      stdout,
    );
  });

  it("says by Ctrl-C what was covered until then", async () => {
    const { exitCode, stdout } = await explore(
      ["endless.mjs", "--budget", "1h"],
      { interrupt: { after: "fifty runs", signal: "SIGINT" } },
      { "endless.mjs": ENDLESS },
    );
    assert.equal(exitCode, 130, stdout);
    assert.match(stdout, /\n· endless: stopped; nothing found, but not all orders were run \(/);
  });

  it("says the same in Russian", async () => {
    const { stdout } = await explore(["both.mjs", "--lang", "ru"]);
    assert.match(stdout, /^✖ booking: нарушено утверждение, найдено в расписании 1$/m);
    assert.match(stdout, /^✔ counting: ни в одном порядке ничего не найдено \(\d+ расписани[ейя]/m);
    assert.match(stdout, /\n2 программы: найдено в 1\n$/);
  });

  for (const [what, args, expected] of [
    ["no file", ["none.mjs"], /there is no file none\.mjs/],
    [
      "a file without a program",
      ["empty.mjs"],
      /there is no program in empty\.mjs: it exports none, and calls explore\(\) nowhere/,
    ],
    ["functions that use nothing of t", ["helper.mjs"], /there is no program in helper\.mjs/],
    [
      "a file that can't be loaded",
      ["broken.mjs"],
      /broken\.mjs could not be loaded\n\nError: out of order\n {4}at file:[^\n]*broken\.mjs:1:7\n$/,
    ],
    ["options that can't be meant", ["options.mjs"], /^skein explore: lucky: explore expected strategy to be one of/],
    [
      "a file that never comes to its end",
      ["never.mjs"],
      /^skein explore: never\.mjs awaits something at its top level that never comes\n$/,
    ],
    ["a test for another runner", ["vitest.mjs"], /is a test for Vitest.*npx vitest run vitest\.mjs/],
    [
      "a name that none has",
      ["both.mjs", "--only", "cooking"],
      /no program "cooking" in it; both\.mjs has "booking", "counting"/,
    ],
    [
      "a budget without a unit",
      ["both.mjs", "--budget", "10"],
      /argument '10' is invalid\. A time is a number and its unit, as 10s/,
    ],
    ["half a schedule", ["both.mjs", "--schedules", "0.5"], /A count of schedules is a whole number from 1/],
    ["a seed that is no number", ["both.mjs", "--seed", "luck"], /A seed is a whole number/],
    ["a strategy that is none", ["both.mjs", "--strategy", "luck"], /Allowed choices are auto, random/],
    ["no token", ["both.mjs", "--token", "x2.AAAA"], /--token: explore expected as token/],
    [
      "the token of another program",
      ["counting.mjs", "--token", "x1.hPakuQcBAAIBAMD4AQ"],
      /--token: it is that of another program.*counting\.mjs has "counting"/,
    ],
    ["a profile as a trace", ["both.mjs", "--trace", "out.cpuprofile"], /a schedule has no CPU profile/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { exitCode, stderr } = await explore(
        args,
        {},
        {
          ...FILES,
          "empty.mjs": "export const answer = 42;\n",
          "helper.mjs": 'export const parse = (text) => text.split(",");\n',
          "broken.mjs": 'throw new Error("out of order");\n',
          "never.mjs": "await new Promise(() => undefined);\n",
          "options.mjs": 'export const lucky = { options: { strategy: "luck" }, program: async (t) => t };\n',
          "vitest.mjs": 'import { test } from "vitest";\n',
        },
      );
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, expected);
    });
  }
});
