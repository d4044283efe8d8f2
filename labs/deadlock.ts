/** Two threads take two locks in opposite order, each waiting for the other's: a deadlock, made and found. */
import { DeadlockError, type Scope, sleep, task, threads } from "skein";
import { Barrier, findDeadlocks, Mutex } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;

/** Takes the first lock, then the second. @returns whether it got both */
export const takeBoth = task(function takeBoth(first: Mutex, second: Mutex, step: Barrier | undefined): boolean {
  try {
    return first.withLockSync(() => {
      step?.waitSync(); // each has its first lock now
      return second.withLockSync(() => true);
    });
  } catch (error) {
    if (error instanceof DeadlockError) return false;
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
  return {
    numbers: {
      circle,
      refused: outcomes.filter((gotBoth) => !gotBoth).length,
      wentOn: outcomes.filter((gotBoth) => gotBoth).length,
      sameOrder: sameOrder.filter((gotBoth) => gotBoth).length,
    },
  };
}
