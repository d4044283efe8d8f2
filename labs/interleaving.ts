/** Three computing jobs on one thread: one after the other, then in turns. */
import { type Executor, here, type Scope, task } from "skein";
import { sliced } from "skein/async";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const CHUNKS = { long: 1200, middle: 600, short: 200 }; // some 0.1 ms each
const ELSEWHERE_MS = 1; // a longer step of the clock: meanwhile another job ran

export const job = task(function* job(name: string, chunks: number) {
  const runs: [number, number][] = [];
  let [begin, state] = [performance.now(), 1];
  for (let chunk = 0, last = begin; chunk <= chunks; chunk++) {
    const now = performance.now();
    if (now - last > ELSEWHERE_MS || chunk === chunks) {
      runs.push([begin, last]);
      begin = now;
    }
    last = now;
    for (let i = 0; i < 100_000; i++) state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    yield; // here another job may have its turn
  }
  return { lane: { name, runs }, state };
});

export async function measure(s: Scope, phase: Phase, _machine: unknown, { sliceMs }: { sliceMs: number }) {
  const lanes: Record<string, Lane[]> = {};
  const numbers: Record<string, number> = { jobs: Object.keys(CHUNKS).length };
  const turns = sliced({ sliceMs });
  const places: [string, Executor][] = [
    ["one after the other", here],
    ["in turns", turns],
  ];
  for (const [name, on] of places) {
    const finished: string[] = [];
    const done = await phase(name, () =>
      Promise.all(
        Object.entries(CHUNKS).map(async ([which, chunks]) => {
          const result = await s.spawn(job, [which, chunks], { on, name: which });
          finished.push(which);
          return result;
        }),
      ),
    );
    lanes[name] = done.map(({ lane }) => lane);
    // The short one was started last.
    numbers[`${name}: short`] = finished.indexOf("short") + 1;
    numbers[`${name}: states`] = done.reduce((sum, { state }) => sum + state, 0);
  }
  const { switches, preemptions } = turns.statistics();
  return { numbers: { ...numbers, switches, preemptions }, lanes };
}
