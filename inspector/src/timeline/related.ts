/** Spans that belong to what is selected, and the arrows between them. */
import type { GroupInfo, PathInfo, TaskDetail } from "../analysis/model.js";
import { ItemKind, itemOf, rowOf, type SpanColumns } from "./span-store.js";
import { State } from "./states.js";

/** More arrows than these are a tangle. */
const MOST_ARROWS = 40;

/** Spans of an item, in order of time; those of its own bar, not those on threads, if it has one. */
export function slicesOf(columns: SpanColumns, groups: readonly GroupInfo[], item: number): number[] {
  const spans = spansOf(columns, new Set([item])).get(item) ?? [];
  const own = spans.filter((span) => isIn(columns, groups, "tasks", span));
  return (own.length > 0 ? own : spans).sort((a, b) => (columns.begin[a] ?? 0) - (columns.begin[b] ?? 0));
}

/** From who spawned it, to where it ran, and to what it spawned. */
export function arrowsOf(
  columns: SpanColumns,
  groups: readonly GroupInfo[],
  detail: TaskDetail,
): { readonly from: number; readonly to: number }[] {
  const item = itemOf(ItemKind.job, detail.line.job);
  const parent = detail.path.at(-1)?.item;
  const children = detail.children.slice(0, MOST_ARROWS).map(({ job }) => itemOf(ItemKind.job, job));
  const wanted = new Set([item, ...(parent === undefined ? [] : [parent]), ...children]);
  const spans = spansOf(columns, wanted);
  const bar = (of: number): number[] => (spans.get(of) ?? []).filter((span) => isIn(columns, groups, "tasks", span));
  const at = (of: number, atMs: number): number | undefined =>
    bar(of).findLast((span) => (columns.begin[span] ?? 0) <= atMs) ?? bar(of)[0];
  const [own] = bar(item);
  const arrows: { readonly from: number; readonly to: number }[] = [];
  if (own === undefined) return arrows;
  const cause = parent === undefined ? undefined : at(parent, columns.begin[own] ?? 0);
  if (cause !== undefined) arrows.push({ from: cause, to: own });
  const step = (spans.get(item) ?? []).find(
    (span) => isIn(columns, groups, "threads", span) && columns.state[span] === State.running,
  );
  if (step !== undefined) arrows.push({ from: own, to: step });
  for (const child of children) {
    const [effect] = bar(child);
    const from = effect === undefined ? undefined : at(item, columns.begin[effect] ?? 0);
    if (effect !== undefined && from !== undefined) arrows.push({ from, to: effect });
  }
  return arrows;
}

function spansOf(columns: SpanColumns, items: ReadonlySet<number>): Map<number, number[]> {
  const found = new Map<number, number[]>();
  const { item } = columns;
  for (let span = 0; span < item.length; span++) {
    const of = item[span] ?? 0;
    if (!items.has(of)) continue;
    const spans = found.get(of);
    if (spans === undefined) found.set(of, [span]);
    else spans.push(span);
  }
  return found;
}

function isIn(columns: SpanColumns, groups: readonly GroupInfo[], name: GroupInfo["name"], span: number): boolean {
  const group = groups.find((one) => one.name === name);
  if (group === undefined) return false;
  const from = columns.rowStart[group.firstRow] ?? 0;
  const to = columns.rowStart[group.firstRow + group.rows] ?? 0;
  return span >= from && span < to;
}

/** Where each stretch of a critical path stands: the row of the item's own bar, and the time. */
export function placesOfPath(
  columns: SpanColumns,
  groups: readonly GroupInfo[],
  path: PathInfo,
): { readonly row: number; readonly fromMs: number; readonly toMs: number }[] {
  const spans = spansOf(columns, new Set(path.stretches.map(({ item }) => item).filter((item) => item !== 0)));
  const rows = new Map<number, number>();
  for (const [item, own] of spans) {
    const bar = own.find((span) => isIn(columns, groups, "tasks", span));
    if (bar !== undefined) rows.set(item, rowOf(columns, bar));
  }
  return path.stretches.flatMap(({ item, beginMs, endMs }) => {
    const row = rows.get(item);
    return row === undefined ? [] : [{ row, fromMs: beginMs, toMs: endMs }];
  });
}

/** Items with a name that contains `text`; `undefined` for no text. */
export function itemsNamed(
  columns: SpanColumns,
  names: readonly string[],
  text: string,
): ReadonlySet<number> | undefined {
  const part = text.trim().toLowerCase();
  if (part === "") return undefined;
  const fits = Uint8Array.from(names, (name) => (name.toLowerCase().includes(part) ? 1 : 0));
  const items = new Set<number>();
  for (let span = 0; span < columns.name.length; span++) {
    const item = columns.item[span] ?? 0;
    if (item !== 0 && fits[columns.name[span] ?? 0] === 1) items.add(item);
  }
  return items;
}
