/** Many jobs that mostly wait, on one thread: their lives overlap, and hardly any of it needs a core. */
import { type Scope, sleep } from "skein";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const ROUNDS = 5;

export async function measure(s: Scope, phase: Phase, _machine: unknown, knobs: { jobs: number; waitMs: number }) {
  const { jobs, waitMs } = knobs;
  let [alive, mostAlive, inside, mostInside, steps] = [0, 0, 0, 0, 0];
  const lives: Lane[] = [];
  const works: Lane[] = [];

  /** Waits, does a little, waits again. */
  const job = async (name: string): Promise<void> => {
    const life: Lane = { name, runs: [] };
    const work: Lane = { name, runs: [] };
    lives.push(life);
    works.push(work);
    const begin = performance.now();
    mostAlive = Math.max(mostAlive, ++alive);
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(waitMs, s);
      const from = performance.now();
      inside++; // between two awaits nobody else runs on this thread
      mostInside = Math.max(mostInside, inside);
      for (let i = 0, state = 1; i < 100_000; i++) state = Math.imul(state, 1_103_515_245) + 12_345;
      steps++;
      inside--;
      work.runs.push([from, performance.now()]);
    }
    alive--;
    life.runs.push([begin, performance.now()]);
  };

  await phase("sixty jobs", async () => {
    await Promise.all(Array.from({ length: jobs }, (_, i) => s.spawn(() => job(`job ${i + 1}`))));
  });
  const lifeMs = lives.reduce((sum, { runs: [[begin, end] = [0, 0]] }) => sum + end - begin, 0);
  const workMs = works.reduce((sum, { runs }) => sum + runs.reduce((own, [from, to]) => own + to - from, 0), 0);
  return {
    numbers: { jobs, mostAlive, mostInside, steps, workShare: workMs / lifeMs },
    // The lives of some of them; and the work of all, on one row.
    lanes: { "sixty jobs": [...lives.slice(0, 6), { name: "the thread", runs: works.flatMap(({ runs }) => runs) }] },
  };
}
