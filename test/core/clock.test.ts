import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";

import { Alarm } from "#skein/core/alarm-queue";
import type * as clock from "#skein/core/clock";

import { loadCopy } from "../support/copy.js";

type ClockModule = typeof clock;

let copies = 0;

/** A clock of its own, on a host whose timers ring when told, and as early as a host's may. */
async function withHost(test: (host: FakeHost, own: ClockModule) => void): Promise<void> {
  const own = await loadCopy<ClockModule>("core/clock", `host-${copies++}`);
  const host = new FakeHost();
  const mocks = [
    mock.method(performance, "now", () => host.now),
    mock.method(globalThis, "setTimeout", host.setTimeout),
    mock.method(globalThis, "clearTimeout", host.clearTimeout),
  ];
  try {
    test(host, own);
  } finally {
    for (const one of mocks) one.mock.restore();
  }
}

class FakeHost {
  now = 1000.75;
  readonly timers = new Map<number, { readonly ring: () => void; readonly delay: number }>();
  #last = 0;

  readonly setTimeout = ((ring: () => void, delay: number) => {
    this.timers.set(++this.#last, { ring, delay });
    return this.#last;
  }) as unknown as typeof setTimeout;

  readonly clearTimeout = ((timer: number) => this.timers.delete(timer)) as unknown as typeof clearTimeout;

  /** Moves time on and rings the timers set so far. */
  ringAt(now: number): void {
    this.now = now;
    const due = [...this.timers.values()];
    this.timers.clear();
    for (const { ring } of due) ring();
  }

  get delays(): number[] {
    return [...this.timers.values()].map(({ delay }) => delay);
  }
}

describe("an alarm", () => {
  it("rings once, after its delay", () =>
    withHost((host, { setAlarm }) => {
      let rang = 0;
      setAlarm(() => rang++, 5);
      assert.equal(rang, 0);
      host.ringAt(1005.75);
      assert.equal(rang, 1);
      assert.equal(host.timers.size, 0);
    }));

  it("never rings early, though the host counts in whole milliseconds", () =>
    withHost((host, { setAlarm }) => {
      let rang = 0;
      setAlarm(() => rang++, 5);
      // The host took the moment of setting to be 1000, so it is due at 1005.
      host.ringAt(1005.1);
      assert.equal(rang, 0);
      host.ringAt(1006.1);
      assert.equal(rang, 1);
    }));

  it("longer than the host's longest timer does not ring at once (law 19)", () =>
    withHost((host, { setAlarm }) => {
      const longest = 2 ** 31 - 1;
      let rang = 0;
      setAlarm(() => rang++, longest + 10);
      assert.deepEqual(host.delays, [longest]);
      host.ringAt(1000.75 + longest);
      assert.equal(rang, 0);
      assert.deepEqual(host.delays, [10]);
      host.ringAt(1000.75 + longest + 10);
      assert.equal(rang, 1);
    }));

  it("that was called off does not ring, and leaves no timer (law 40)", () =>
    withHost((host, { setAlarm }) => {
      const stop = setAlarm(() => assert.fail("it rang"), 2 ** 40);
      host.ringAt(1000.75 + 2 ** 31);
      stop();
      assert.equal(host.timers.size, 0);
      stop();
    }));

  it("is never set for a negative delay, and never rings inside the call", () =>
    withHost((host, { setAlarm }) => {
      let rang = 0;
      setAlarm(() => rang++, -5);
      assert.equal(rang, 0);
      assert.deepEqual(host.delays, [0]);
    }));
});

describe("alarms together", () => {
  it("share one timer of the host, set for the first of them", () =>
    withHost((host, { setAlarm }) => {
      for (const delay of [30, 10, 20]) setAlarm(() => undefined, delay);
      assert.deepEqual([...host.timers.keys()], [2], "the third alarm left the timer alone");
      assert.deepEqual(host.delays, [10]);
      host.ringAt(1010.75);
      assert.deepEqual(host.delays, [10]);
      host.ringAt(1020.75);
      host.ringAt(1030.75);
      assert.equal(host.timers.size, 0);
    }));

  it("ring in order of the moments they are due, then of setting, however late (law 20)", () =>
    withHost((host, { setAlarm }) => {
      const rang: string[] = [];
      setAlarm(() => rang.push("20 a"), 20);
      setAlarm(() => rang.push("10 a"), 10);
      setAlarm(() => rang.push("20 b"), 20);
      host.now += 5;
      setAlarm(() => rang.push("5 later 5"), 5);
      setAlarm(() => rang.push("5 later 15"), 15);
      host.ringAt(2000);
      assert.deepEqual(rang, ["10 a", "5 later 5", "20 a", "20 b", "5 later 15"]);
      assert.equal(host.timers.size, 0);
    }));

  it("lose none when one of them throws, and that is reported as uncaught", () =>
    withHost((host, { setAlarm }) => {
      const jobs: (() => void)[] = [];
      const mocked = mock.method(globalThis, "queueMicrotask", (job: () => void) => void jobs.push(job));
      try {
        const rang: number[] = [];
        for (let i = 0; i < 3; i++) {
          setAlarm(() => {
            rang.push(i);
            if (i === 1) throw new Error("a ring failed");
          }, 1);
        }
        host.ringAt(1010);
        assert.deepEqual(rang, [0, 1, 2]);
        assert.equal(jobs.length, 1);
        assert.throws(() => jobs[0]?.(), /a ring failed/);
      } finally {
        mocked.mock.restore();
      }
    }));

  it("that one of them sets, even for no time, ring in a later turn", () =>
    withHost((host, { setAlarm }) => {
      let rang = 0;
      const again = (): void => {
        rang++;
        setAlarm(again, 0);
      };
      setAlarm(again, 0);
      for (let turn = 1; turn <= 3; turn++) {
        host.ringAt(host.now);
        assert.equal(rang, turn);
        assert.deepEqual(host.delays, [0]);
      }
      host.timers.clear();
    }));

  it("give I/O a turn when ringing takes more than 10 ms, and the rest ring after it (law 36)", () =>
    withHost((host, { setAlarm }) => {
      const rang: number[] = [];
      for (let i = 0; i < 100; i++) {
        setAlarm(() => {
          rang.push(i);
          host.now++;
        }, 1);
      }
      host.ringAt(1010);
      assert.ok(rang.length > 0 && rang.length < 100);
      assert.deepEqual(host.delays, [0]);
      for (let turn = 0; turn < 100 && host.timers.size > 0; turn++) host.ringAt(host.now);
      assert.deepEqual(
        rang,
        Array.from({ length: 100 }, (_, i) => i),
      );
    }));

  it("ring in one turn if that is quick, with promise jobs between some of them", () =>
    withHost((host, { setAlarm }) => {
      const jobs: (() => void)[] = [];
      const mocked = mock.method(globalThis, "queueMicrotask", (job: () => void) => void jobs.push(job));
      try {
        let rang = 0;
        for (let i = 0; i < 1000; i++) setAlarm(() => rang++, 1);
        host.ringAt(1010);
        assert.ok(rang > 0 && rang < 1000);
        for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) job();
        assert.equal(rang, 1000);
        assert.equal(host.timers.size, 0);
      } finally {
        mocked.mock.restore();
      }
    }));

  it("of which the first was called off ring at their own time, and the last leaves no timer (law 40)", () =>
    withHost((host, { setAlarm }) => {
      const rang: string[] = [];
      const stopFirst = setAlarm(() => rang.push("first"), 5);
      const stopSecond = setAlarm(() => rang.push("second"), 10);
      setAlarm(() => rang.push("third"), 15);
      stopFirst();
      host.ringAt(1005.75);
      assert.deepEqual(rang, []);
      stopSecond();
      host.ringAt(1010.75);
      assert.deepEqual(rang, []);
      assert.deepEqual(host.delays, [5]);
      host.ringAt(1015.75);
      assert.deepEqual(rang, ["third"]);
    }));

  it("one of which calls off another that is due too: it does not ring", () =>
    withHost((host, { setAlarm }) => {
      let stop = (): void => undefined;
      setAlarm(() => stop(), 5);
      stop = setAlarm(() => assert.fail("it rang"), 5);
      host.ringAt(2000);
      assert.equal(host.timers.size, 0);
    }));
});

class CountingAlarm extends Alarm {
  rang = 0;
  override ring(): void {
    this.rang++;
  }
}

describe("an alarm that is an object", () => {
  it("rings, can be called off, and can be set again", () =>
    withHost((host, { startAlarm, stopAlarm }) => {
      const alarm = new CountingAlarm();
      startAlarm(alarm, 5);
      stopAlarm(alarm);
      stopAlarm(alarm);
      assert.equal(host.timers.size, 0);
      startAlarm(alarm, 5);
      host.ringAt(1010);
      assert.equal(alarm.rang, 1);
      startAlarm(alarm, 5);
      host.ringAt(1020);
      assert.equal(alarm.rang, 2);
    }));

  it("stays with the clock that set it, which another one's alarms do not confuse", () =>
    withHost((host, { startAlarm, stopAlarm, useClock }) => {
      const set = new Map<number, () => void>();
      let last = 0;
      const mine: clock.Clock = {
        nowMs: () => 0,
        setAlarm: (ring) => {
          const key = ++last;
          set.set(key, ring);
          return () => set.delete(key);
        },
      };
      const before = useClock(mine);
      const alarm = new CountingAlarm();
      startAlarm(alarm, 5);
      useClock(before);
      stopAlarm(alarm);
      assert.equal(set.size, 0);

      useClock(mine);
      startAlarm(alarm, 5);
      useClock(before);
      set.get(2)?.();
      assert.equal(alarm.rang, 1);
      startAlarm(alarm, 5);
      assert.equal(host.timers.size, 1);
      stopAlarm(alarm);
      assert.equal(host.timers.size, 0, "it was called off on the clock that had rung it before");
    }));
});

describe("a clock that a test puts in place of the host's, with its timers", () => {
  const replaced = (host: FakeHost): (() => void) => {
    const before = Object.getOwnPropertyDescriptors(globalThis);
    const names = ["setTimeout", "clearTimeout", "performance"] as const;
    const now = { now: () => host.now };
    const fakes = { setTimeout: host.setTimeout, clearTimeout: host.clearTimeout, performance: now };
    for (const name of names)
      Object.defineProperty(globalThis, name, { value: fakes[name], configurable: true, writable: true });
    return () => {
      for (const name of names) Object.defineProperty(globalThis, name, before[name]);
    };
  };

  it("is read as long as it is there", async () => {
    const own = await loadCopy<ClockModule>("core/clock", `host-${copies++}`);
    const host = new FakeHost();
    const restore = replaced(host);
    let rang = 0;
    try {
      assert.equal(own.nowMs(), host.now);
      own.setAlarm(() => rang++, 5);
      host.ringAt(1006);
    } finally {
      restore();
    }
    assert.equal(rang, 1);
    assert.ok(Math.abs(own.nowMs() - performance.now()) < 1000);
  });

  it("is not kept by what was loaded meanwhile", async () => {
    const host = new FakeHost();
    const restore = replaced(host);
    let own: ClockModule;
    try {
      own = await loadCopy<ClockModule>("core/clock", `host-${copies++}`);
    } finally {
      restore();
    }
    const beganMs = performance.now();
    assert.ok(own.nowMs() >= beganMs);
    host.now = -1;
    assert.ok(own.nowMs() >= beganMs);
  });
});

describe("the clock in use", () => {
  it("can be replaced, and alarms stay with the clock that set them", () =>
    withHost((host, { nowMs, setAlarm, useClock }) => {
      setAlarm(() => undefined, 5);
      const set: number[] = [];
      const mine: clock.Clock = {
        nowMs: () => 42,
        setAlarm: (_ring, delayMs) => {
          set.push(delayMs);
          return () => set.push(-delayMs);
        },
      };
      const before = useClock(mine);
      assert.equal(nowMs(), 42);
      setAlarm(() => undefined, 7)();
      assert.deepEqual(set, [7, -7]);
      assert.equal(host.timers.size, 1);
      assert.equal(useClock(before), mine);
      assert.equal(nowMs(), 1000.75);
    }));
});
