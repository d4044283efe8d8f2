/** The same work on one thread and on several, of which all can be divided, or a half. */
import { threadId } from "node:worker_threads";

import { type Scope, task, threads } from "skein";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const PIECES = 24;
const CHUNKS = 150; // of some 0.1 ms, in a piece
const OFF_CORE_MS = 0.6; // a longer step of the clock: meanwhile somebody else had the core

export const piece = task(function piece(): Lane {
  const runs: [number, number][] = [];
  let [begin, state] = [performance.now(), 1];
  for (let chunk = 0, last = begin; chunk <= CHUNKS; chunk++) {
    const now = performance.now();
    if (now - last > OFF_CORE_MS || chunk === CHUNKS) {
      runs.push([begin, last]);
      begin = now;
    }
    last = now;
    for (let step = 0; step < 100_000; step++) state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
  }
  return { name: state === 0 ? "" : `thread ${threadId}`, runs };
});

export async function measure(s: Scope, phase: Phase, _machine: unknown, { threads: count }: { threads: number }) {
  const one = threads({ size: 1, name: "one" });
  const many = threads({ size: count, name: "many" });
  await Promise.all([one.ready(piece), many.ready(piece)]);
  const warm = Array.from({ length: count }, () => s.spawn(piece, [], { on: many }));
  await Promise.all([...warm, s.spawn(piece, [], { on: one })]);

  const numbers: Record<string, number> = { threads: count };
  const lanes: Record<string, Lane[]> = {};
  /** Those pieces that can't be divided follow each other, and the others follow them. */
  const run = async (name: string, on: typeof one, together: number): Promise<void> => {
    const begin = performance.now();
    const pieces = await phase(name, async () => {
      const done: Lane[] = [];
      for (let i = together; i < PIECES; i++) done.push(await s.spawn(piece, [], { on }));
      const rest = Array.from({ length: together }, () => s.spawn(piece, [], { on }));
      return [...done, ...(await Promise.all(rest))];
    });
    numbers[`${name} ms`] = performance.now() - begin;
    const rows = new Map(pieces.map((lane) => [lane.name, { name: lane.name, runs: [] as [number, number][] }]));
    for (const lane of pieces) rows.get(lane.name)?.runs.push(...lane.runs);
    lanes[name] = [...rows.values()];
  };
  await run("one thread", one, PIECES);
  await run("all divided", many, PIECES);
  await run("half divided", many, PIECES / 2);
  return { numbers, lanes };
}
