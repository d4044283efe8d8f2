/** Where each row stands, from the top: headings, lanes, and the packed rows of tasks. */
import type { GroupInfo, GroupName, RowInfo } from "../analysis/model.js";

export const HEADING_HEIGHT = 26;
const LANE_HEIGHT = 20;
const NESTED_HEIGHT = 14;
/** Rows of tasks are lower the more there are of them. */
const TASK_HEIGHTS: readonly { readonly upTo: number; readonly height: number }[] = [
  { upTo: 40, height: 18 },
  { upTo: 150, height: 12 },
  { upTo: Infinity, height: 7 },
];
const GROUP_GAP = 8;

/** The groups that are shown follow each other without a gap, from the first row on. */
export interface Layout {
  /** Top of each row; a folded row has the height 0. */
  readonly top: Float64Array;
  readonly height: Float32Array;
  readonly headings: readonly { readonly group: GroupInfo; readonly top: number; readonly isFolded: boolean }[];
  readonly totalHeight: number;
}

export function layOut(rows: readonly RowInfo[], groups: readonly GroupInfo[], folded: ReadonlySet<GroupName>): Layout {
  const top = new Float64Array(rows.length);
  const height = new Float32Array(rows.length);
  const headings: { readonly group: GroupInfo; readonly top: number; readonly isFolded: boolean }[] = [];
  let y = 0;
  for (const group of groups) {
    const isFolded = folded.has(group.name);
    headings.push({ group, top: y, isFolded });
    y += HEADING_HEIGHT;
    const taskHeight = TASK_HEIGHTS.find(({ upTo }) => group.rows <= upTo)?.height ?? LANE_HEIGHT;
    for (let row = group.firstRow; row < group.firstRow + group.rows; row++) {
      top[row] = y;
      if (isFolded) continue;
      const isTask = group.name === "tasks";
      const own = isTask ? taskHeight : (rows[row]?.depth ?? 0) === 0 ? LANE_HEIGHT : NESTED_HEIGHT;
      height[row] = own;
      y += own;
    }
    y += GROUP_GAP;
  }
  // Rows of groups that are not shown stand below everything, so that the tops stay in order.
  const last = groups.at(-1);
  for (let row = last === undefined ? 0 : last.firstRow + last.rows; row < rows.length; row++) top[row] = y;
  return { top, height, headings, totalHeight: y };
}

/** The first row whose bottom is below `y`. */
export function firstRowBelow(layout: Layout, y: number): number {
  let low = 0;
  let high = layout.top.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((layout.top[middle] ?? 0) + (layout.height[middle] ?? 0) > y) high = middle;
    else low = middle + 1;
  }
  return low;
}
