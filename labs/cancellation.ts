/** A tree of jobs, some waiting, some computing on threads, is cancelled at its root. */
import { scopedTask, type Scope, sleep, threads } from "skein";
import { Latch } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const BRANCHES = ["a", "b", "c"];

/** Computes without end; only a checkpoint can end it. */
export const compute = scopedTask(function compute(s, begun: Latch): void {
  for (let i = 0; ; i++) {
    if (i === 1000) begun.countDown();
    s.checkpoint(); // throws once the job is cancelled
  }
});

export async function measure(s: Scope, phase: Phase) {
  const on = threads({ size: BRANCHES.length, name: "computer" });
  await on.ready(compute);
  const begun = new Latch({ count: BRANCHES.length });
  const lanes: Lane[] = [];
  let [started, ended, cleaned, cancelledMs, overMs] = [0, 0, 0, 0, 0];

  /** Notes when a job lives. */
  const living = async (name: string, body: () => PromiseLike<unknown>): Promise<void> => {
    const lane: Lane = { name, runs: [] };
    lanes.push(lane);
    const begin = performance.now();
    started++;
    try {
      await body();
    } finally {
      lane.runs.push([begin, performance.now()]);
      ended++;
    }
  };

  await phase("tree", async () => {
    await s.scope(async (root) => {
      const branch = (name: string) =>
        root.scope(async (inner) => {
          inner.defer(() => cleaned++); // done however it ends
          inner.spawn(() => living(`${name} waits`, () => sleep(Infinity, inner)));
          inner.spawn(() => living(`${name} computes`, () => inner.spawn(compute, [begun], { on })));
        });
      for (const name of BRANCHES) root.spawn(() => living(name, () => branch(name)));
      await begun.wait(root);
      await sleep(60, root);
      cancelledMs = performance.now();
      root.cancel(new Error("that is enough"));
    }); // goes on when the last of them has ended
    overMs = performance.now();
  });
  const numbers = { started, ended, left: started - ended, branches: BRANCHES.length, cleaned };
  return {
    numbers: { ...numbers, endingMs: overMs - cancelledMs, lost: on.statistics().lost },
    lanes: { tree: lanes },
  };
}
