/** One program that waits and computes; where it runs is an option, and four are tried. */
import { once } from "node:events";
import { connect, createServer } from "node:net";

import { type Executor, here, type Scope, task, threads } from "skein";
import { sliced } from "skein/async";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };
type Knobs = { jobs: number; answerMs: number; sliceMs: number };

const CHUNKS = 400; // some 0.05 ms each
const OFF_CORE_MS = 0.4; // a longer step of the clock: meanwhile somebody else ran

/** Input and output: a question to a server, which thinks about it. */
const ask = async (port: number): Promise<number> => Number(await once(connect(port, "127.0.0.1"), "data"));

export const mixed = task(function* mixed(name: string, port: number) {
  const lane: Lane = { name, runs: [] };
  let result = 0;
  for (let round = 0; round < 2; round++) {
    const answer: number = yield ask(port); // waits
    result += answer;
    for (let chunk = 0, begin = performance.now(), last = begin; chunk <= CHUNKS; chunk++) {
      const now = performance.now();
      if (now - last > OFF_CORE_MS || chunk === CHUNKS) {
        lane.runs.push([begin, last]);
        begin = now;
      }
      last = now;
      for (let i = 0; i < 50_000; i++) result = (Math.imul(result, 1_103_515_245) + 12_345) | 0; // computes
      yield; // may be interrupted here
    }
  }
  return { lane, result };
});

export async function measure(s: Scope, phase: Phase, { pinTo }: { pinTo: readonly number[] }, knobs: Knobs) {
  const { jobs, answerMs, sliceMs } = knobs;
  const server = createServer((socket) => void setTimeout(() => socket.end("7"), answerMs)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  // Where threads can't be bound to a core, a single one uses no more than that.
  const oneCore = pinTo.length > 0 ? { size: jobs, cores: pinTo.slice(0, 1) } : { size: 1 };
  const one = threads({ name: "one", ...oneCore });
  const all = threads({ size: jobs, name: "all" });
  await Promise.all([one.ready(mixed), all.ready(mixed)]);
  const turns = sliced({ sliceMs });
  const places = { here, sliced: turns, "threads, one core": one, "threads, all cores": all };

  const lanes: Record<string, Lane[]> = {};
  const results = new Set<number>();
  for (const [name, on] of Object.entries<Executor>(places)) {
    const spawn = (i: number) => s.spawn(mixed, [`job ${i + 1}`, port], { on });
    const done = await phase(name, () => Promise.all(Array.from({ length: jobs }, (_, i) => spawn(i))));
    lanes[name] = done.map(({ lane }) => lane);
    for (const { result } of done) results.add(result);
  }
  return { numbers: { jobs, results: results.size }, lanes };
}
