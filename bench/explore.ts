// How many schedules a second does exploration run, of threads and of jobs?
import { type Exploration, explore, type StrategyName } from "skein/explore";

import { ask, type Load, type Samples } from "./harness.js";

/** Two threads of three operations: 12 steps with the spawns, the starts and the join. */
async function threads(t: Exploration): Promise<void> {
  const x = t.cell("x");
  const body = (): void => {
    x.store(x.load() + 1);
    x.add(1);
  };
  t.thread("a", body);
  t.thread("b", body);
  await t.join();
  t.outcome(x.load());
}

/** Two jobs that wait for outside work three times each: 6 steps. */
async function jobs(t: Exploration): Promise<void> {
  const body = async (): Promise<void> => {
    for (let step = 0; step < 3; step++) await t.completes(step);
  };
  t.job("a", body);
  t.job("b", body);
  await t.join();
}

async function microsecondsASchedule(
  strategy: StrategyName,
  program: (t: Exploration) => unknown,
  schedules: number,
): Promise<number> {
  const beganMs = performance.now();
  const report = await explore({ strategy, schedules, seed: 1 }, program);
  return ((performance.now() - beganMs) * 1000) / report.schedules;
}

function by(strategy: StrategyName) {
  return async (load: Load): Promise<Samples> => {
    const times = load.of(5, 1);
    const samples: Record<string, number[]> = { threads: [], jobs: [] };
    await microsecondsASchedule(strategy, threads, load.of(50_000, 500));
    await microsecondsASchedule(strategy, jobs, load.of(5_000, 100));
    for (let time = 0; time < times; time++) {
      samples["threads"]?.push(await microsecondsASchedule(strategy, threads, load.of(100_000, 500)));
      samples["jobs"]?.push(await microsecondsASchedule(strategy, jobs, load.of(10_000, 100)));
    }
    return samples;
  };
}

await ask({
  module: import.meta.url,
  asks: "How long does one schedule take, of a program of threads (12 steps) and of one of jobs (6 steps)?",
  units: { threads: "µs a schedule", jobs: "µs a schedule" },
  rounds: 3,
  targets: [
    { metric: "threads", of: "random", atMost: 10 },
    { metric: "jobs", of: "random", atMost: 67 },
  ],
  variants: { random: by("random"), pct: by("pct"), pos: by("pos"), walk: by("walk") },
});
