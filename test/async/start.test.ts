import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, channel, scope } from "skein";

describe("start", () => {
  it("goes on only after the job said it is ready, with the value it gave; the job then lives in the scope (law 6)", async () => {
    const order: string[] = [];
    await scope(async (s) => {
      const stop = channel<true>(0, s);
      const port = await s.start<number>(async (_, ready) => {
        order.push("opening");
        await Promise.resolve();
        ready(8080);
        order.push("ready");
        await stop.receive();
        order.push("stopped");
      });
      order.push(`parent has ${port}`);
      await stop.send(true);
    });
    assert.deepEqual(order, ["opening", "ready", "parent has 8080", "stopped"]);
  });

  it("throws what the job throws before it is ready, and leaves the scope alone (law 6)", async () => {
    const result = await scope(async (s) => {
      await assert.rejects(
        s.start(() => {
          throw new Error("port in use");
        }),
        { message: "port in use" },
      );
      s.checkpoint();
      return "went on";
    });
    assert.equal(result, "went on");
  });

  it("throws what a job inside the starting job throws before it is ready", async () => {
    await scope(async (s) => {
      const starting = s.start(async (inner) => {
        inner.spawn(() => {
          throw new Error("inner");
        });
        await channel<never>(0, inner).receive();
      });
      await assert.rejects(starting, { message: "inner" });
    });
  });

  it("lets a failure after that fail the scope, as any job's", async () => {
    await assert.rejects(
      scope(async (s) => {
        await s.start(async (_, ready) => {
          ready(undefined);
          throw new Error("later");
        });
        await channel<never>(0, s).receive();
      }),
      { message: "later" },
    );
  });

  it("ends cancelled, with the job, if the scope is cancelled meanwhile", async () => {
    let wasCleaned = false;
    const error = await scope(async (s) => {
      const starting = s.start(async (inner) => {
        inner.defer(() => {
          wasCleaned = true;
        });
        await channel<never>(0, inner).receive();
      });
      await new Promise((resolve) => setImmediate(resolve));
      s.cancel("enough");
      await starting;
    }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CancelledError);
    assert.equal(wasCleaned, true);
  });

  it("refuses a job that ends without saying so, and one that says so twice", async () => {
    await scope(async (s) => {
      await assert.rejects(
        s.start(() => undefined, { name: "forgetful" }),
        { code: "SKEIN_INVALID_ARGUMENT", message: /"forgetful" ended without/ },
      );
    });
    await assert.rejects(
      scope((s) =>
        s.start<number>((_, ready) => {
          ready(1);
          ready(2);
        }),
      ),
      { message: /said twice/ },
    );
  });
});
