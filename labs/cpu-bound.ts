/** Work that computes: one piece after the other, as promises on one event loop, and on threads. */
import { type Executor, here, type Scope, task, threads } from "skein";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const CHUNKS = 250; // of some 0.1 ms, in a piece
const OFF_CORE_MS = 0.6; // a longer step of the clock: meanwhile somebody else had the core
const BEAT_MS = 5;

export const piece = task(async function piece(name: string): Promise<Lane> {
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
  return { name: state === 0 ? "" : name, runs };
});

export async function measure(s: Scope, phase: Phase, machine: { cores: number }, knobs: { pieces: number }) {
  const { pieces } = knobs;
  const pool = threads({ size: Math.min(4, Math.max(2, machine.cores)), name: "computer" });
  await pool.ready(piece);
  await Promise.all([piece("warm"), ...Array.from({ length: 4 }, () => s.spawn(piece, ["warm"], { on: pool }))]);

  const numbers: Record<string, number> = { pieces, threads: pool.statistics().alive };
  const lanes: Record<string, Lane[]> = {};
  /** What else the event loop gets done meanwhile: a beat every 5 ms, if it is free. */
  const withBeats = async (name: "one by one" | "promises" | "threads", body: () => Promise<Lane[]>) => {
    const beats: [number, number][] = [];
    const beat = setInterval(() => beats.push([performance.now(), performance.now() + 1]), BEAT_MS);
    const begin = performance.now();
    const done = await phase(name, body);
    const end = performance.now();
    clearInterval(beat);
    const inside = beats.filter(([at]) => at > begin && at < end);
    const moments = [begin, ...inside.map(([at]) => at), end];
    numbers[`${name} ms`] = end - begin;
    numbers[`${name} still`] =
      Math.max(...moments.slice(1).map((at, i) => at - (moments[i] as number))) / (end - begin);
    lanes[name] = [...done, { name: "other work", runs: inside }];
  };
  const together = (on: Executor): Promise<Lane[]> =>
    Promise.all(Array.from({ length: pieces }, (_, i) => s.spawn(piece, [`piece ${i + 1}`], { on })));

  await withBeats("one by one", async () => {
    const done = [];
    for (let i = 0; i < pieces; i++) done.push(await piece(`piece ${i + 1}`));
    return done;
  });
  await withBeats("promises", () => together(here));
  await withBeats("threads", () => together(pool));
  return { numbers, lanes };
}
