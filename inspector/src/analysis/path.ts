/** The critical path of what is selected. */
import { itemIndex, itemKind, ItemKind, itemOf } from "../timeline/span-store.js";
import type { Analysed } from "./build-model.js";
import { STATE_OF_WAY } from "./job-states.js";
import type { PathInfo } from "./model.js";
import { criticalPath, WAYS } from "./trace.js";

export function pathTo({ trace, timeline }: Analysed, item: number): PathInfo | undefined {
  const spans =
    itemKind(item) === ItemKind.job ? timeline.jobs : itemKind(item) === ItemKind.scope ? timeline.scopes : [];
  const subject = spans[itemIndex(item)]?.id;
  const path = subject === undefined ? undefined : criticalPath(trace, timeline, subject);
  if (path === undefined) return undefined;
  const jobs = new Map(timeline.jobs.map(({ id }, index) => [id, index]));
  const scopes = new Map(timeline.scopes.map(({ id }, index) => [id, index]));
  const itemOfSubject = (id: number): number => {
    const job = jobs.get(id);
    if (job !== undefined) return itemOf(ItemKind.job, job);
    const scope = scopes.get(id);
    return scope === undefined ? 0 : itemOf(ItemKind.scope, scope);
  };
  return {
    stretches: path.stretches.map(({ beginMs, endMs, way, subject: of }) => ({
      item: itemOfSubject(of),
      beginMs,
      endMs,
      state: STATE_OF_WAY[way],
    })),
    split: WAYS.map((way) => path.byWay[way]),
    isComplete: path.isComplete,
    badge: path.badge,
  };
}
