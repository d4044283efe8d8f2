/**
 * The language of the table of tasks: words with spaces between, all of which must hold.
 *
 *     state:blocked    in that state at the end; also running, ready, io, lock, channel, done, failed, cancelled
 *     cpu>50ms         a time, with ms, s, us or min: age, cpu, ready, io, lock, channel, jobs, step
 *     name:parse       the whole name; name:~parse a part of it
 *     on:worker-2      the thread that ran it
 *     scope:~import    the scope around it
 *     touches:~money   what it ever waited for
 *     -state:done      not that
 *     parse            as name:~parse
 *
 * Text is compared without regard to case; "two words" stand in quotes.
 */

/** What a query is asked about. */
export interface Asked {
  readonly name: string;
  readonly scope: string;
  readonly thread: string;
  readonly state: string;
  readonly outcome: string;
  /** By the names of `NUMBERS`. */
  readonly numbers: Readonly<Record<NumberName, number>>;
  /** What it waited for at any time; asked for only if the query is about it. */
  touches(): readonly string[];
}

export const NUMBERS = ["age", "cpu", "ready", "io", "lock", "channel", "jobs", "step"] as const;
export type NumberName = (typeof NUMBERS)[number];

export type Query =
  | { readonly isRight: true; readonly matches: (asked: Asked) => boolean }
  | {
      readonly isRight: false;
      readonly word: string;
      readonly why: "unknown key" | "not a duration" | "unknown state";
    };

const STATES_ASKED = new Set([
  "running",
  "ready",
  "io",
  "lock",
  "channel",
  "jobs",
  "blocked",
  "waiting",
  "done",
  "failed",
  "cancelled",
  "abandoned",
]);
const TEXT_KEYS = new Set(["name", "scope", "on", "touches"]);
const UNITS: Readonly<Record<string, number>> = { "": 1, us: 0.001, µs: 0.001, ms: 1, s: 1000, min: 60_000 };

export function parseQuery(text: string): Query {
  const tests: ((asked: Asked) => boolean)[] = [];
  for (const word of wordsOf(text)) {
    const isNegated = word.startsWith("-") && word.length > 1;
    const test = testOf(isNegated ? word.slice(1) : word);
    if (typeof test === "string") return { isRight: false, word, why: test };
    tests.push(isNegated ? (asked) => !test(asked) : test);
  }
  return { isRight: true, matches: (asked) => tests.every((test) => test(asked)) };
}

function wordsOf(text: string): string[] {
  return (text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

function testOf(word: string): ((asked: Asked) => boolean) | "unknown key" | "not a duration" | "unknown state" {
  const comparison = /^([a-z]+)(>=|<=|>|<|=)(.*)$/.exec(word);
  if (comparison !== null) {
    const [, key = "", sign = "", rest = ""] = comparison;
    const name = NUMBERS.find((known) => known === key);
    if (name === undefined) return "unknown key";
    const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([a-zµ]*)$/.exec(rest) ?? [];
    const factor = UNITS[unit];
    if (digits === undefined || factor === undefined) return "not a duration";
    const limit = Number(digits) * factor;
    return ({ numbers }) => compare(numbers[name], sign, limit);
  }
  const colon = word.indexOf(":");
  if (colon <= 0) {
    const part = word.toLowerCase();
    return ({ name }) => name.toLowerCase().includes(part);
  }
  const key = word.slice(0, colon);
  const value = word.slice(colon + 1).toLowerCase();
  if (key === "state") {
    if (!STATES_ASKED.has(value)) return "unknown state";
    return (asked) => hasState(asked, value);
  }
  if (!TEXT_KEYS.has(key)) return "unknown key";
  const isPart = value.startsWith("~");
  const wanted = isPart ? value.slice(1) : value;
  const fits = (text: string): boolean =>
    isPart ? text.toLowerCase().includes(wanted) : text.toLowerCase() === wanted;
  if (key === "touches") return (asked) => asked.touches().some((text) => text.toLowerCase().includes(wanted));
  if (key === "name") return ({ name }) => fits(name);
  return key === "on" ? ({ thread }) => fits(thread) : ({ scope }) => fits(scope);
}

function compare(value: number, sign: string, limit: number): boolean {
  switch (sign) {
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    default:
      return value === limit;
  }
}

function hasState({ state, outcome }: Asked, wanted: string): boolean {
  if (outcome !== "") return wanted === outcome;
  if (wanted === "blocked") return state === "lock" || state === "channel" || state === "blocked";
  if (wanted === "waiting") return state !== "running";
  return wanted === state;
}
