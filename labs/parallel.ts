/** The same work on one thread and on several, of which all can be divided, or a half. */
import { threadId } from "node:worker_threads";

import { type Scope, task, threads } from "skein";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const PIECES = 24;
const BURNS = 15; // some 15 ms a piece
const MOST_THREADS = 4;

/** A million steps of computing. */
function burn(state: number): number {
  let next = state;
  for (let i = 0; i < 1_000_000; i++) next = (Math.imul(next, 1_103_515_245) + 12_345) | 0;
  return next;
}

export const piece = task(function piece(): Lane {
  const begin = performance.now();
  let state = 1;
  for (let i = 0; i < BURNS; i++) state = burn(state);
  return { name: state === 0 ? "" : `thread ${threadId}`, runs: [[begin, performance.now()]] };
});

export async function measure(s: Scope, phase: Phase, machine: { cores: number }) {
  const count = Math.min(MOST_THREADS, Math.max(2, machine.cores));
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
