/** Two threads take two locks in opposite order, each waiting for the other's: a deadlock, made and found. */
import { DeadlockError, type Scope, sleep, task, threads } from "skein";
import { Barrier, findDeadlocks, Mutex } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

/** Takes the first lock, then the second, if it can get both; and tells how long it waited for the second. */
export const takeBoth = task(function takeBoth(first: Mutex, second: Mutex, step: Barrier | undefined) {
  let begin = 0;
  const outcome = (gotBoth: boolean, end = performance.now()) => ({ gotBoth, wait: [begin, end] as [number, number] });
  try {
    return first.withLockSync(() => {
      step?.waitSync(); // each has its first lock now
      begin = performance.now();
      return second.withLockSync(() => outcome(true));
    });
  } catch (error) {
    if (error instanceof DeadlockError) return outcome(false);
    throw error;
  }
});

export async function measure(s: Scope, phase: Phase) {
  const on = threads({ size: 2, name: "philosopher" });
  await on.ready(takeBoth);
  const [fork, knife] = [new Mutex({ name: "fork" }), new Mutex({ name: "knife" })];
  const step = new Barrier({ parties: 2 });
  let circle = 0; // threads in it, as seen from outside

  const outcomes = await phase("opposite order", async () => {
    const jobs = Promise.all([
      s.spawn(takeBoth, [fork, knife, step], { on }),
      s.spawn(takeBoth, [knife, fork, step], { on }),
    ]);
    let isOver = false;
    void jobs.finally(() => (isOver = true)).catch(() => undefined);
    while (!isOver && circle === 0) {
      circle = findDeadlocks()[0]?.steps.length ?? 0;
      await sleep(5, s);
    }
    return jobs;
  });
  const sameOrder = await phase("same order", () =>
    Promise.all([0, 1].map(() => s.spawn(takeBoth, [fork, knife, undefined], { on }))),
  );
  const numbers = {
    circle,
    refused: outcomes.filter(({ gotBoth }) => !gotBoth).length,
    wentOn: outcomes.filter(({ gotBoth }) => gotBoth).length,
    sameOrder: sameOrder.filter(({ gotBoth }) => gotBoth).length,
  };
  const rows = outcomes.map(({ wait }, i): Lane => ({ name: `thread ${i + 1} waits`, runs: [wait] }));
  return { numbers, lanes: { "opposite order": rows } };
}
