/** What `explore.ts` explores: in a module of its own, which real threads import. */
import type { Exploration } from "skein/explore";

/** Two threads of three operations: 12 steps with the spawns, the starts and the join. */
export async function threads(t: Exploration): Promise<void> {
  const x = t.cell("x");
  const body = (): void => {
    x.store(x.load() + 1);
    x.add(1);
  };
  t.thread("a", body);
  t.thread("b", body);
  await t.join();
  t.outcome(x.load());
}

/** Two jobs that wait for outside work three times each: 6 steps. */
export async function jobs(t: Exploration): Promise<void> {
  const body = async (): Promise<void> => {
    for (let step = 0; step < 3; step++) await t.completes(step);
  };
  t.job("a", body);
  t.job("b", body);
  await t.join();
}
