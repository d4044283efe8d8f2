/** Two threads add to one number in shared memory: first without a lock, then with one. */
import { type Scope, task, threads } from "skein";
import { Barrier, Mutex, SharedArray } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };
type Counter = SharedArray<"int32">;

const LOCKED_ADDITIONS = 150_000; // a lock that two want costs a hundred times as much
const MOST_ROUNDS = 8; // on a busy machine the threads may take turns by chance

export const addAlone = task(function addAlone(counter: Counter, start: Barrier, times: number): [number, number] {
  const { values } = counter;
  start.waitSync(); // or one would be done before the other begins
  const begin = performance.now();
  for (let i = 0; i < times; i++) {
    // Three steps: read, add, write. What another thread writes in between is lost.
    values[0] = (values[0] as number) + 1;
  }
  return [begin, performance.now()];
});

export const addLocked = task(function addLocked(counter: Counter, start: Barrier, lock: Mutex): [number, number] {
  const { values } = counter;
  start.waitSync();
  const begin = performance.now();
  for (let i = 0; i < LOCKED_ADDITIONS; i++) {
    lock.withLockSync(() => {
      values[0] = (values[0] as number) + 1;
    });
  }
  return [begin, performance.now()];
});

export async function measure(s: Scope, phase: Phase, _machine: unknown, knobs: { threads: number; times: number }) {
  const { threads: size, times } = knobs;
  const on = threads({ size, name: "adder" });
  const start = new Barrier({ parties: size });
  const each = <Result>(body: () => Result) => Promise.all(Array.from({ length: size }, body));
  const lock = new Mutex({ name: "counter" });
  const [without, withLock] = [0, 1].map(() => new SharedArray({ type: "int32", length: 1 })) as [Counter, Counter];
  await on.ready(addAlone);

  let [additions, alone] = [0, [] as [number, number][]];
  await phase("without a lock", async () => {
    for (let round = 0; round < MOST_ROUNDS && without.values[0] === additions; round++) {
      alone = await each(() => s.spawn(addAlone, [without, start, times], { on }));
      additions += size * times;
    }
  });
  const locked = await phase("with a lock", () => each(() => s.spawn(addLocked, [withLock, start, lock], { on })));

  const lost = additions - (without.values[0] as number);
  const lockedAdditions = size * LOCKED_ADDITIONS;
  const lostLocked = lockedAdditions - (withLock.values[0] as number);
  const rows = (runs: [number, number][]): Lane[] => runs.map((run, i) => ({ name: `thread ${i + 1}`, runs: [run] }));
  const lanes = { "without a lock": rows(alone), "with a lock": rows(locked) };
  return { numbers: { additions, lost, lockedAdditions, lostLocked }, lanes };
}
