import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { analyse } from "../../inspector/src/analysis/build-model.js";
import type { Model } from "../../inspector/src/analysis/model.js";
import { itemIndex, itemKind, ItemKind } from "../../inspector/src/timeline/span-store.js";
import { State } from "../../inspector/src/timeline/states.js";
import { HUES, groupOf, inTones, toneOfState, TONES, tonesOf } from "../../inspector/src/timeline/tones.js";
import { idOn, ThreadScript, traceOf } from "../trace/support/traces.js";
import { observedTrace } from "./support/observed-trace.js";

const { model } = analyse(observedTrace(), "observed", false);
const PALE = HUES.length;

function spansOf(of: Model, group: string, name: string): number[] {
  return [...of.columns.begin.keys()].filter(
    (span) => groupOf(of, span) === group && of.names[of.columns.name[span] ?? 0] === name,
  );
}

/** Jobs with these names, one after the other on a thread each, each longer than the next. */
function inTurn(names: readonly string[]): Model {
  const main = new ThreadScript(0);
  let atMs = 0;
  names.forEach((name, index) => {
    const id = idOn(0, index + 1);
    const lasts = 100 - index;
    main.spawn(atMs, id, name).start(atMs, id);
    main.stop((atMs += lasts), id).end(atMs, id);
  });
  return analyse(traceOf(atMs, [main]), "in turn", false).model;
}

describe("colours by task", () => {
  const { ofSpan, names } = tonesOf(model, "task");
  const toneOf = (name: string): number => names.find((one) => one.name === name)?.tone ?? NaN;

  it("are one for all jobs of a function, strong where they run and pale where they wait", () => {
    const smelt = spansOf(model, "tasks", "smelt");
    assert.ok(smelt.length > 40);
    for (const span of smelt) {
      const runs = model.columns.state[span] === State.running;
      assert.equal(ofSpan[span], runs ? toneOf("smelt") : PALE + toneOf("smelt"));
    }
    assert.deepEqual(new Set(names.map(({ tone }) => tone)).size, names.length);
  });

  it("are the same on threads, and on cores for what the thread was inside then", () => {
    for (const span of spansOf(model, "threads", "count")) assert.equal(ofSpan[span], toneOf("count"));
    const onCores = [...model.columns.begin.keys()].filter((span) => groupOf(model, span) === "cores");
    const [fromMs, toMs] = [401, 700];
    const during = onCores.filter((span) => {
      const { begin, end, item } = model.columns;
      const middle = ((begin[span] ?? 0) + (end[span] ?? 0)) / 2;
      return model.summary.threads[itemIndex(item[span] ?? 0)]?.index === 0 && middle > fromMs && middle < toMs;
    });
    assert.ok(during.length > 10);
    for (const span of during) assert.equal(ofSpan[span], toneOf("count"));
  });

  it("are grey for what belongs to no task, so that no colour means two things", () => {
    for (const [span, state] of model.columns.state.entries()) {
      const kind = itemKind(model.columns.item[span] ?? 0);
      if (kind === ItemKind.job || kind === ItemKind.scope || groupOf(model, span) === "cores") continue;
      const kept = state === State.stall || state === State.gc || state === State.dropped || state === State.idle;
      assert.equal(ofSpan[span], toneOfState(kept ? state : State.scope));
    }
  });

  it("are for the seven that ran longest, and one grey for all others", () => {
    const letters = [..."abcdefghij"];
    const many = tonesOf(inTurn(letters), "task").names;
    assert.deepEqual(
      many.map(({ name }) => name),
      [...letters.slice(0, 7), undefined],
    );
  });

  it("stay with a task while a recording goes on, whoever runs longest then", () => {
    const before = tonesOf(inTurn(["a", "b"]), "task").names;
    const after = tonesOf(inTurn(["c", "b", "a"]), "task", before).names;
    for (const { name, tone } of before) assert.equal(after.find((one) => one.name === name)?.tone, tone, name);
    assert.equal(new Set(after.map(({ tone }) => tone)).size, 3);
  });
});

describe("colours by thread", () => {
  it("are for a job that of the thread that ran it", () => {
    const { ofSpan, names } = tonesOf(model, "thread");
    const worker = names.find(({ name }) => name === "worker-1")?.tone ?? NaN;
    for (const span of spansOf(model, "tasks", "smelt")) assert.equal((ofSpan[span] ?? 0) % PALE, worker);
    for (const span of spansOf(model, "threads", "smelt")) assert.equal(ofSpan[span], worker);
  });
});

describe("colours by state", () => {
  it("are those of states, and name nothing", () => {
    const { ofSpan, names } = tonesOf(model, "state");
    assert.deepEqual([...ofSpan], [...model.columns.state].map(toneOfState));
    assert.deepEqual(names, []);
  });
});

describe("tones for a painter", () => {
  it("are of groups what covers most of them", () => {
    const painted = inTones(model.columns, tonesOf(model, "task"));
    const known = new Set(painted.state);
    assert.ok([...painted.mostly].every((tone) => known.has(tone)));
    assert.equal(painted.begin, model.columns.begin);
    assert.notEqual(painted.mostly, model.columns.mostly);
  });
});

// How eyes see that lack one of three kinds of cones: Machado, Oliveira and Fernandes 2009, in full strength.
const EYES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "no long ones": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "no middle ones": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  "no short ones": [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Light of each primary, from 0 to 1. */
function lightOf(hex: string): number[] {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

function product(matrix: readonly (readonly number[])[], of: readonly number[]): number[] {
  return matrix.map((row) =>
    Math.max(
      0,
      Math.min(
        1,
        row.reduce((sum, part, i) => sum + part * (of[i] ?? 0), 0),
      ),
    ),
  );
}

/** In CIELAB, where equal distances look alike. */
function lab(light: readonly number[]): number[] {
  const [x = 0, y = 0, z = 0] = [
    [0.4339, 0.3762, 0.1899],
    [0.2126, 0.7152, 0.0722],
    [0.0177, 0.1095, 0.8728],
  ].map((row) => {
    const value = row.reduce((sum, part, i) => sum + part * (light[i] ?? 0), 0);
    return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((part, i) => part - (b[i] ?? 0)));
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [a, b]
    .map((hex) => lightOf(hex).reduce((sum, part, i) => sum + part * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0))
    .sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe("the palette", () => {
  for (const background of ["dark", "light"] as const) {
    for (const [eyes, matrix] of Object.entries(EYES)) {
      it(`is told apart on ${background} by eyes with ${eyes}`, () => {
        const seen = HUES.map((hue) => lab(product(matrix, lightOf(hue[background]))));
        let least = Infinity;
        let which = "";
        seen.forEach((a, i) =>
          seen.slice(i + 1).forEach((b, j) => {
            if (distance(a, b) < least) [least, which] = [distance(a, b), `${i} ${i + 1 + j}`];
          }),
        );
        assert.ok(least >= 20, `${which} are ${least.toFixed(1)} apart`);
      });
    }
  }

  it("lets what is written on bars be read", () => {
    for (const { dark, light, inkOnDark, inkOnLight } of TONES) {
      for (const [colour, ink] of [
        [dark, inkOnDark],
        [light, inkOnLight],
      ] as const) {
        assert.ok(contrast(colour, ink) >= 4, `${ink} on ${colour}: ${contrast(colour, ink).toFixed(2)}`);
      }
    }
  });
});
