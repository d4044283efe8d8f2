/** What is found in a trace. */
import assert from "node:assert/strict";

import { buildTimeline, type Finding, type FindingKind, findFindings, type Trace } from "skein/trace";

export function findingsOf(trace: Trace): readonly Finding[] {
  return findFindings(trace, buildTimeline(trace));
}

/** The only finding of a kind. */
export function foundIn(trace: Trace, kind: FindingKind): Finding {
  const all = findingsOf(trace);
  const [found, ...more] = all.filter((finding) => finding.kind === kind);
  assert.ok(found !== undefined, `no ${kind}, but ${all.map((finding) => finding.kind).join(", ") || "nothing"}`);
  assert.deepEqual(more, []);
  return found;
}

export function kindsIn(trace: Trace): readonly FindingKind[] {
  return findingsOf(trace).map(({ kind }) => kind);
}
