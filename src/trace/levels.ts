/** How many of something were there, over time. */
import type { Span, StepSpan } from "./spans.js";

/**
 * From `atMs` on, until the next one, there were `count`.
 *
 * @since 0.1.0
 */
export interface Level {
  readonly atMs: number;
  readonly count: number;
}

/** How many of `spans` lay over each moment of `durationMs`; begins at 0, no two at the same moment. */
export function levelsOf(spans: readonly Pick<Span, "beginMs" | "endMs">[], durationMs: number): readonly Level[] {
  const begins = Float64Array.from(spans, ({ beginMs }) => beginMs).sort();
  const ends = Float64Array.from(spans, ({ endMs }) => endMs).sort();
  const levels: Level[] = [];
  let begun = 0;
  let ended = 0;
  let count = 0;
  for (let atMs = 0; atMs < durationMs; atMs = Math.min(begins[begun] ?? Infinity, ends[ended] ?? Infinity)) {
    while ((begins[begun] ?? Infinity) <= atMs) begun++;
    while ((ends[ended] ?? Infinity) <= atMs) ended++;
    if (levels.length === 0 || begun - ended !== count) levels.push({ atMs, count: begun - ended });
    count = begun - ended;
  }
  return levels;
}

/** Milliseconds at each level: the first for 0, the second for 1, and so on. */
export function timeAtLevels(levels: readonly Level[], durationMs: number): readonly number[] {
  const times: number[] = [];
  levels.forEach(({ atMs, count }, index) => {
    const untilMs = levels[index + 1]?.atMs ?? durationMs;
    while (times.length <= count) times.push(0);
    times[count] = (times[count] ?? 0) + untilMs - atMs;
  });
  return times;
}

/** The steps that stand in no other of their thread: the times in which a thread ran. */
export function outermost(steps: readonly StepSpan[]): readonly StepSpan[] {
  // In order of beginning, and nested on each thread: one that begins before the
  // last outermost one of its thread ended is inside it.
  const untilMs = new Map<number, number>();
  return steps.filter(({ thread, beginMs, endMs }) => {
    const lastMs = untilMs.get(thread) ?? -Infinity;
    if (beginMs < lastMs) return false;
    untilMs.set(thread, endMs);
    return true;
  });
}
