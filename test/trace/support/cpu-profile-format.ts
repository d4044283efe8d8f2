/** Reads `.cpuprofile` as the tools for it do, and sees that it is sound. */
import assert from "node:assert/strict";

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly hitCount: number;
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ReadProfile {
  /** By function: time of its own. */
  readonly selfMs: ReadonlyMap<string, number>;
  /** Functions with all that call them. */
  readonly paths: ReadonlySet<string>;
  readonly hits: number;
  readonly totalMs: number;
}

export function readCpuProfile(text: string): ReadProfile {
  const { nodes, startTime, endTime, samples, timeDeltas } = JSON.parse(text) as Profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  assert.equal(byId.size, nodes.length);
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) {
    for (const child of children) {
      assert.ok(byId.has(child) && !parents.has(child));
      parents.set(child, id);
    }
  }
  const roots = nodes.filter(({ id }) => !parents.has(id));
  assert.deepEqual(
    roots.map(({ callFrame }) => callFrame.functionName),
    ["(root)"],
  );
  assert.equal(samples.length, timeDeltas.length);
  assert.ok(timeDeltas.every((delta) => Number.isInteger(delta) && delta >= 0));
  assert.equal(
    timeDeltas.reduce((sum, delta) => sum + delta, 0),
    endTime - startTime,
  );
  const selfMs = new Map<string, number>();
  for (const [i, id] of samples.entries()) {
    // A sample lasts until the next one.
    const name = byId.get(id)?.callFrame.functionName;
    assert.ok(name !== undefined);
    const lasted = (timeDeltas[i + 1] ?? 0) / 1000;
    if (lasted > 0) selfMs.set(name, (selfMs.get(name) ?? 0) + lasted);
  }
  const pathOf = (id: number): string => {
    const parent = parents.get(id);
    const name = byId.get(id)?.callFrame.functionName ?? "";
    return parent === undefined ? name : `${pathOf(parent)} > ${name}`;
  };
  return {
    selfMs,
    paths: new Set(nodes.map(({ id }) => pathOf(id))),
    hits: nodes.reduce((sum, { hitCount }) => sum + hitCount, 0),
    totalMs: (endTime - startTime) / 1000,
  };
}
