/** Which threads are woken for what was put on their lines. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { heap } from "#skein/shared/heap";
import { Call, CallTable } from "#skein/threads/call";
import * as at from "#skein/threads/line";
import { Modules } from "#skein/threads/modules";
import { wake } from "#skein/threads/parking";
import { Putting } from "#skein/threads/putting";
import { RemoteTable } from "#skein/threads/remotes";
import { PoolThread } from "#skein/threads/thread";

/** What is used of a thread here, which runs nothing. */
class LineOnly {
  readonly line = at.Line.make(heap());
  filled = 0;
  inFlight = 0;
  keyed = 0;
  isAlive = true;
  isFilledForAll = false;
  isFilledForItself = false;
  isBusy = false;

  constructor(state: number) {
    this.line.cells[at.STATE] = state;
  }

  nextRecord = PoolThread.prototype.nextRecord;
  publish = PoolThread.prototype.publish;

  wake(): boolean {
    return wake(this.line);
  }

  get isParked(): boolean {
    return this.line.cells[at.STATE] === at.PARKED;
  }
}

/** Puts a call on each line, with a key or not, and publishes. @returns how often another thread was to be woken */
function putOn(threads: readonly LineOnly[], affinity: string | undefined): number {
  let others = 0;
  const crew = {
    wakeOne: () => {
      others++;
      return true;
    },
  };
  const remotes = new RemoteTable(
    () => undefined,
    () => undefined,
  );
  const putting = new Putting(new CallTable(100), crew, remotes, (_, error) => {
    throw error;
  });
  const identity = {
    module: "file:///m.js",
    key: "add",
    takesScope: false,
    declaredIn: undefined,
    isOfLists: false,
    shapes: undefined,
  };
  const task = new Modules().numbered(identity);
  for (const thread of threads) {
    const call = new Call(task, [1, 2], putting.submittedMs());
    call.affinity = affinity;
    assert.equal(putting.put(thread as unknown as PoolThread, call), true);
    const record = thread.line.call(0);
    assert.equal(thread.line.cells[record + at.CALL_STATE], affinity === undefined ? at.QUEUED : at.QUEUED_HERE);
  }
  putting.publish();
  return others;
}

describe("a call that is put on a line", () => {
  it("is all there for who finds its state, as threads that steal look at records before they are published", (t) => {
    const thread = new LineOnly(at.AWAKE);
    const { cells } = thread.line;
    const record = thread.line.call(0);
    const isWhole: boolean[] = [];
    // An atomic store alone orders those before it.
    const { store } = Atomics;
    t.mock.method(Atomics, "store", (view: Int32Array, index: number, value: number) => {
      if (view === cells && index === record + at.CALL_STATE) {
        isWhole.push(cells[record + at.CALL_NUMBER] !== 0 && cells[record + at.CALL_TAGS] !== 0);
        assert.equal(cells[at.PUBLISHED], 0);
      }
      return store(view, index, value);
    });
    putOn([thread], undefined);
    assert.deepEqual(isWhole, [true]);
  });
});

describe("calls that are published", () => {
  const parked = (count: number): LineOnly[] => Array.from({ length: count }, () => new LineOnly(at.PARKED));

  it("wake two threads, which wake others", () => {
    const threads = parked(4);
    putOn(threads, undefined);
    assert.equal(threads.filter((thread) => thread.isParked).length, 2);
  });

  it("with keys wake each thread, as no other will", () => {
    const threads = parked(4);
    putOn(threads, "a");
    assert.equal(threads.filter((thread) => thread.isParked).length, 0);
  });

  it("on the line of a busy thread have another one woken, unless they have keys", () => {
    const busy = new LineOnly(at.AWAKE);
    busy.isBusy = true;
    assert.equal(putOn([busy], undefined), 1);
    const keyed = new LineOnly(at.AWAKE);
    keyed.isBusy = true;
    assert.equal(putOn([keyed], "a"), 0);
  });

  it("have another one woken in whichever place of RUNNING the call stands that the thread runs", () => {
    const isBusy = Object.getOwnPropertyDescriptor(PoolThread.prototype, "isBusy") as PropertyDescriptor;
    const isRunning = Object.getOwnPropertyDescriptor(PoolThread.prototype, "isRunning") as PropertyDescriptor;
    for (const place of [0, 1, at.MOST_RUNNING - 1]) {
      // Stolen, so not counted in `inFlight`; where it is not the first, what began before it has ended.
      const busy = Object.defineProperties(new LineOnly(at.AWAKE), { isBusy, isRunning });
      busy.line.cells[at.RUNNING + place] = 7;
      assert.equal(putOn([busy], undefined), 1, `place ${place}`);
    }
    const idle = Object.defineProperties(new LineOnly(at.AWAKE), { isBusy, isRunning });
    assert.equal(putOn([idle], undefined), 0);
  });
});
