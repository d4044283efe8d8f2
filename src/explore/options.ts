/** What a search is asked for. */
import { MisuseError } from "../core/errors.js";

export type StrategyName = "auto" | "random" | "pct" | "pos" | "walk" | "bounded" | "dpor";

export const STRATEGIES: readonly StrategyName[] = ["auto", "random", "pct", "pos", "walk", "bounded", "dpor"];

const JUDGEMENTS = ["acceptable", "interesting", "forbidden"] as const;

/** How an outcome is judged; one that the table does not name is forbidden. */
export type OutcomeJudgement = (typeof JUDGEMENTS)[number];

export interface ExploreOptions {
  /** How messages name the program. */
  readonly name?: string;
  /** How long to search, in milliseconds; 2,000 unless `schedules` is given. */
  readonly budgetMs?: number;
  /** How many schedules to run at most. */
  readonly schedules?: number;
  /** Of all choices that are left to chance; the same seed searches in the same order. */
  readonly seed?: number;
  /** How schedules are chosen; see the README of this room. `auto` by default. */
  readonly strategy?: StrategyName;
  /** What plain reads may see: `sc`, the default, the last write; `js`, what the language allows. */
  readonly memory?: "sc" | "js";
  /** Runs the one schedule that an error had printed. */
  readonly token?: string;
  /** What each outcome that the program names by `t.outcome` means. */
  readonly outcomes?: Readonly<Record<string, OutcomeJudgement>>;
  /** Steps after which a run counts as endless; 20,000 by default. */
  readonly steps?: number;
}

/** **Throws** `SKEIN_INVALID_ARGUMENT` for what can't be meant. */
export function requireExploreOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) refuse("options", options);
  const given = options as Readonly<Record<string, unknown>>;
  requireOneOf("strategy", given["strategy"], STRATEGIES);
  requireOneOf("memory", given["memory"], ["sc", "js"]);
  requireFrom("schedules", given["schedules"], 1, true);
  requireFrom("steps", given["steps"], 1, true);
  requireFrom("budgetMs", given["budgetMs"], 0, false);
  requireFrom("seed", given["seed"], -Infinity, false);
  for (const [outcome, judgement] of Object.entries(given["outcomes"] ?? {})) {
    requireOneOf(`outcomes[${JSON.stringify(outcome)}]`, judgement, JUDGEMENTS);
  }
}

function requireOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  refuse(`${name} to be one of ${allowed.join(", ")}`, value);
}

function requireFrom(name: string, value: unknown, least: number, isWhole: boolean): void {
  if (value === undefined) return;
  const isNumber = typeof value === "number" && !Number.isNaN(value);
  if (isNumber && value >= least && (!isWhole || value === Infinity || Number.isInteger(value))) return;
  refuse(`${name} to be a ${isWhole ? "whole " : ""}number${least === -Infinity ? "" : ` from ${least}`}`, value);
}

function refuse(expected: string, came: unknown): never {
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `explore expected ${expected}, but ${typeof came === "string" ? JSON.stringify(came) : String(came)} came`,
  );
}
