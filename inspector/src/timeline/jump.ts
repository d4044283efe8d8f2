/**
 * From a bar of a task to the core on which it ran at that time, and back; to its thread
 * where no cores were watched.
 */
import type { Model } from "../analysis/model.js";
import { slicesOf } from "./related.js";
import { itemIndex, itemKind, ItemKind, itemOf, overlapping, type SpanColumns } from "./span-store.js";
import { State } from "./states.js";
import { groupOf, stepsByThread } from "./tones.js";

/** Where a jump would lead. */
export type JumpTo = "core" | "thread" | "task";

export interface Jump {
  readonly to: JumpTo;
  readonly span: number;
}

/** @returns `undefined` where there is nothing to jump to: it did not run then, or is none of these */
export function jumpFrom(model: Model, span: number): Jump | undefined {
  const group = groupOf(model, span);
  if (group === "cores") return toTask(model, stepOnCore(model, span));
  if (group === "threads") return toCore(model, span) ?? toTask(model, span);
  if (group !== "tasks") return undefined;
  const step = stepOf(model, span);
  if (step === undefined) return undefined;
  return toCore(model, step.span, step.fromMs, step.toMs) ?? { to: "thread", span: step.span };
}

interface Overlap {
  readonly span: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of the spans in these rows that fit, the one that lies longest over a stretch of time. */
function longestOver(
  columns: SpanColumns,
  rows: Iterable<number>,
  fromMs: number,
  toMs: number,
  fits: (span: number) => boolean,
): Overlap | undefined {
  let best: Overlap | undefined;
  for (const row of rows) {
    for (const span of overlapping(columns, row, fromMs, toMs)) {
      if (!fits(span)) continue;
      const from = Math.max(fromMs, columns.begin[span] ?? 0);
      const to = Math.min(toMs, columns.end[span] ?? 0);
      if (to > from && (best === undefined || to - from > best.toMs - best.fromMs))
        best = { span, fromMs: from, toMs: to };
    }
  }
  return best;
}

function timesOf({ begin, end }: SpanColumns, span: number): readonly [number, number] {
  return [begin[span] ?? 0, end[span] ?? 0];
}

/** The step of the same job, or body of a scope, within the time of its bar. */
function stepOf(model: Model, bar: number): Overlap | undefined {
  const { columns } = model;
  const item = columns.item[bar] ?? 0;
  const rows = [...stepsByThread(model).values()].flat();
  return longestOver(columns, rows, ...timesOf(columns, bar), (span) => columns.item[span] === item);
}

function toCore(model: Model, step: number, fromMs?: number, toMs?: number): Jump | undefined {
  const { columns, groups, summary } = model;
  const cores = groups.find(({ name }) => name === "cores");
  const thread = [...stepsByThread(model)].find(([, own]) => own.some((row) => isIn(columns, row, step)))?.[0];
  const place = thread === undefined ? -1 : summary.threads.findIndex(({ index }) => index === thread);
  if (cores === undefined || place === -1) return undefined;
  const item = itemOf(ItemKind.thread, place);
  const lanes = Array.from({ length: cores.rows }, (_, lane) => cores.firstRow + lane);
  const [begin, end] = timesOf(columns, step);
  const run = longestOver(columns, lanes, fromMs ?? begin, toMs ?? end, (span) => columns.item[span] === item);
  return run === undefined ? undefined : { to: "core", span: run.span };
}

/** What the thread was inside for most of a stretch on a core: the innermost step, where several are. */
function stepOnCore(model: Model, run: number): number | undefined {
  const { columns, summary } = model;
  const item = columns.item[run] ?? 0;
  const thread = itemKind(item) === ItemKind.thread ? summary.threads[itemIndex(item)]?.index : undefined;
  const rows = thread === undefined ? [] : (stepsByThread(model).get(thread) ?? []);
  return longestOver(columns, rows, ...timesOf(columns, run), (span) => columns.state[span] === State.running)?.span;
}

/** The part of its bar in which a step lies. */
function toTask(model: Model, step: number | undefined): Jump | undefined {
  if (step === undefined) return undefined;
  const { columns, groups } = model;
  const [fromMs, toMs] = timesOf(columns, step);
  const bars = slicesOf(columns, groups, columns.item[step] ?? 0).filter((span) => groupOf(model, span) === "tasks");
  const over = (span: number): number =>
    Math.min(toMs, columns.end[span] ?? 0) - Math.max(fromMs, columns.begin[span] ?? 0);
  const best = bars.reduce<number | undefined>(
    (longest, bar) => (longest !== undefined && over(longest) >= over(bar) ? longest : bar),
    undefined,
  );
  return best === undefined ? undefined : { to: "task", span: best };
}

function isIn({ rowStart }: SpanColumns, row: number, span: number): boolean {
  return span >= (rowStart[row] ?? 0) && span < (rowStart[row + 1] ?? 0);
}
