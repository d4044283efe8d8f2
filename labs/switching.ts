/** Four computing threads, first on one core, then on several: how often does the scheduler switch? */
import { type Scope, task, threads, type ThreadPool } from "skein";
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

async function together(s: Scope, on: ThreadPool, count: number, lengthMs: number): Promise<Lane[]> {
  const start = new Barrier({ parties: count });
  const spawn = (i: number) => s.spawn(compute, [`thread ${i + 1}`, lengthMs, start], { on });
  return Promise.all(Array.from({ length: count }, (_, i) => spawn(i)));
}

type Machine = { cores: number; pinTo: readonly number[] };

export async function measure(s: Scope, phase: Phase, machine: Machine, knobs: { threads: number; lengthMs: number }) {
  const lanes: Record<string, Lane[]> = {};
  const numbers: Record<string, number> = {};
  for (const cores of [1, 2]) {
    // Where threads can't be bound to cores, there are twice as many as cores.
    const pinTo = machine.pinTo.slice(0, cores);
    const count = pinTo.length > 0 ? knobs.threads : 2 * cores * machine.cores;
    const pool = threads({ size: count, name: `on ${cores}`, ...(pinTo.length > 0 && { cores: pinTo }) });
    await pool.ready(compute);
    const name = cores === 1 ? "one core" : "several cores";
    lanes[name] = await phase(name, () => together(s, pool, count, knobs.lengthMs));
    numbers[cores === 1 ? "threadsOnOne" : "threadsOnSeveral"] = count;
    numbers[cores === 1 ? "coresOne" : "coresSeveral"] = pinTo.length > 0 ? pinTo.length : machine.cores;
    await pool.close();
  }
  return { numbers, lanes };
}
