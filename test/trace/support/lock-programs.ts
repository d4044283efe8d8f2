/**
 * Random programs whose jobs take locks, as the library would record them, with the
 * truth of who waits for whom at the end: the model that deadlocks are checked against.
 *
 * Jobs run on two threads. Each takes one lock after the other, holds them all for a
 * while, gives them back, and begins anew. Locks are granted in order of coming.
 */
import { idOn, ThreadScript } from "./traces.js";

const THREADS = 2;
const LOCKS = 3;

export interface LockProgram {
  readonly threads: readonly ThreadScript[];
  readonly durationMs: number;
  /** Jobs that wait for each other in a circle, for good. */
  readonly inCircles: ReadonlySet<number>;
  /** Since when the last circle has been there. */
  readonly circleSinceMs: number;
}

interface JobState {
  readonly id: number;
  readonly script: ThreadScript;
  readonly held: number[];
  wanted: number[];
  waiting: { readonly lock: number; readonly id: number; readonly sinceMs: number } | undefined;
}

/** @param inOrder - whether all jobs take locks in the same order, so that no circle can be */
export function makeLockProgram(
  random: (below: number) => number,
  jobCount: number,
  turns: number,
  inOrder: boolean,
): LockProgram {
  const scripts = Array.from({ length: THREADS }, (_, index) => new ThreadScript(index));
  const lockId = (lock: number): number => idOn(0, 900 + lock);
  for (let lock = 0; lock < LOCKS; lock++) scripts[0]?.make(0, lockId(lock), "mutex", `lock ${lock}`);
  const queues: JobState[][] = Array.from({ length: LOCKS }, () => []);
  const holders: (JobState | undefined)[] = Array.from({ length: LOCKS }, () => undefined);
  let nextWait = 10_000;
  let nowMs = 1;
  const tick = (): number => (nowMs += 0.25 * (1 + random(12)));

  const jobs = Array.from({ length: jobCount }, (_, number): JobState => {
    const script = scripts[number % THREADS] as ThreadScript;
    const id = idOn(number % THREADS, 100 + number);
    script.spawn(tick(), id, `job ${number}`);
    return { id, script, held: [], wanted: [], waiting: undefined };
  });

  const take = (job: JobState, lock: number, atMs: number): void => {
    holders[lock] = job;
    job.held.push(lock);
    job.script.acquire(atMs, lockId(lock), job.id);
  };

  /** A step of a job that does not wait: it takes its next lock, or gives all back. */
  const step = (job: JobState): void => {
    job.script.start(tick(), job.id);
    const next = job.wanted.shift();
    if (next !== undefined) {
      if (holders[next] === undefined) {
        take(job, next, tick());
      } else {
        job.waiting = { lock: next, id: idOn(job.script.index, nextWait++), sinceMs: tick() };
        job.script.waitFor(job.waiting.sinceMs, job.waiting.id, lockId(next), `lock of mutex "lock ${next}"`);
        queues[next]?.push(job);
      }
    } else {
      for (const lock of job.held.splice(0).reverse()) release(job, lock);
      const first = random(LOCKS);
      const second = (first + 1 + random(LOCKS - 1)) % LOCKS;
      job.wanted = random(3) === 0 ? [first] : [first, second];
      if (inOrder) job.wanted.sort((a, b) => a - b);
    }
    job.script.suspend(tick(), job.id);
  };

  const release = (job: JobState, lock: number): void => {
    const atMs = tick();
    job.script.release(atMs, lockId(lock), job.id);
    holders[lock] = undefined;
    const heir = queues[lock]?.shift();
    if (heir?.waiting === undefined) return;
    // The heir's own thread writes that its wait is over, a moment later.
    const granted = atMs + 0.01;
    heir.script.wake(granted, heir.waiting.id);
    heir.waiting = undefined;
    take(heir, lock, granted);
  };

  for (let turn = 0; turn < turns; turn++) {
    const able = jobs.filter(({ waiting }) => waiting === undefined);
    const chosen = able[random(Math.max(1, able.length))];
    if (chosen === undefined) break;
    step(chosen);
  }

  const inCircles = new Set<number>();
  let circleSinceMs = 0;
  for (const job of jobs) {
    const path: JobState[] = [];
    for (let at: JobState | undefined = job; at?.waiting !== undefined && !path.includes(at);) {
      path.push(at);
      at = holders[at.waiting.lock];
      if (at === job) {
        for (const member of path) inCircles.add(member.id);
        circleSinceMs = Math.max(circleSinceMs, ...path.map(({ waiting }) => waiting?.sinceMs ?? 0));
      }
    }
  }
  return { threads: scripts, durationMs: nowMs + 5, inCircles, circleSinceMs };
}
