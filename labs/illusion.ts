/** Computing threads: first more than there are cores for them, then a core for each. */
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
  // Where threads can't be bound to a core, twice as many as cores have the same to share.
  const [core] = machine.pinTo;
  const many = core === undefined ? 2 * machine.cores : knobs.threads;
  const shared = threads({ size: many, name: "shared", ...(core === undefined ? {} : { cores: [core] }) });
  const own = threads({ size: 2, name: "own" });
  await Promise.all([shared.ready(compute), own.ready(compute)]);

  const lanes = {
    "cores shared": await phase("cores shared", () => together(s, shared, many, knobs.lengthMs)),
    "a core each": await phase("a core each", () => together(s, own, 2, knobs.lengthMs)),
  };
  return { numbers: { threads: many, coresShared: core === undefined ? machine.cores : 1 }, lanes };
}
