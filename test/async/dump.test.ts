import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { channel, type Executor, scope, type Scope, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";
import { record } from "skein/trace";

/** The dump that `look` takes when all has settled, under a virtual clock that has advanced by `ms`. */
async function dumpOf(setUp: (s: Scope) => unknown, ms = 0): Promise<string> {
  return withVirtualClock(async (clock) => {
    let text = "";
    const running = scope(
      async (s) => {
        await setUp(s);
        await clock.advance(ms);
        text = s.dump();
        s.cancel();
      },
      { name: "root" },
    );
    await running.catch(() => undefined);
    return text;
  });
}

describe("a dump", () => {
  it("tells the live tree: scopes, jobs, states, and what each waits for", async () => {
    const text = await dumpOf(async (s) => {
      const files = channel<string>({ capacity: 1, name: "files" });
      await files.send("full");
      s.spawn((inner) => files.send("one more", inner), [], { name: "walk" });
      s.spawn(
        (inner) => {
          inner.spawn((innermost) => sleep(1e6, innermost), [], { name: "leaf" });
          return sleep(1e6, inner);
        },
        [],
        { name: "group" },
      );
      void s.scope((inner) => sleep(1e6, inner), { name: "phase" }).catch(() => undefined);
      s.spawn(() => new Promise(() => undefined), [], { name: "deaf" });
    });
    assert.equal(
      text,
      [
        'scope "root" · open · for 0 ms',
        '├─ job "walk" · running',
        '│  └─ waits: send to channel "files" · for 0 ms',
        '├─ job "group" · running',
        "│  ├─ waits: sleep · for 0 ms",
        '│  └─ job "leaf" · running',
        "│     └─ waits: sleep · for 0 ms",
        '├─ job "deaf" · running',
        '└─ scope "phase" · open · for 0 ms',
        "   └─ waits: sleep · for 0 ms",
      ].join("\n"),
    );
  });

  it("tells a job that has not started, and no more of it", async () => {
    await scope(
      (s) => {
        s.spawn((_inner) => 1, [], { name: "new" });
        assert.match(s.dump(), /^scope "root" · open · for .*\n└─ job "new" · created$/);
      },
      { name: "root" },
    );
  });

  it("tells how long each wait has lasted, of those alike the longest", async () => {
    const text = await withVirtualClock(async (clock) => {
      let taken = "";
      const running = scope(
        async (s) => {
          s.spawn(() => sleep(1e6, s));
          await clock.advance(400);
          s.spawn(() => sleep(1e6, s));
          await clock.advance(100);
          taken = s.dump();
          s.cancel();
        },
        { name: "root" },
      );
      await running.catch(() => undefined);
      return taken;
    });
    assert.match(text, /waits: sleep \(2 times\) · the longest for 500 ms/);
  });

  it("tells where a job was spawned, if a recording ran then that notes it", async () => {
    const dumpNow = (): Promise<string> =>
      scope(async (s) => {
        let end = (): void => undefined;
        const ended = new Promise<void>((resolve) => (end = resolve));
        s.spawn(() => ended, [], { name: "leaf" });
        await settled();
        const text = s.dump();
        end();
        return text;
      });
    assert.doesNotMatch(await dumpNow(), /spawned at/);
    assert.doesNotMatch((await record(dumpNow)).result, /spawned at/);
    const { result } = await record(dumpNow, { notesSpawning: true });
    assert.match(result, /job "leaf" · running · spawned at .*dump\.test\.[jt]s:[0-9]+:[0-9]+$/m);
  });

  it("counts waits that are alike", async () => {
    const text = await dumpOf((s) => {
      for (let i = 0; i < 3; i++) void sleep(1e6, s).catch(() => undefined);
    });
    assert.equal(text, 'scope "root" · open · for 0 ms\n└─ waits: sleep (3 times) · the longest for 0 ms');
  });

  it("tells how long a scope has been open, its deadline, its shield and its cancellation", async () => {
    const text = await dumpOf(async (s) => {
      s.deadlineMs = 60_000;
      void s.shield((inner) => sleep(1e6, inner)).catch(() => undefined);
      void s
        .scope(
          (inner) => {
            inner.cancel("no more");
            return sleep(1e6);
          },
          { name: "ending" },
        )
        .catch(() => undefined);
      await settled();
    }, 1500);
    assert.equal(
      text,
      [
        'scope "root" · open · for 1.5 s · deadline in 58.5 s',
        '├─ scope "shield in root" · open · for 1.5 s · shielded',
        "│  └─ waits: sleep · for 1.5 s",
        '└─ scope "ending" · open · for 1.5 s · cancelled: scope "ending" was cancelled: no more',
      ].join("\n"),
    );
  });

  it("says no time of a deadline that has passed and was not noticed yet", async () => {
    const text = await withVirtualClock(() =>
      scope(
        (s) => {
          s.deadlineMs = -1;
          return s.dump();
        },
        { name: "root" },
      ),
    );
    assert.equal(text, 'scope "root" · open · for 0 ms · deadline in no time');
  });

  it("tells jobs that run or wait elsewhere", async () => {
    const runs: (() => void)[] = [];
    const on: Executor = {
      name: "elsewhere",
      run: (_task, _args, options) => new Promise(() => runs.push(options.onStart)),
    };
    const text = await withVirtualClock(async () => {
      let seen = "";
      await scope(
        async (s) => {
          s.spawn(() => 1, [], { on, name: "first" });
          s.spawn(() => 1, [], { on, name: "second" });
          await settled();
          runs[0]?.();
          seen = s.dump();
          s.cancel();
        },
        { name: "root", graceMs: 1 },
      ).catch(() => undefined);
      return seen;
    });
    assert.equal(
      text,
      'scope "root" · open · for 0 ms\n├─ job "first" · running · on another thread\n└─ job "second" · queued · on another thread',
    );
  });

  it("tells what the cleanups of a scope wait for", () =>
    withVirtualClock(async () => {
      let text = "";
      await scope(
        (s) => {
          s.defer(async (inner) => {
            const sleeping = sleep(10, inner);
            text = s.dump();
            await sleeping;
          });
        },
        { name: "root" },
      );
      assert.equal(
        text,
        'scope "root" · cleaning · for 0 ms\n└─ scope "cleanup of root" · open · for 0 ms · shielded\n   └─ waits: sleep · for 0 ms',
      );
    }));

  it("of a scope that has ended says so", async () => {
    const [ended] = await scope((s) => [s], { name: "root" });
    assert.match(ended?.dump() ?? "", /^scope "root" · closed · for /);
  });
});
