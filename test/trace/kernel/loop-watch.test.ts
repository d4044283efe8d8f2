import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";

import type { Stall } from "skein/trace";
import type { PulseReading } from "#skein/core/pulse";
import {
  LoopWatch,
  type LoopWatchOptions,
  type PulseSource,
  type StackRequest,
  type TakenStack,
} from "#skein/trace/kernel/index";

/** A pulse that beats when it is told to: every 25 ms, late from 100 ms on. */
class FakePulse implements PulseSource {
  readonly everyMs = 25;
  readonly limitMs = 100;
  reading: PulseReading | undefined = {
    kernelThread: 50,
    platformThread: 3,
    beats: 1,
    lates: 0,
    atMs: 0,
    cpuMs: undefined,
    isResting: false,
    awakeMs: 0,
    isInspected: false,
    late: { dueMs: 0, atMs: 0, cpuMs: undefined },
  };

  read(): PulseReading | undefined {
    return this.reading;
  }

  change(to: Partial<PulseReading>): void {
    this.reading = { ...(this.reading as PulseReading), ...to };
  }

  beat(atMs: number): void {
    const { beats, atMs: lastMs, lates, awakeMs } = this.reading as PulseReading;
    const dueMs = Math.max(lastMs + this.everyMs, awakeMs);
    const isLate = atMs - dueMs >= this.limitMs;
    this.change({
      beats: beats + 1,
      atMs,
      ...(isLate ? { lates: lates + 1, late: { dueMs, atMs, cpuMs: undefined } } : {}),
    });
  }
}

/** A watch of one loop, thread 7, and what it asked for and told. */
function watching(options: LoopWatchOptions = {}) {
  const pulse = new FakePulse();
  const told: Stall[] = [];
  const requests: { readonly thread: number; isCancelled: boolean; answer(taken: TakenStack | undefined): void }[] = [];
  const request = (thread: number): StackRequest => {
    let answer: (taken: TakenStack | undefined) => void = () => undefined;
    const taken = new Promise<TakenStack | undefined>((resolve) => (answer = resolve));
    const asked = { thread, isCancelled: false, answer };
    requests.push(asked);
    const cancel = (): void => {
      asked.isCancelled = true;
      answer(undefined);
    };
    return { taken, cancel };
  };
  const watch = new LoopWatch({ request, onStall: (stall) => told.push(stall), ...options });
  watch.add(7, pulse);
  const check = (fromMs: number, toMs: number): void => {
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 20) watch.check(nowMs);
  };
  return { watch, pulse, told, requests, check };
}

const STACK = [{ name: "crunch", url: "file:///a.js", line: 3, column: 1 }];

describe("the delay of a loop", () => {
  it("is that of its latest beat, at most since it was asked for", () => {
    const { watch, pulse, check } = watching();
    check(0, 0);
    pulse.beat(26);
    check(30, 30);
    pulse.beat(63);
    check(64, 64);
    pulse.beat(89);
    check(90, 90);
    assert.deepEqual(watch.drainDelays(), [[7, 12]]);
    assert.deepEqual(watch.drainDelays(), [[7, 0]]);
  });

  it("grows while a beat is overdue, and is none of a thread that rested", () => {
    const { watch, pulse } = watching();
    watch.check(0);
    watch.check(75);
    assert.deepEqual(watch.drainDelays(), [[7, 50]]);
    pulse.change({ isResting: true });
    watch.check(1000);
    pulse.change({ isResting: false, awakeMs: 1990 });
    pulse.beat(2000);
    watch.check(2001);
    assert.deepEqual(watch.drainDelays(), [[7, 0]]);
  });

  it("is not known of one that has had no beat", () => {
    const { watch, pulse } = watching();
    pulse.reading = undefined;
    watch.check(0);
    assert.deepEqual(watch.drainDelays(), []);
  });
});

describe("the watch on a loop", () => {
  it("tells nothing of one that turns", () => {
    const { watch, pulse, requests, told } = watching();
    for (let nowMs = 20; nowMs < 2000; nowMs += 20) {
      if (nowMs % 40 === 0) pulse.beat(nowMs);
      watch.check(nowMs);
    }
    assert.deepEqual([watch.drain(), watch.finish(2000), requests, told], [[], [], [], []]);
  });

  it("finds it while it stands still, and asks for its stack once", async () => {
    const { watch, pulse, requests, told, check } = watching();
    check(0, 120);
    assert.equal(requests.length, 0);
    check(140, 300);
    assert.deepEqual(
      requests.map(({ thread }) => thread),
      [3],
    );
    requests[0]?.answer({ atMs: 150, frames: STACK });
    await setImmediate();
    assert.deepEqual(
      told.map(({ thread, beginMs, endMs, isOver, stack }) => [thread, beginMs, endMs, isOver, stack]),
      [[7, 25, 300, false, STACK]],
    );
    pulse.beat(310);
    check(320, 400);
    assert.deepEqual(watch.drain(), [
      { thread: 7, beginMs: 25, endMs: 310, isOver: true, cpuMs: undefined, coreWaitMs: undefined, stack: STACK },
    ]);
    assert.deepEqual(watch.drain(), []);
    assert.equal(told.length, 1);
  });

  it("tells it without a stack if that does not come soon, and waits for it all the same", async () => {
    const { watch, pulse, requests, told, check } = watching();
    check(0, 380);
    assert.equal(told.length, 0);
    check(400, 420);
    assert.deepEqual([told.length, told[0]?.stack], [1, undefined]);
    pulse.beat(500);
    check(440, 520);
    assert.deepEqual(watch.drain(), []); // its stack may still come
    requests[0]?.answer({ atMs: 499, frames: STACK });
    await setImmediate();
    assert.deepEqual(
      watch.drain().map(({ stack }) => stack),
      [STACK],
    );
    assert.equal(told.length, 1);
  });

  it("has no use for a stack taken after the end", async () => {
    const { watch, pulse, requests, check } = watching();
    check(0, 200);
    pulse.beat(205);
    check(220, 220);
    requests[0]?.answer({ atMs: 206, frames: STACK });
    await setImmediate();
    assert.deepEqual(
      watch.drain().map(({ stack }) => stack),
      [undefined],
    );
  });

  it("gives an answer up that does not come", async () => {
    const { watch, pulse, requests, check } = watching();
    check(0, 200);
    pulse.beat(205);
    check(220, 400);
    assert.equal(requests[0]?.isCancelled, false);
    check(440, 460);
    assert.equal(requests[0]?.isCancelled, true);
    await setImmediate();
    assert.equal(watch.drain().length, 1);
  });

  it("hears of a stall that began and ended between two looks", () => {
    const { watch, pulse, requests, told } = watching();
    watch.check(0);
    watch.check(120);
    pulse.beat(130);
    watch.check(140);
    assert.deepEqual(watch.drain(), [
      { thread: 7, beginMs: 25, endMs: 130, isOver: true, cpuMs: undefined, coreWaitMs: undefined, stack: undefined },
    ]);
    assert.equal(told.length, 1);
    assert.equal(requests.length, 0);
  });

  it("does not take rest for a stall, nor the time before it", () => {
    const { watch, pulse, check } = watching();
    pulse.change({ isResting: true });
    check(0, 1000);
    pulse.change({ isResting: false, awakeMs: 1000 });
    check(1020, 1080);
    pulse.beat(1090);
    check(1100, 1140);
    assert.deepEqual(watch.finish(1140), []);
  });

  it("sees the end of a stall in a rest", async () => {
    const { watch, pulse, requests, check } = watching();
    check(0, 200);
    requests[0]?.answer(undefined);
    await setImmediate();
    pulse.change({ isResting: true, lates: 1, late: { dueMs: 25, atMs: 210, cpuMs: undefined } });
    check(220, 400);
    assert.deepEqual(
      watch.drain().map(({ beginMs, endMs }) => [beginMs, endMs]),
      [[25, 210]],
    );
  });

  it("knows the CPU time of the thread meanwhile, from the sampler or the thread itself", async () => {
    let cpuMs = 500;
    const { watch, pulse, requests, check } = watching({
      usageOf: (tid) => (tid === 50 ? { cpuMs, coreWaitMs: cpuMs / 100 } : undefined),
    });
    check(0, 140);
    requests[0]?.answer(undefined);
    await setImmediate();
    cpuMs = 580;
    pulse.beat(160);
    check(160, 160);
    const [first] = watch.drain();
    assert.equal(first?.cpuMs, 80);
    assert.ok(Math.abs((first?.coreWaitMs ?? 0) - 0.8) < 1e-9);
    const { lates } = pulse.reading as PulseReading;
    pulse.change({ beats: 9, atMs: 400, lates: lates + 1, late: { dueMs: 200, atMs: 400, cpuMs: 3 } });
    check(180, 400);
    const [stall] = watch.drain();
    assert.equal(stall?.cpuMs, 3);
  });

  it("leaves alone what a debugger may hold, and tells at once", () => {
    const { requests, pulse, told, check } = watching();
    pulse.change({ isInspected: true });
    check(0, 140);
    assert.equal(requests.length, 0);
    assert.equal(told.length, 1);
  });

  it("takes no stacks if it is told so, or of a thread that can't be reached", () => {
    const without = watching({ takesStacks: false });
    without.check(0, 200);
    assert.equal(without.requests.length, 0);
    const unreachable = watching();
    unreachable.pulse.change({ platformThread: undefined });
    unreachable.check(0, 200);
    assert.deepEqual([unreachable.requests.length, unreachable.told.length], [0, 1]);
  });

  it("tells nothing of a time in which nothing ran, itself not either", () => {
    const { watch, pulse, requests } = watching({ usageOf: () => ({ cpuMs: 500, coreWaitMs: undefined }) });
    watch.check(0);
    watch.check(5000); // the process was stopped
    assert.equal(requests.length, 0);
    pulse.beat(5001);
    watch.check(5020);
    assert.deepEqual(watch.finish(5040), []);
  });

  it("finds stalls shorter than two of its looks are apart, although timers tick a little late", () => {
    const { watch, pulse, requests } = watching({ checkEveryMs: 20 });
    Object.assign(pulse, { limitMs: 30 });
    for (let nowMs = 0; nowMs < 300; nowMs += 20.3) watch.check(nowMs);
    assert.equal(requests.length, 1);
  });

  it("but tells of a loop that computed while the watch had no core", () => {
    let cpuMs = 500;
    const { watch, pulse } = watching({ usageOf: () => ({ cpuMs, coreWaitMs: undefined }) });
    watch.check(0);
    cpuMs = 5400;
    pulse.beat(5001);
    watch.check(5020);
    assert.deepEqual(
      watch.drain().map(({ beginMs, endMs, cpuMs: used }) => [beginMs, endMs, used]),
      [[25, 5001, 4900]],
    );
  });

  it("concludes nothing while the pulse is being written", () => {
    const { watch, pulse } = watching();
    watch.check(0);
    pulse.reading = undefined;
    watch.check(200);
    watch.check(400);
    assert.deepEqual(watch.finish(400), []);
  });

  it("of a thread that ends in a stall, tells it up to then", async () => {
    const { watch, requests, check } = watching();
    check(0, 200);
    watch.remove(7, 210);
    watch.remove(7, 211);
    requests[0]?.answer(undefined);
    await setImmediate();
    assert.deepEqual(
      watch.drain().map(({ endMs, isOver }) => [endMs, isOver]),
      [[210, true]],
    );
  });

  it("that ends tells what lasts, and asks no more", async () => {
    const { watch, requests, told, check } = watching();
    check(0, 200);
    assert.deepEqual(
      watch.finish(210).map(({ beginMs, endMs, isOver }) => [beginMs, endMs, isOver]),
      [[25, 210, false]],
    );
    assert.equal(requests[0]?.isCancelled, true);
    await setImmediate();
    assert.deepEqual(told, []);
    assert.deepEqual(watch.finish(220), []);
  });

  it("knows the kernel's numbers of its loops", () => {
    const { watch } = watching();
    assert.deepEqual([...watch.kernelThreads()], []);
    watch.check(0);
    assert.deepEqual([...watch.kernelThreads()], [[50, 7]]);
  });
});
