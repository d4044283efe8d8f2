/** More and more computing threads on the same cores: what share of the time does each get? */
import { type Scope, task, threads } from "skein";
import { Barrier } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const OFF_CORE_MS = 0.05; // a longer step of the clock: meanwhile somebody else had the core

/** Computes for a while, and tells when it had a core: where it had none, its clock leaps. */
export const compute = task(function compute(name: string, lengthMs: number, start: Barrier): Lane {
  const runs: [number, number][] = [];
  start.waitSync();
  let begin = performance.now();
  const endMs = begin + lengthMs;
  for (let last = begin; ;) {
    const now = performance.now();
    if (now - last > OFF_CORE_MS || now >= endMs) {
      runs.push([begin, last]);
      begin = now;
    }
    if (now >= endMs) return { name, runs };
    last = now;
  }
});

type Machine = { cores: number; pinTo: readonly number[] };

export async function measure(s: Scope, phase: Phase, machine: Machine, { lengthMs }: { lengthMs: number }) {
  const lanes: Record<string, Lane[]> = {};
  const shares: Record<string, number> = {};
  // Where threads can't be bound to a core, all cores are shared by as many times more.
  const pinTo = machine.pinTo.slice(0, 1);
  const cores = pinTo.length > 0 ? 1 : machine.cores;
  for (const each of [1, 2, 4]) {
    const count = each * cores;
    const on = threads({ size: count, name: `sharing ${each}`, ...(pinTo.length > 0 && { cores: pinTo }) });
    await on.ready(compute);
    const start = new Barrier({ parties: count });
    const spawn = (i: number) => s.spawn(compute, [`thread ${i + 1}`, lengthMs, start], { on });
    const jobs = (): Promise<Lane[]> => Promise.all(Array.from({ length: count }, (_, i) => spawn(i)));
    const done = await phase(`${each} to a core`, jobs);
    lanes[`${each} to a core`] = done;
    const ran = done.map(({ runs }) => runs.reduce((sum, [begin, end]) => sum + end - begin, 0) / lengthMs);
    shares[`least${each}`] = Math.min(...ran);
    shares[`most${each}`] = Math.max(...ran);
    shares[`all${each}`] = ran.reduce((sum, share) => sum + share, 0) / cores;
    await on.close();
  }
  return { numbers: { cores, ...shares }, lanes };
}
