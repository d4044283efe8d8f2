import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { cancelNodeOf } from "#skein/async/cancel";
import { Gate } from "#skein/compat/gate";

import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

interface Request {
  priority: number;
  readonly weight: number;
  readonly id: number;
}

/** A gate in front of some units. */
function gateOf(units: number): { readonly gate: Gate<Request>; free: number } {
  const made = {
    free: units,
    gate: new Gate<Request>("units", ({ weight }) => {
      if (weight > made.free) return false;
      made.free -= weight;
      return true;
    }),
  };
  return made;
}

/** The same, the obvious way: a sorted list, looked at from the front after every change. */
class Model {
  free: number;
  readonly outcomes: string[] = [];
  waiting: { priority: number; readonly weight: number; readonly id: number }[] = [];

  constructor(units: number) {
    this.free = units;
  }

  enter(priority: number, weight: number): void {
    this.waiting.push({ priority, weight, id: this.outcomes.push("waiting") - 1 });
    this.go();
  }

  end(ids: readonly number[], outcome: string): void {
    for (const id of ids) this.outcomes[id] = outcome;
    this.waiting = this.waiting.filter(({ id }) => !ids.includes(id));
    this.go();
  }

  move(id: number, priority: number): void {
    const moved = this.waiting.find((request) => request.id === id);
    if (moved === undefined) return;
    this.waiting = [...this.waiting.filter((request) => request !== moved), moved];
    moved.priority = priority;
    this.go();
  }

  go(): void {
    this.waiting.sort((first, second) => second.priority - first.priority);
    for (let first = this.waiting[0]; first !== undefined && first.weight <= this.free; first = this.waiting[0]) {
      this.waiting.shift();
      this.free -= first.weight;
      this.outcomes[first.id] = "in";
    }
  }
}

describe("a gate", () => {
  it("agrees with a sorted list, whatever is done in whatever order (laws 11, 31, 32, 40)", () =>
    forAllSteps(["enter", "enter urgently", "cancel", "give back", "move", "clear"], async (steps) => {
      const real = gateOf(4);
      const model = new Model(4);
      const calls = new Calls<void>(() => "in");
      let taken = 0;
      let isFirstClear = true;
      await runSteps(
        steps,
        ({ kind, pick, count }) => {
          const id = calls.any(pick);
          switch (kind) {
            case "enter":
            case "enter urgently": {
              const priority = kind === "enter" ? 0 : pick % 3;
              const request = { priority, weight: count, id: calls.outcomes.length };
              calls.start((signal) => real.gate.enter(request, cancelNodeOf(signal)));
              model.enter(priority, count);
              break;
            }
            case "cancel":
              if (id === undefined) break;
              calls.cancel(id);
              if (model.outcomes[id] === "waiting") model.end([id], "cancelled");
              break;
            case "give back":
              if (4 - real.free < count) break;
              real.free += count;
              model.free += count;
              taken++;
              real.gate.turn();
              model.go();
              break;
            case "move":
              if (id === undefined) break;
              real.gate.move((request) => request.id === id, count);
              model.move(id, count);
              break;
            case "clear":
              // Rare, or there would never be a long queue.
              if (pick % 4 > 0 && !isFirstClear) break;
              isFirstClear = false;
              real.gate.clear(() => new Error("cleared"));
              model.end(
                model.waiting.map(({ id: waiting }) => waiting),
                "cleared",
              );
              break;
            default:
              assert.fail(kind satisfies never);
          }
        },
        () => {
          assert.equal(real.free, model.free);
          assert.equal(real.gate.size, model.waiting.length);
          assert.deepEqual(
            real.gate.requests().map(({ id }) => id),
            model.waiting.map(({ id }) => id),
          );
        },
        () => [calls.outcomes, model.outcomes],
      );
      assert.ok(taken >= 0);
    }));

  it("keeps what it admitted admitted although the request is cancelled in the same turn (law 11)", async () => {
    const real = gateOf(1);
    const calls = new Calls<void>(() => "in");
    const request = (id: number): Request => ({ priority: 0, weight: 1, id });
    await real.gate.enter(request(0), undefined);
    calls.start((signal) => real.gate.enter(request(1), cancelNodeOf(signal)));
    await settled();
    real.free++;
    real.gate.turn();
    calls.cancel(0);
    await settled();
    assert.deepEqual(calls.outcomes, ["in"]);
    assert.equal(real.free, 0);
  });

  it("refuses at once under a cancelled node, though there is a place (law 9)", async () => {
    const real = gateOf(1);
    const entering = real.gate.enter({ priority: 0, weight: 1, id: 0 }, cancelNodeOf(AbortSignal.abort()));
    await assert.rejects(entering, { code: "SKEIN_CANCELLED" });
    assert.equal(real.free, 1);
  });
});
