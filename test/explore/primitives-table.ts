/**
 * How much of each primitive exploring covers: started by `npm run known-bugs -- primitives`,
 * which writes the table into `docs/exploring-primitives.md`. Prints it as JSON.
 */
import { explore, type ExploreOptions, type ExploreReport } from "skein/explore";

import { DISPATCH, type ExploredPrimitive, HEAP, OF_JOBS, OF_THREADS } from "./primitives/index.js";

/** For all orders that are not equal to another. */
const COMPLETE_MS = 12_000;
/** For all with few preemptions, and for a sample, where that was not enough. */
const BOUNDED_MS = 4000;
const SAMPLED_MS = 3000;

export interface PrimitiveRow {
  readonly table: "threads" | "jobs" | "dispatch" | "heap";
  readonly of: string;
  readonly fact: string;
  readonly does: string;
  /** Steps of the longest schedule. */
  readonly steps: number;
  readonly isComplete: boolean;
  readonly coverage: string;
}

async function rowOf(table: PrimitiveRow["table"], primitive: ExploredPrimitive): Promise<PrimitiveRow> {
  const { of, fact, does, program } = primitive;
  const run = (options: ExploreOptions): Promise<ExploreReport> => explore({ name: fact, ...options }, program);
  const row = { table, of: of.join(", "), fact, does };
  const whole = await run({ strategy: "dpor", budgetMs: COMPLETE_MS });
  if (whole.coverage.kind === "complete") {
    const text = `complete: ${whole.schedules.toLocaleString("en")}`;
    return { ...row, steps: whole.steps, isComplete: true, coverage: text };
  }
  const bounded = await run({ strategy: "bounded", budgetMs: BOUNDED_MS });
  const sampled = await run({ strategy: "pct", budgetMs: SAMPLED_MS });
  return {
    ...row,
    steps: Math.max(whole.steps, sampled.steps),
    isComplete: false,
    coverage: [bounded, whole, sampled].map(({ coverage }) => coverage.text).join("; "),
  };
}

const all = [
  ...OF_THREADS.map((primitive) => ["threads", primitive] as const),
  ...OF_JOBS.map((primitive) => ["jobs", primitive] as const),
  ...DISPATCH.map((primitive) => ["dispatch", primitive] as const),
  ...HEAP.map((primitive) => ["heap", primitive] as const),
];
const rows: PrimitiveRow[] = [];
for (const [table, primitive] of all) {
  rows.push(await rowOf(table, primitive));
  console.error(`${rows.length} of ${all.length}: ${primitive.fact}`);
}
console.log(JSON.stringify(rows));
