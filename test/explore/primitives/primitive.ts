/** What is explored of the library's own primitives: one list, from which tests and the table in the docs are made. */
import {
  explore,
  type ExploredProgram,
  type ExploredThread,
  type Exploration,
  type ExploreReport,
} from "skein/explore";

export interface ExploredPrimitive {
  /** Names that the room exports, or of the knot that it is about. */
  readonly of: readonly string[];
  /** What holds, whatever the order. */
  readonly fact: string;
  /** Threads or jobs, and what they do. */
  readonly does: string;
  readonly program: ExploredProgram;
  /** How many schedules it takes, for those that take more than most or are to stop before. */
  readonly schedules?: number;
}

/** Enough for most of these to be complete. */
const MOST_SCHEDULES = 2000;

/** With `--real`, as `npm run known-bugs -- threads` asks, real threads take each of some schedules as well. */
const ON_REAL_THREADS = process.argv.includes("--real");

export function explorePrimitive({
  fact,
  program,
  schedules = MOST_SCHEDULES,
}: ExploredPrimitive): Promise<ExploreReport> {
  const real = { schedules: 100, strategy: "random", threads: "real" } as const;
  return explore({ name: fact, ...(ON_REAL_THREADS ? real : { schedules, budgetMs: 120_000 }) }, program);
}

export function threads(t: Exploration, count: number, body: (index: number) => unknown): ExploredThread[] {
  return Array.from({ length: count }, (_, index) => t.thread(`thread ${index}`, () => body(index)));
}
