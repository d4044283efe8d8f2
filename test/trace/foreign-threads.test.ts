import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { PulseReader } from "#skein/core/pulse";
import {
  enterForeignThread,
  type ForeignPlaces,
  ForeignThreads,
  makeForeignPlaces,
} from "#skein/trace/observer/foreign-threads";

const NOBODY_GONE = (): boolean => false;

function entered(places: ForeignPlaces, name: string): () => void {
  const leave = enterForeignThread(places, name);
  assert.ok(leave !== undefined);
  return leave;
}

describe("threads that are none of ours", () => {
  it("are seen when they come, by their names, and when they leave", () => {
    const places = makeForeignPlaces(1000);
    const threads = new ForeignThreads(places);
    assert.deepEqual(threads.look(NOBODY_GONE), { come: [], gone: [] });
    const leave = entered(places, "worker.js #3");
    const { come, gone } = threads.look(NOBODY_GONE);
    assert.deepEqual(
      come.map(({ place, name }) => [place, name]),
      [[0, "worker.js #3"]],
    );
    assert.deepEqual(gone, []);
    assert.notEqual(new PulseReader(come[0]?.pulse as SharedArrayBuffer).read()?.kernelThread, undefined);
    assert.deepEqual(threads.look(NOBODY_GONE), { come: [], gone: [] });
    leave();
    assert.deepEqual(threads.look(NOBODY_GONE), { come: [], gone: [0] });
  });

  it("that were there for a moment are passed over", () => {
    const places = makeForeignPlaces(1000);
    const threads = new ForeignThreads(places);
    entered(places, "short")();
    assert.deepEqual(threads.look(NOBODY_GONE), { come: [], gone: [] });
    entered(places, "next")();
    assert.deepEqual(threads.look(NOBODY_GONE), { come: [], gone: [] });
  });

  it("that were stopped, and so said nothing, are gone when the kernel says so", () => {
    const places = makeForeignPlaces(1000);
    const threads = new ForeignThreads(places);
    entered(places, "stopped");
    threads.look(NOBODY_GONE);
    assert.deepEqual(threads.look((place) => place === 0).gone, [0]);
  });

  it("leave their place to others, with a pulse that has never beaten and the same limits", () => {
    const places = makeForeignPlaces(700);
    const threads = new ForeignThreads(places);
    entered(places, "first")();
    threads.look(NOBODY_GONE);
    const reader = new PulseReader(places.pulses[0] as SharedArrayBuffer);
    assert.equal(reader.read(), undefined);
    assert.equal(reader.limitMs, 700);
    const leave = entered(places, "second");
    assert.deepEqual([reader.read()?.beats, reader.read()?.lates], [1, 0]);
    leave();
  });

  it("find no place when all are taken, and then are not followed", () => {
    const places = makeForeignPlaces(1000);
    const leaves = places.pulses.map((_, i) => entered(places, `thread ${i}`));
    assert.equal(enterForeignThread(places, "one too many"), undefined);
    for (const leave of leaves) leave();
  });

  it("have names of any length, of which the beginning is kept", () => {
    const places = makeForeignPlaces(1000);
    const leave = entered(places, "поток".repeat(20));
    const [first] = new ForeignThreads(places).look(NOBODY_GONE).come;
    assert.ok(first?.name.startsWith("потокпоток"));
    leave();
  });
});
