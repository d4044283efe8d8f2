import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";

import { CancelledError, channel, type Job, type Scope, scope, sleep } from "skein";
import { settled } from "skein/testing";

import { ENDINGS, outcomeOf } from "../support/endings.js";
import { codeOf, failureOf } from "../support/failure.js";
import { timed } from "../support/timed.js";

describe("a scope settles after all that it owns", () => {
  for (const { name, options, body, outcome } of ENDINGS) {
    it(
      `every job, those of jobs and late ones included, on ${name} (law 1)`,
      timed(async () => {
        let alive = 0;
        let started = 0;
        const live = async (work: () => Promise<unknown>): Promise<void> => {
          alive++;
          started++;
          try {
            await work();
          } finally {
            await sleep(20); // its own cleanup
            alive--;
          }
        };
        const running = scope(async (s) => {
          s.spawn((inner) =>
            live(async () => {
              inner.spawn((innermost) => live(() => sleep(100, innermost)));
              await inner.scope((deep) => live(() => sleep(100, deep)));
            }),
          );
          s.spawn(async () => {
            try {
              await live(() => sleep(100, s));
            } finally {
              // Spawned while the scope comes to its end.
              s.spawn(() => live(() => sleep(5)));
            }
          });
          s.defer(() => live(() => sleep(5)));
          await settled();
          return body(s);
        }, options);
        assert.equal(await outcomeOf(running), outcome);
        assert.equal(alive, 0);
        // A job spawned into a cancelled scope does not run, all others did.
        assert.equal(started, outcome === "result" ? 6 : 5);
      }),
    );
  }

  it(
    "a scope opened inside it that nobody awaits (law 1)",
    timed(async () => {
      let isOver = false;
      await scope((s) => {
        void s.scope(async () => {
          await sleep(10);
          isOver = true;
        });
      });
      assert.ok(isOver);
    }),
  );

  it(
    "what starts when the last job has just ended",
    timed(async () => {
      const seen: string[] = [];
      await scope((s) => {
        const first = s.spawn(() => seen.push("first"));
        void first.then(() => undefined);
        s.spawn(async () => {
          await first;
          s.spawn(() => seen.push("second"));
        });
      });
      assert.deepEqual(seen, ["first", "second"]);
    }),
  );
});

describe("spawning", () => {
  for (const { name, options, body } of ENDINGS) {
    it(
      `into a scope that has ended is refused and starts nothing, after ${name} (law 2)`,
      timed(async () => {
        let closed: Scope | undefined;
        await outcomeOf(
          scope((s) => {
            closed = s;
            return body(s);
          }, options),
        );
        const s = closed as Scope;
        const never = () => assert.fail("it ran");
        assert.throws(() => s.spawn(never), { code: "SKEIN_SCOPE_CLOSED" });
        assert.throws(() => s.defer(never), { code: "SKEIN_SCOPE_CLOSED" });
        assert.equal(await codeOf(() => s.scope(never)), s.isCancelled ? "SKEIN_CANCELLED" : "SKEIN_SCOPE_CLOSED");
        assert.equal(await codeOf(() => s.shield(never)), "SKEIN_SCOPE_CLOSED");
        await settled();
      }),
    );
  }

  it("into a scope that runs its cleanups is refused (law 2)", async () => {
    const codes: string[] = [];
    await scope((s) => {
      s.defer(async (inner) => {
        for (const call of [() => s.spawn(() => 1), () => s.defer(() => 1), () => s.scope(() => 1)])
          codes.push(await codeOf(call));
        assert.equal(await inner.spawn(() => 1), 1);
      });
    });
    assert.deepEqual(codes, ["SKEIN_SCOPE_CLOSED", "SKEIN_SCOPE_CLOSED", "SKEIN_SCOPE_CLOSED"]);
  });

  it("into a cancelled scope that is open gives a job that ends cancelled without running (law 2)", async () => {
    await scope(async (s) => {
      s.cancel("enough");
      const job = s.spawn(() => assert.fail("it ran"));
      const withScope = s.spawn((_inner) => assert.fail("it ran"));
      assert.equal(job.state, "created");
      await settled();
      assert.deepEqual([job.state, withScope.state], ["cancelled", "cancelled"]);
      assert.ok((await failureOf(job)) instanceof CancelledError);
    });
  });

  it("starts jobs at the next microtask, in order", async () => {
    const seen: string[] = [];
    await scope(async (s) => {
      for (const name of ["a", "b", "c"]) s.spawn(() => seen.push(name));
      seen.push("body");
      await Promise.resolve();
      assert.deepEqual(seen, ["body", "a", "b", "c"]);
    });
  });

  it("passes arguments, or else a scope to a function that declares a parameter", async () => {
    await scope(async (s) => {
      assert.equal(await s.spawn((a: number, b: string) => `${a}${b}`, [1, "x"]), "1x");
      assert.equal(await s.spawn((...all: unknown[]) => all.length, []), 0);
      const own = await s.spawn((inner) => [inner.name, inner === s], [], { name: "mine" });
      assert.deepEqual(own, ["mine", false]);
      assert.equal(await s.spawn((first: number[]) => first.length, [[1, 2]]), 2);
    });
  });

  it("names a job by its option, or its function, or as a job", async () => {
    await scope((s) => {
      assert.equal(s.spawn(() => 1, [], { name: "given" }).name, "given");
      assert.equal(s.spawn(function walk() {}).name, "walk");
      assert.equal(
        s.spawn(
          (
            () => () =>
              1
          )(),
        ).name,
        "job",
      );
    });
  });

  it("captures the async context at the call, for jobs, bodies and cleanups (law 37)", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await scope(async (s) => {
      storage.run("spawn", () => s.spawn(() => seen.push(storage.getStore())));
      storage.run("own scope", () => s.spawn((_inner) => seen.push(storage.getStore())));
      storage.run("inner", () => void s.scope(() => seen.push(storage.getStore())));
      storage.run("defer", () => s.defer(() => seen.push(storage.getStore())));
      // The job that ends last, in whose context the cleanups would else run.
      storage.run("last", () =>
        s.spawn(async () => {
          await settled();
        }),
      );
    });
    assert.deepEqual(seen, ["inner", "spawn", "own scope", "defer"]);
  });

  it(
    "captures the async context of a wait, whoever ends it (law 37)",
    timed(async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      await scope(async (s) => {
        const words = channel<string>(0, s);
        storage.run("receiver", () =>
          s.spawn(async () => {
            await words.receive();
            seen.push(storage.getStore());
            await sleep(5, s);
            seen.push(storage.getStore());
          }),
        );
        await settled();
        await storage.run("sender", () => words.send("x"));
      });
      assert.deepEqual(seen, ["receiver", "receiver"]);
    }),
  );
});

describe("a failure", () => {
  it(
    "of one job cancels the others and the body, and is what the scope throws (law 3)",
    timed(async (clock) => {
      const error = new RangeError("first");
      const seen: string[] = [];
      const wait = async (s: Scope, name: string): Promise<void> => {
        try {
          await sleep(1000, s);
        } catch (cancelled) {
          seen.push(name);
          assert.equal((cancelled as CancelledError).reason, error);
          throw cancelled;
        }
      };
      const thrown = await failureOf(
        scope(async (s) => {
          s.spawn((inner) => wait(inner, "sibling"));
          s.spawn(async () => {
            await sleep(10);
            throw error;
          });
          await wait(s, "body");
        }),
      );
      assert.equal(thrown, error);
      assert.deepEqual(seen.toSorted(), ["body", "sibling"]);
      assert.equal(clock.nowMs, 10);
    }),
  );

  it(
    "is told with all others, in order of spawning, the body's first, and no cancellation among them (law 3)",
    timed(async () => {
      const fail = async (s: Scope, name: string, afterMs: number): Promise<void> => {
        try {
          await sleep(afterMs, s);
        } catch {
          // A failure while it cleans up after the cancellation.
          throw new Error(name);
        }
        throw new Error(name);
      };
      const thrown = await failureOf(
        scope(async (s) => {
          s.spawn((inner) => fail(inner, "a", 30));
          s.spawn((inner) => sleep(1000, inner));
          s.spawn((inner) => fail(inner, "b", 10));
          await fail(s, "body", 1000);
        }),
      );
      assert.ok(thrown instanceof AggregateError);
      assert.deepEqual(
        thrown.errors.map(({ message }: Error) => message),
        ["body", "a", "b"],
      );
    }),
  );

  it("that nobody awaits reaches the owner, also after the body gave its result (law 4)", async () => {
    const error = new Error("unheard");
    const thrown = await failureOf(
      scope((s) => {
        s.spawn(async () => {
          await settled();
          throw error;
        });
        return "result";
      }),
    );
    assert.equal(thrown, error);
  });

  it("reaches the owner although the body swallowed it (law 4)", async () => {
    const error = new Error("swallowed");
    const thrown = await failureOf(
      scope(async (s) => {
        assert.equal(await failureOf(s.spawn(() => Promise.reject(error))), error);
        return "result";
      }),
    );
    assert.equal(thrown, error);
  });

  it("of a kind that is no Error reaches the owner as it is (law 4)", async () => {
    for (const thrown of [undefined, null, 0, "text"]) {
      assert.equal(await failureOf(scope((s) => void s.spawn(() => Promise.reject(thrown)))), thrown);
    }
  });

  it("that the body passes on is told once", async () => {
    const error = new Error("once");
    const thrown = await failureOf(scope(async (s) => s.spawn(() => Promise.reject(error))));
    assert.equal(thrown, error);
  });

  it("that the body wraps is told once, inside the wrapper", async () => {
    const error = new Error("cause");
    const inCause = await failureOf(
      scope(async (s) => {
        const caught = await failureOf(s.spawn(() => Promise.reject(error)));
        throw new Error("wrapper", { cause: caught });
      }),
    );
    assert.equal((inCause as Error).message, "wrapper");
    const other = new Error("other");
    const inAggregate = await failureOf(
      scope(async (s) => Promise.any([s.spawn(() => Promise.reject(error)), s.spawn(() => Promise.reject(other))])),
    );
    assert.ok(inAggregate instanceof AggregateError);
    assert.deepEqual(inAggregate.errors, [error, other]);
  });

  it("whose properties can't be read is told all the same", async () => {
    const hostile = new Proxy(new Error("hostile"), {
      get: () => {
        throw new Error("no");
      },
      getPrototypeOf: () => {
        throw new Error("no");
      },
    });
    const thrown = await failureOf(
      scope(async (s) => {
        s.spawn(() => Promise.reject(hostile));
        s.spawn(() => Promise.reject(new Error("plain")));
        await sleep(1000, s);
      }),
    );
    assert.ok(thrown instanceof AggregateError);
    assert.equal(thrown.errors[0], hostile);
  });

  it("that another one is the cause of, and the other way round, is still told", async () => {
    const one = new Error("one");
    const other = new Error("other", { cause: one });
    one.cause = other;
    const thrown = await failureOf(
      scope((s) => {
        s.spawn(() => Promise.reject(one));
        s.spawn(() => Promise.reject(other));
      }),
    );
    assert.ok(thrown === one || thrown === other);
  });

  it("of a scope inside ends the scope around it as that very error", async () => {
    const error = new Error("deep");
    const thrown = await failureOf(
      scope((s) => s.scope((t) => void t.spawn((u) => u.scope(() => Promise.reject(error))))),
    );
    assert.equal(thrown, error);
  });

  it(
    "of waits in an aggregate that holds nothing but cancellations is a cancellation (law 3)",
    timed(async () => {
      const error = new Error("real");
      const thrown = await failureOf(
        scope(async (s) => {
          s.spawn(() => Promise.reject(error));
          await Promise.any([sleep(10, s), sleep(20, s)]);
        }),
      );
      assert.equal(thrown, error);
    }),
  );
});

describe("a supervised scope", () => {
  it(
    "leaves siblings and body running, and throws the failures at its end (law 5)",
    timed(async () => {
      const error = new Error("child");
      let siblings = 0;
      const thrown = await failureOf(
        scope(
          async (s) => {
            s.spawn(() => Promise.reject(error));
            s.spawn(async (inner) => {
              await sleep(10, inner);
              siblings++;
            });
            await sleep(20, s);
            assert.equal(s.isCancelled, false);
            siblings++;
          },
          { supervise: true },
        ),
      );
      assert.equal(thrown, error);
      assert.equal(siblings, 2);
    }),
  );

  it("leaves a failure to whoever awaited it (law 5)", async () => {
    const error = new Error("child");
    const result = await scope(
      async (s) => {
        assert.equal(await failureOf(s.spawn(() => Promise.reject(error))), error);
        return "result";
      },
      { supervise: true },
    );
    assert.equal(result, "result");
  });

  it("gives its function each failure once, with the job, awaited or not (law 5)", async () => {
    const seen: [unknown, string][] = [];
    const result = await scope(
      async (s) => {
        const awaited = s.spawn(() => Promise.reject("one"), [], { name: "awaited" });
        s.spawn(() => Promise.reject("two"), [], { name: "left alone" });
        await failureOf(awaited);
        return "result";
      },
      { supervise: (error: unknown, job: Job<unknown>) => void seen.push([error, job.name]) },
    );
    assert.equal(result, "result");
    assert.deepEqual(seen, [
      ["one", "awaited"],
      ["two", "left alone"],
    ]);
  });

  it(
    "fails with what its function throws, and ends then (law 5)",
    timed(async (clock) => {
      const worse = new Error("worse");
      const supervise = () => {
        throw worse;
      };
      const thrown = await failureOf(
        scope(
          async (s) => {
            s.spawn(() => Promise.reject(new Error("child")));
            await sleep(1000, s);
          },
          { supervise },
        ),
      );
      assert.equal(thrown, worse);
      assert.equal(clock.nowMs, 0);
    }),
  );

  it(
    "is ended by its body's failure and by its cancellation like any other (law 5)",
    timed(async () => {
      const error = new Error("body");
      const states: string[] = [];
      for (const end of [() => Promise.reject(error), (s: Scope) => s.cancel() && sleep(1, s)]) {
        let job: Job<void> | undefined;
        await failureOf(
          scope(
            async (s) => {
              job = s.spawn((inner) => sleep(1000, inner));
              await settled();
              await end(s);
            },
            { supervise: true },
          ),
        );
        states.push(job?.state ?? "");
      }
      assert.deepEqual(states, ["cancelled", "cancelled"]);
    }),
  );

  it("supervises its own jobs, not those of scopes inside it", async () => {
    const error = new Error("grandchild");
    const seen: unknown[] = [];
    await scope((s) => void s.spawn((inner) => void inner.spawn(() => Promise.reject(error))), {
      supervise: (failure) => void seen.push(failure),
    });
    assert.deepEqual(seen, [error]);
  });
});

describe("options of a scope", () => {
  it("that are wrong leave nothing behind on the scope around it (law 40)", async () => {
    await scope(async (s) => {
      for (const options of [{ timeoutMs: -1 }, { graceMs: Number.NaN }, { deadlineMs: Number.NaN }]) {
        assert.equal(await codeOf(() => s.scope(() => 1, options)), "SKEIN_INVALID_ARGUMENT");
      }
      const tree = s as unknown as { listeners(): unknown[]; innerScopes: Set<unknown> };
      assert.equal(tree.listeners().length, 0);
      assert.equal(tree.innerScopes.size, 0);
    });
  });
});
