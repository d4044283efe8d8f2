import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { GC_KINDS, type GcPause, watchGc } from "#skein/core/gc-pauses";

import { epochMs, until } from "../trace/support/until.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

describe("pauses of the collector", () => {
  it("are told with kind, moment and length", async () => {
    const fromMs = epochMs();
    const pauses: GcPause[] = [];
    const stop = watchGc((pause) => pauses.push(pause));
    assert.ok(stop !== undefined);
    collect();
    await until(() => pauses.some(({ kind }) => kind === "major"), "a pause");
    stop();
    for (const { kind, beginMs, durationMs } of pauses) {
      assert.ok(GC_KINDS.includes(kind));
      assert.ok(durationMs >= 0 && beginMs >= fromMs - 1 && beginMs + durationMs <= epochMs() + 1);
    }
  });

  it("are told no more once that is ended, and the last when it is", async () => {
    const pauses: GcPause[] = [];
    const others: GcPause[] = [];
    const stop = watchGc((pause) => pauses.push(pause));
    const stopOther = watchGc((pause) => others.push(pause));
    stop?.();
    const before = pauses.length;
    collect();
    await until(() => others.length > 0, "a pause, told to another");
    stopOther?.();
    assert.equal(pauses.length, before);
  });
});
