/**
 * What exploring makes of each known bug: started by `npm run known-bugs`, which
 * writes the table into `docs/exploring-known-bugs.md`.
 *
 *     known-bugs-table.js                      the table, as JSON
 *     known-bugs-table.js tokens [NAME]        finds each bug, and prints their tokens, as JSON
 *     known-bugs-table.js replay FILE FIRST    goes by the tokens in the file, from that one
 *                                              on and round; prints what came of each, as JSON
 */
import { readFileSync } from "node:fs";

import { explore, ExploreError, type ExploreOptions, type ExploreReport } from "skein/explore";

import { KNOWN_BUGS, type KnownBug, THREAD_BUGS } from "./programs/index.js";

const MOST_SCHEDULES = 50_000;
const BUDGET_MS = 10_000;
/** Seeds that a strategy is tried with; the table has the median. */
const SEEDS = [1, 2, 3];
const STRATEGIES = ["auto", "random", "pct", "pos", "walk", "bounded", "dpor"] as const;
/** These leave nothing to chance: all seeds are the same to them. */
const WITHOUT_CHANCE: ReadonlySet<string> = new Set(["bounded", "dpor"]);
const TWIN_BUDGET_MS = 2000;
/** Schedules of a twin that real threads take as well. */
const TWIN_SCHEDULES_ON_THREADS = 40;
const PROGRAMS = new URL("programs/index.js", import.meta.url);

export interface Row {
  readonly name: string;
  readonly source: string;
  readonly isAsync: boolean;
  /** As the explorer called it. */
  readonly kind: string;
  /** Of each strategy: the median number of the schedule that showed it; null if more than half of the seeds did not. */
  readonly schedules: Readonly<Record<string, number | null>>;
  /** How the twin was covered and by how many schedules, or what was wrongly said of it. */
  readonly twin: string;
  /** Of threads: what real threads made of the bug's schedule, and of some of the twin's. */
  readonly onThreads: string;
}

async function run(
  body: KnownBug["buggy"],
  options: ExploreOptions,
): Promise<{ readonly error: ExploreError } | { readonly report: ExploreReport }> {
  try {
    return { report: await explore(options, body) };
  } catch (error) {
    if (error instanceof ExploreError) return { error };
    throw error;
  }
}

/** Schedules until the bug was found, Infinity if it was not. */
async function schedulesToFind(bug: KnownBug, strategy: (typeof STRATEGIES)[number], seed: number): Promise<number> {
  const budget = { schedules: MOST_SCHEDULES, budgetMs: BUDGET_MS };
  const outcome = await run(bug.buggy, { name: bug.name, ...bug.options, ...budget, strategy, seed });
  if ("report" in outcome || !bug.kinds.includes(outcome.error.kind)) return Infinity;
  return outcome.error.schedules;
}

async function median(bug: KnownBug, strategy: (typeof STRATEGIES)[number]): Promise<number | null> {
  const counts: number[] = [];
  const seeds = WITHOUT_CHANCE.has(strategy) ? SEEDS.slice(0, 1) : SEEDS;
  for (const seed of seeds) counts.push(await schedulesToFind(bug, strategy, seed));
  const middle = counts.sort((a, b) => a - b)[Math.floor(seeds.length / 2)];
  return middle === undefined || middle === Infinity ? null : middle;
}

async function onThreads(bug: KnownBug): Promise<string> {
  const index = THREAD_BUGS.indexOf(bug);
  if (index === -1) return "";
  const programOf = (which: "buggy" | "fixed"): ExploreOptions => ({
    name: bug.name,
    ...bug.options,
    program: { module: PROGRAMS, export: `THREAD_BUGS.${index}.${which}` },
  });
  const budget = { schedules: MOST_SCHEDULES, budgetMs: BUDGET_MS };
  const found = await run(bug.buggy, { ...programOf("buggy"), ...budget, confirm: true });
  const confirmation = "error" in found ? found.error.confirmation : undefined;
  if (confirmation?.verdict !== "confirmed") return confirmation?.verdict ?? "not found";
  const few = { schedules: TWIN_SCHEDULES_ON_THREADS, strategy: "random" } as const;
  const twin = await run(bug.fixed, { ...programOf("fixed"), ...few, threads: "real" });
  return "report" in twin ? `confirmed, ${twin.report.schedulesOnThreads}` : `twin: ${twin.error.kind}`;
}

async function rowOf(bug: KnownBug): Promise<Row> {
  const schedules: Record<string, number | null> = {};
  for (const strategy of STRATEGIES) schedules[strategy] = await median(bug, strategy);
  const found = await run(bug.buggy, { ...bug.options, schedules: MOST_SCHEDULES, budgetMs: BUDGET_MS });
  const twin = await run(bug.fixed, { ...bug.options, schedules: MOST_SCHEDULES, budgetMs: TWIN_BUDGET_MS });
  return {
    name: bug.name,
    source: bug.source,
    isAsync: !THREAD_BUGS.includes(bug),
    kind: "error" in found ? found.error.kind : "not found",
    schedules,
    onThreads: await onThreads(bug),
    twin: "error" in twin ? `reported: ${twin.error.kind}` : `${twin.report.coverage.kind}, ${twin.report.schedules}`,
  };
}

/** Of each bug that is found: its name and token. */
async function tokensOf(bugs: readonly KnownBug[]): Promise<Record<string, string>> {
  const tokens: Record<string, string> = {};
  for (const bug of bugs) {
    const budget = { schedules: MOST_SCHEDULES, budgetMs: BUDGET_MS };
    const outcome = await run(bug.buggy, { name: bug.name, ...bug.options, ...budget });
    if ("error" in outcome && bug.kinds.includes(outcome.error.kind)) tokens[bug.name] = outcome.error.token;
  }
  return tokens;
}

/** What the token shows of its bug: the kind, if it is the bug's; else what went wrong with it. */
async function replayed(name: string, token: string): Promise<string> {
  const bug = KNOWN_BUGS.find((known) => known.name === name);
  if (bug === undefined) return "no such bug";
  const outcome = await run(bug.buggy, { name: bug.name, ...bug.options, token });
  if ("report" in outcome) return "nothing";
  return bug.kinds.includes(outcome.error.kind) ? "shown" : outcome.error.kind;
}

/** Each process begins with another one, so that each token is also the first thing that a process does. */
async function replayAll(tokens: Readonly<Record<string, string>>, first: number): Promise<Record<string, string>> {
  const entries = Object.entries(tokens);
  const shown: Record<string, string> = {};
  for (let at = 0; at < entries.length; at++) {
    const [name, token] = entries[(first + at) % entries.length] as [string, string];
    shown[name] = await replayed(name, token);
  }
  return shown;
}

const [verb, name, first] = process.argv.slice(2);
if (verb === "tokens") {
  const bugs = KNOWN_BUGS.filter((bug) => name === undefined || bug.name === name);
  console.log(JSON.stringify({ wanted: bugs.map((bug) => bug.name), tokens: await tokensOf(bugs) }));
} else if (verb === "replay") {
  const tokens = JSON.parse(readFileSync(name as string, "utf8")) as Record<string, string>;
  console.log(JSON.stringify(await replayAll(tokens, Number(first))));
} else {
  const rows: Row[] = [];
  for (const bug of KNOWN_BUGS) {
    rows.push(await rowOf(bug));
    console.error(`${rows.length} of ${KNOWN_BUGS.length}: ${bug.name}`);
  }
  console.log(JSON.stringify(rows));
}
