/** The one place where deadlocks are told of. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import { deadlockError, suspectDeadlock } from "#skein/core/deadlock";
import {
  attachProbeRing,
  makeRingMemory,
  probe,
  ProbeKind,
  ProbeRingReader,
  type ProbeRecord,
} from "#skein/core/probe";
import { DeadlockError } from "skein";
import { once, semaphore, singleFlight } from "skein/async";
import { Once } from "skein/shared";

import { ROOT } from "../support/run-program.js";

let reader: ProbeRingReader;
beforeEach(() => {
  const memory = makeRingMemory(64);
  reader = new ProbeRingReader(memory);
  attachProbeRing(memory);
});
afterEach(() => attachProbeRing(undefined));

/** What was marked since the last look. */
function marks(): readonly string[] {
  const records: ProbeRecord[] = [];
  reader.drain(records);
  return records.filter(({ kind }) => kind === ProbeKind.mark).map(({ value }) => reader.texts[value] ?? "");
}

describe("a deadlock", () => {
  it("is marked in the recording when its error is made, with whose code runs", () => {
    probe.ring?.started(77, false);
    const error = deadlockError("jobs wait for each other");
    assert.ok(error instanceof DeadlockError);
    assert.equal(error.message, "jobs wait for each other");
    const records: ProbeRecord[] = [];
    reader.drain(records);
    const mark = records.find(({ kind }) => kind === ProbeKind.mark);
    assert.equal(mark?.subject, 77);
    assert.equal(reader.texts[mark.value], "deadlock");
  });

  it("that is only suspected is marked when it is certain, and keeps the stack of its wait", () => {
    const waitsHere = (): (() => DeadlockError) => suspectDeadlock("jobs wait for each other");
    const suspicion = waitsHere();
    assert.deepEqual(marks(), []);
    assert.match(suspicion().stack ?? "", /waitsHere/);
    assert.deepEqual(marks(), ["deadlock"]);
  });

  it("is no more than its error when nobody records", () => {
    attachProbeRing(undefined);
    assert.ok(deadlockError("jobs wait for each other") instanceof DeadlockError);
    assert.deepEqual(marks(), []);
  });

  for (const [what, run] of [
    [
      "a once inside its own run",
      async () => {
        const value = once<number>();
        await value.run((s) => value.run(() => 1, s));
      },
    ],
    [
      "a shared once inside its own run",
      async () => {
        using value = new Once();
        value.runSync(() => value.runSync(() => undefined));
      },
    ],
    [
      "permits inside permits",
      async () => {
        const permits = semaphore(1);
        await permits.with(async (s) => void (await permits.acquire(1, s)));
      },
    ],
    [
      "a flight inside its own run",
      async () => {
        const flights = singleFlight(
          (s, key: string): Promise<unknown> => flights.run([key], s),
          (key) => key,
        );
        await flights.run(["key"]);
      },
    ],
  ] as const) {
    it(`is marked once where ${what} would wait for ever`, async () => {
      await assert.rejects(run, { code: "SKEIN_DEADLOCK" });
      assert.deepEqual(marks(), ["deadlock"]);
    });
  }

  it("has its error made in no other place", () => {
    const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const places = sources.filter((name) =>
      /^(?!\s*\*).*new DeadlockError\(/m.test(readFileSync(join(ROOT, "src", name), "utf8")),
    );
    assert.deepEqual(places, [join("core", "deadlock.ts")]);
  });
});
