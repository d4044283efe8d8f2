// How many schedules a second does exploration run, of threads, of jobs, and on real threads?
import { type Exploration, explore, type ExploreOptions, type StrategyName } from "skein/explore";

import { jobs, threads } from "./explore-programs.js";
import { ask, type Load, type Samples } from "./harness.js";

async function microsecondsASchedule(
  strategy: StrategyName,
  program: (t: Exploration) => unknown,
  schedules: number,
  more: ExploreOptions = {},
): Promise<number> {
  const beganMs = performance.now();
  const report = await explore({ strategy, schedules, seed: 1, ...more }, program);
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

/** Each schedule is run on one stack, and then on real threads, which sleep and wake for each switch. */
async function onRealThreads(load: Load): Promise<Samples> {
  const program = { module: new URL("explore-programs.js", import.meta.url), export: "threads" };
  const samples: number[] = [];
  for (let time = 0; time < load.of(5, 1); time++) {
    samples.push(await microsecondsASchedule("random", threads, load.of(5_000, 20), { threads: "real", program }));
  }
  return { threads: samples };
}

await ask({
  module: import.meta.url,
  asks: "How long does one schedule take, of a program of threads (12 steps) and of one of jobs (6 steps), and on real threads?",
  units: { threads: "µs a schedule", jobs: "µs a schedule" },
  rounds: 3,
  targets: [
    { metric: "threads", of: "random", atMost: 10 },
    { metric: "jobs", of: "random", atMost: 67 },
  ],
  variants: { random: by("random"), pct: by("pct"), pos: by("pos"), walk: by("walk"), "real threads": onRealThreads },
});
