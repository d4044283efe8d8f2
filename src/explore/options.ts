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
  /**
   * Has real threads take the steps of a schedule on which the program goes wrong, and
   * says in the error what came of it.
   */
  readonly confirm?: boolean;
  /**
   * Where threads run: `replay`, the default, on the stack of this one. With `real`, each
   * schedule is also taken step by step on real threads, and has to give the same: some
   * thousands of schedules a second.
   */
  readonly threads?: "replay" | "real";
  /**
   * How real threads find the program: the URL of its module, and the name of its export,
   * or a path of names to it. Without this, each thread imports the module that calls
   * `explore`, until it comes to that call.
   */
  readonly program?: { readonly module: string | URL; readonly export: string };
}

/** **Throws** `SKEIN_INVALID_ARGUMENT` for what can't be meant. */
export function requireExploreOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) refuse("options", options);
  const given = options as Readonly<Record<string, unknown>>;
  requireOneOf("strategy", given["strategy"], STRATEGIES);
  requireOneOf("memory", given["memory"], ["sc", "js"]);
  requireOneOf("threads", given["threads"], ["replay", "real"]);
  if (given["confirm"] !== undefined && typeof given["confirm"] !== "boolean")
    refuse("confirm to be true or false", given["confirm"]);
  requireProgram(given["program"]);
  requireFrom("schedules", given["schedules"], 1, true);
  requireFrom("steps", given["steps"], 1, true);
  requireFrom("budgetMs", given["budgetMs"], 0, false);
  requireFrom("seed", given["seed"], -Infinity, false);
  for (const [outcome, judgement] of Object.entries(given["outcomes"] ?? {})) {
    requireOneOf(`outcomes[${JSON.stringify(outcome)}]`, judgement, JUDGEMENTS);
  }
}

function requireProgram(program: unknown): void {
  if (program === undefined) return;
  const { module, export: path } = (program ?? {}) as { readonly module?: unknown; readonly export?: unknown };
  const isUrl = module instanceof URL || (typeof module === "string" && URL.canParse(module));
  if (isUrl && typeof path === "string" && path !== "") return;
  refuse("program to be { module, export }: a URL, as import.meta.url, and the name of an export", program);
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
