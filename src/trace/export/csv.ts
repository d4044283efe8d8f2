/** Traces as tables, for spreadsheets and data frames. */
import type { JobSpan, ScopeSpan, Timeline, WaitSpan } from "../spans.js";
import { buildTimeline } from "../timeline.js";
import type { Trace } from "../trace.js";

const COLUMNS = [
  "kind",
  "id",
  "name",
  "parent",
  "thread",
  "ran_on",
  "begin_ms",
  "end_ms",
  "wait_ms",
  "run_ms",
  "outcome",
  "begin_edge",
  "end_edge",
] as const;

type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string | number | undefined>>>;

const ROWS_A_CHUNK = 1000;

/**
 * Gives the jobs, scopes, waits and losses of a trace as comma-separated values
 * (RFC 4180, with a header line), in parts that make one file when they are put together.
 *
 * Times are milliseconds since the recording began. `run_ms` is what was recorded of a
 * job's or scope's synchronous steps. A text that a spreadsheet would take for a formula
 * has an apostrophe in front.
 *
 * @since 0.1.0
 */
export function* csvChunks(trace: Trace): Generator<string, void, undefined> {
  yield `${COLUMNS.join(",")}\r\n`;
  let chunk: string[] = [];
  for (const row of rowsOf(buildTimeline(trace))) {
    chunk.push(`${COLUMNS.map((column) => cell(row[column])).join(",")}\r\n`);
    if (chunk.length < ROWS_A_CHUNK) continue;
    yield chunk.join("");
    chunk = [];
  }
  if (chunk.length > 0) yield chunk.join("");
}

function* rowsOf({ jobs, scopes, waits, threads }: Timeline): Generator<Row> {
  for (const job of jobs) {
    yield {
      ...spanOf("job", job),
      parent: job.scope || undefined,
      ran_on: job.ranOn,
      wait_ms: job.waitMs,
      run_ms: runMs(job),
    };
  }
  for (const scope of scopes) {
    yield { ...spanOf("scope", scope), parent: (scope.job ?? scope.parent) || undefined, run_ms: runMs(scope) };
  }
  for (const wait of waits) yield { ...spanOf("wait", wait), parent: wait.scope || undefined };
  for (const { index, gaps } of threads) {
    for (const { beginMs, endMs, dropped } of gaps) {
      const name = `${dropped} records dropped`;
      yield { kind: "dropped", name, thread: index, begin_ms: beginMs, end_ms: endMs };
    }
  }
}

function spanOf(
  kind: string,
  { id, name, thread, beginMs, endMs, outcome, begin, end }: JobSpan | ScopeSpan | WaitSpan,
): Row {
  return { kind, id, name, thread, begin_ms: beginMs, end_ms: endMs, outcome, begin_edge: begin, end_edge: end };
}

function runMs({ steps }: JobSpan | ScopeSpan): number | undefined {
  return steps.length === 0 ? undefined : steps.reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0);
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
