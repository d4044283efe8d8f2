import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { analyse } from "../../inspector/src/analysis/build-model.js";
import type { Model } from "../../inspector/src/analysis/model.js";
import { jumpFrom } from "../../inspector/src/timeline/jump.js";
import { itemIndex } from "../../inspector/src/timeline/span-store.js";
import { State } from "../../inspector/src/timeline/states.js";
import { groupOf } from "../../inspector/src/timeline/tones.js";
import { observedTrace } from "./support/observed-trace.js";

const trace = observedTrace();
const { model } = analyse(trace, "observed", false);
const withoutCores = analyse({ ...trace, kernel: undefined }, "no cores", false).model;

function find(of: Model, group: string, name: string, state: number): number {
  const { begin, name: names, state: states } = of.columns;
  const found = [...begin.keys()].find(
    (span) => groupOf(of, span) === group && of.names[names[span] ?? 0] === name && states[span] === state,
  );
  assert.ok(found !== undefined);
  return found;
}

describe("a jump", () => {
  it("leads from a task to the core on which its thread was then, and back", () => {
    const bar = find(model, "tasks", "count", State.running);
    const there = jumpFrom(model, bar);
    assert.equal(there?.to, "core");
    const { begin, end, item } = model.columns;
    const run = there?.span ?? -1;
    assert.equal(groupOf(model, run), "cores");
    assert.equal(model.summary.threads[itemIndex(item[run] ?? 0)]?.name, "main");
    // One of the stretches in which the job ran, which was from 401 to 700.
    assert.ok((begin[run] ?? 0) >= 401 && (end[run] ?? 0) <= 700);
    assert.deepEqual(jumpFrom(model, run), { to: "task", span: bar });
  });

  it("leads from a step on a thread to its core too", () => {
    const there = jumpFrom(model, find(model, "threads", "count", State.running));
    assert.equal(there?.to, "core");
  });

  it("leads to the thread where no cores were watched, and back", () => {
    const bar = find(withoutCores, "tasks", "count", State.running);
    const step = find(withoutCores, "threads", "count", State.running);
    assert.deepEqual(jumpFrom(withoutCores, bar), { to: "thread", span: step });
    assert.deepEqual(jumpFrom(withoutCores, step), { to: "task", span: bar });
  });

  it("leads nowhere from a time in which the task did not run, nor from what is no task", () => {
    assert.equal(jumpFrom(model, find(model, "tasks", "pay left", State.lock)), undefined);
    const held = find(model, "resources", "pay left", State.held);
    assert.equal(jumpFrom(model, held), undefined);
  });

  it("leads nowhere from a core on which the thread was inside no task", () => {
    const { item } = model.columns;
    const idle = [...item.keys()].find(
      (span) =>
        groupOf(model, span) === "cores" &&
        model.summary.threads[itemIndex(item[span] ?? 0)]?.index === 0 &&
        (model.columns.begin[span] ?? 0) > 710,
    );
    assert.ok(idle !== undefined);
    assert.equal(jumpFrom(model, idle), undefined);
  });
});
