// How much of the algorithms of skein/parallel can be shared out, and what is that on 64 cores, on paper?
/*
 * Work is what all participants did together, span what nobody could share: what goes
 * before and after the parts, and one part of each step. From both it is reckoned, not
 * measured, what more cores would make of it: work / cores + span + what it takes to wake
 * the other threads one by one. Memory is not in it: what 64 cores read at once, one core's
 * figures can't tell.
 */
import { parallel, type Explanation } from "skein/parallel";
import { SharedArray } from "skein/shared";
import { threads, type ThreadPool } from "skein";

import { ask, type Load, type Samples } from "./harness.js";
import {
  alone,
  oneBesideThis,
  PARTICIPANTS,
  randomNumber,
  sharedNumbers,
  twoThreads,
  untilHelped,
} from "./parallel-support.js";
import { add, isSmall, rootAndMore, skewed } from "./parallel-tasks.js";
import { median } from "./statistics.js";

const CORES = 64;
/** What it costs this thread to wake another: 5 to 9 µs on the machine of the other figures (2026-11). */
const WAKE_MS = 0.008;
const MANY = 8;

/** Runs an algorithm once, on what it was made for. */
type Algorithm = (on: ThreadPool) => Promise<unknown>;

/** One run: how long it took, and what it consisted of. */
interface Run {
  readonly ms: number;
  readonly calls: readonly Explanation[];
}

async function runOnce(algorithm: Algorithm, on: ThreadPool): Promise<Run> {
  const beganMs = performance.now();
  const { calls, result } = await parallel.explain(() => algorithm(on));
  const ms = performance.now() - beganMs;
  if (result instanceof SharedArray) result.dispose();
  return { ms, calls };
}

const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);
const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Of a call that was shared out: all its parts, what can't be shared, who worked longest. */
function stepOf({ participants, call, spanMs, ms }: Explanation): Step {
  const times = participants.map(({ ms }) => ms);
  return {
    workMs: total(times),
    partMs: spanMs,
    // Who waits for what another does in his stead is not at work, but that is within the call.
    longestMs: call.startsWith("run ") ? Math.max(ms, most(times)) : most(times),
    isMerge: call.endsWith(", merge"),
    isPerCore: call.endsWith(", runs") || call.endsWith(", merge"),
  };
}

interface Step {
  readonly workMs: number;
  readonly partMs: number;
  readonly longestMs: number;
  readonly isMerge: boolean;
  /** It is divided into so many parts for each participant, whatever their number: on more cores each is so much smaller. */
  readonly isPerCore: boolean;
}

interface WorkAndSpan {
  readonly workMs: number;
  readonly spanMs: number;
}

/** @param cores - a sort on so many has more merges, one on top of the other */
function workAndSpan({ ms, calls }: Run, cores: number): WorkAndSpan {
  const steps = calls.filter(({ participants }) => participants.length > 0).map(stepOf);
  const merges = steps.filter(({ isMerge }) => isMerge).length;
  const timesOf = ({ isMerge }: Step): number => (isMerge ? Math.log2(cores) / merges : 1);
  const partOf = ({ isPerCore, partMs }: Step): number => (isPerCore ? (partMs * PARTICIPANTS) / cores : partMs);
  // What is not within parts: preparing, waking, waiting for the last part, bringing together.
  const besideMs = Math.max(0, ms - total(steps.map(({ longestMs }) => longestMs)));
  return {
    workMs: total(steps.map((step) => timesOf(step) * step.workMs)),
    spanMs: besideMs + total(steps.map((step) => timesOf(step) * partOf(step))),
  };
}

const stealsOf = ({ calls }: Run): number =>
  total(calls.flatMap(({ participants }) => participants.map(({ steals }) => steals)));

/** @param inTurn - the same on one thread, as fast as that can be, in milliseconds: that has calls which spare this thread */
async function measure(load: Load, algorithm: Algorithm, inTurn?: () => number): Promise<Samples> {
  const on = inTurn === undefined ? oneBesideThis() : twoThreads();
  await untilHelped(on);
  const many = threads({ size: inTurn === undefined ? MANY - 1 : MANY, name: "many" });
  await untilHelped(many);
  const runs: Run[] = [];
  const ofMany: Run[] = [];
  const aloneMs: number[] = [];
  for (let i = 0; i < load.of(15, 3); i++) {
    aloneMs.push(inTurn?.() ?? (await runOnce(algorithm, alone)).ms);
    runs.push(await runOnce(algorithm, on));
    ofMany.push(await runOnce(algorithm, many));
  }
  await on.close();
  await many.close();
  // The first ones are not compiled yet.
  const counted = runs.slice(load.of(5, 1));
  const oneMs = median(aloneMs.slice(load.of(5, 1)));
  const onPaper = counted.map((run) => {
    const { workMs, spanMs } = workAndSpan(run, CORES);
    return oneMs / (workMs / CORES + spanMs + (CORES - PARTICIPANTS) * WAKE_MS);
  });
  return {
    work: counted.map((run) => workAndSpan(run, PARTICIPANTS).workMs),
    span: counted.map((run) => workAndSpan(run, PARTICIPANTS).spanMs),
    steals: counted.map(stealsOf),
    [`steals of ${MANY} participants`]: ofMany.slice(load.of(5, 1)).map(stealsOf),
    "speed-up on 2, measured": counted.map(({ ms }) => oneMs / ms),
    [`speed-up on ${CORES}, on paper`]: onPaper,
  };
}

// Examples are compiled beside the tests.
const EXAMPLES = new URL("../../build/examples/algorithms/", import.meta.url).href;
const { ALGORITHMS } = (await import(
  `${EXAMPLES}measuring/catalogue.js`
)) as typeof import("../examples/algorithms/measuring/catalogue.js");
const { sharedArraysIn } = (await import(
  `${EXAMPLES}measuring/comparing.js`
)) as typeof import("../examples/algorithms/measuring/comparing.js");

/** So many cores would have a text counted in more pieces, as small as pieces are at least. */
const PIECE = { leastBytes: 1 << 21 };

const disposeOf = (value: unknown): void => {
  for (const array of sharedArraysIn(value)) array.dispose();
};

/** One of the examples, against its best form on one thread. */
function example({ name, size, input: inputOf, onThreads, sequential }: (typeof ALGORITHMS)[number]) {
  return async (load: Load): Promise<Samples> => {
    const input = inputOf(load.of(size, Math.ceil(size / 50)), 1);
    const inTurn = (): number => {
      const beganMs = performance.now();
      const result = sequential(input);
      const ms = performance.now() - beganMs;
      disposeOf(result);
      return ms;
    };
    const algorithm = async (on: ThreadPool): Promise<void> => {
      disposeOf(await onThreads(input, { on, ...(name === "word-counts" ? PIECE : {}) }));
    };
    return measure(load, algorithm, inTurn);
  };
}

const lengthOf = (load: Load): number => load.of(10_000_000, 200_000);
const monoid = { identity: 0, combine: add };

/** An algorithm on random numbers. */
function onNumbers(run: (numbers: SharedArray<"float64">, on: ThreadPool) => Promise<unknown>) {
  return (load: Load): Promise<Samples> => {
    const numbers = sharedNumbers(lengthOf(load), randomNumber);
    return measure(load, (on) => run(numbers, on));
  };
}

await ask({
  module: import.meta.url,
  asks: "How much of the algorithms of skein/parallel can be shared out, and what is that on 64 cores, on paper?",
  units: {
    work: "ms",
    span: "ms",
    steals: "a run",
    [`steals of ${MANY} participants`]: "a run",
    "speed-up on 2, measured": "times",
    [`speed-up on ${CORES}, on paper`]: "times, reckoned from work and span",
  },
  rounds: 3,
  areRivals: false,
  targets: [],
  variants: {
    map: onNumbers((numbers, on) => parallel.map(numbers, rootAndMore, { on })),
    reduce: onNumbers((numbers, on) => parallel.reduce(numbers, monoid, { on })),
    sum: onNumbers((numbers, on) => parallel.sum(numbers, { on })),
    scan: onNumbers((numbers, on) => parallel.scan(numbers, monoid, { on })),
    filter: onNumbers((numbers, on) => parallel.filter(numbers, isSmall, { on })),
    // The promise's form spares this thread: the one beside it would sort alone.
    sort: onNumbers(async (numbers, on) => parallel.sortSync(numbers, { on })),
    "skewed loop": (load) => {
      const results = new SharedArray({ type: "int32", length: load.of(400_000, 4000) });
      return measure(load, (on) => parallel.for(0, results.length, skewed, { args: [results], on }));
    },
    ...Object.fromEntries(ALGORITHMS.map((one) => [one.name, example(one)])),
  },
});
