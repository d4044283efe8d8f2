/** What the figures mean, in one sentence: concurrency told from parallelism. */
import type { Figures } from "./figures.js";

/**
 * What a recording shows.
 *
 * - "nothing": no job was recorded.
 * - "sequential": one job after the other.
 * - "concurrent": jobs overlapped in time, on one core's worth of work or less.
 * - "parallel": cores worked at the same time for the program's threads.
 * - "inconclusive": strangers took the cores, too many records were dropped, or the
 *   platform does not tell.
 *
 * @since 0.1.0
 */
export type VerdictKind = "nothing" | "sequential" | "concurrent" | "parallel" | "inconclusive";

/**
 * A verdict: for programs, and in words.
 *
 * @since 0.1.0
 */
export interface Verdict {
  readonly kind: VerdictKind;
  readonly text: string;
}

/** From here on more than one core worked for the program. Below it the engine's own threads may have made up the rest. */
const PARALLEL_FROM_CORES = 1.25;
/** Below this much wish for CPU a program mostly waited. */
const WAITING_BELOW_CORES = 0.7;
/** Cores kept from the program, from which on nothing can be said of its own doing. */
const TAKEN_FROM_CORES = 0.25;
/** Share of the time with jobs in which several were in flight, below which that was chance. */
const OVERLAP_FROM = 0.01;

/** What the sentences are made of. */
interface Facts {
  readonly kind: VerdictKind;
  readonly cause: Cause;
  readonly meanInFlight: number;
  readonly coresBusy: number | undefined;
  readonly coreWaitMs: number;
  readonly isConcurrent: boolean;
  readonly droppedRecords: number;
}

type Cause =
  | "no jobs"
  | "unknown cores"
  | "cores taken"
  | "records dropped"
  | "at once"
  | "with its spawner"
  | "one by one"
  | "waiting"
  | "one thread"
  | "one core"
  | "seldom at once";

/** How each language says it. */
const SENTENCES: { readonly en: (facts: Facts) => string } = { en: inEnglish };

/**
 * Tells in one sentence whether a program was concurrent, parallel, both or
 * neither, and why.
 *
 * Parallelism is judged by the kernel's count of CPU time, not by spans. Where
 * threads had to wait for cores that others used, and were not parallel, it says
 * so instead of judging.
 *
 * @param language - "en", the only one so far
 *
 * @since 0.1.0
 */
export function verdict(figures: Figures, language: keyof typeof SENTENCES = "en"): Verdict {
  const facts = judge(figures);
  return { kind: facts.kind, text: SENTENCES[language](facts) };
}

function judge(figures: Figures): Facts {
  const threadsThatRan = (figures.threads.value ?? []).filter(({ busyMs }) => busyMs > 0).length;
  const isConcurrent = overlapOf(figures) >= OVERLAP_FROM;
  // Where the kernel does not tell, our own records do if they are complete.
  const coresBusy =
    figures.coresBusy.value ?? (figures.meanRunning.badge === "measured" ? figures.meanRunning.value : undefined);
  const cause = causeOf(figures, coresBusy, isConcurrent, threadsThatRan);
  return {
    kind: KINDS[cause],
    cause,
    meanInFlight: figures.meanInFlight.value ?? 0,
    coresBusy,
    coreWaitMs: figures.coreWaitMs.value ?? 0,
    isConcurrent,
    droppedRecords: figures.droppedRecords.value ?? 0,
  };
}

const KINDS: Readonly<Record<Cause, VerdictKind>> = {
  "no jobs": "nothing",
  "unknown cores": "inconclusive",
  "cores taken": "inconclusive",
  "records dropped": "inconclusive",
  "at once": "parallel",
  "with its spawner": "parallel",
  "one by one": "sequential",
  waiting: "concurrent",
  "one thread": "concurrent",
  "one core": "concurrent",
  "seldom at once": "concurrent",
};

function causeOf(
  figures: Figures,
  coresBusy: number | undefined,
  isConcurrent: boolean,
  threadsThatRan: number,
): Cause {
  if (figures.jobs.value === 0) return "no jobs";
  if (coresBusy === undefined) return "unknown cores";
  if (coresBusy >= PARALLEL_FROM_CORES && threadsThatRan > 1) return isConcurrent ? "at once" : "with its spawner";
  const wanted = figures.coresWanted.value ?? coresBusy;
  const cores = figures.coresAllowed.value ?? Infinity;
  const taken = Math.min(wanted, cores) - coresBusy;
  if (!isConcurrent) return figures.jobs.badge === "measured" ? "one by one" : "records dropped";
  // A single thread would not have been parallel with all cores to itself either.
  if (taken >= TAKEN_FROM_CORES && threadsThatRan > 1) return "cores taken";
  if (wanted < WAITING_BELOW_CORES) return "waiting";
  if (threadsThatRan < 2) return "one thread";
  return wanted >= PARALLEL_FROM_CORES ? "one core" : "seldom at once";
}

/** Of the time with a job in flight, the share with several. */
function overlapOf({ inFlight, durationMs }: Figures): number {
  let someMs = 0;
  let severalMs = 0;
  const levels = inFlight.value ?? [];
  levels.forEach(({ atMs, count }, index) => {
    const timeMs = (levels[index + 1]?.atMs ?? durationMs.value ?? atMs) - atMs;
    if (count > 0) someMs += timeMs;
    if (count > 1) severalMs += timeMs;
  });
  return someMs === 0 ? 0 : severalMs / someMs;
}

function inEnglish(facts: Facts): string {
  const lost = facts.droppedRecords === 0 ? "" : ` (${facts.droppedRecords} records were dropped, so jobs are missing)`;
  if (facts.cause === "no jobs") return `no jobs were recorded${lost}`;
  const inFlight = facts.isConcurrent
    ? `${rounded(facts.meanInFlight)} ${rounded(facts.meanInFlight) === "1.0" ? "job" : "jobs"} in flight on average`
    : "one job in flight at a time";
  return `${inFlight}, ${englishCores(facts)}: ${englishJudgement(facts)}${lost}`;
}

function englishCores({ coresBusy }: Facts): string {
  if (coresBusy === undefined) return "an unknown number of cores busy";
  const text = rounded(coresBusy);
  return `${text} ${text === "1.0" ? "core" : "cores"} busy`;
}

function englishJudgement({ cause, isConcurrent, coreWaitMs }: Facts): string {
  const kind = isConcurrent ? "concurrent, not parallel" : "neither concurrent nor parallel";
  switch (cause) {
    case "no jobs":
    case "one by one":
      return kind;
    case "at once":
      return "concurrent and parallel";
    case "with its spawner":
      return "parallel, as the thread that spawned the job computed too";
    case "waiting":
      return `${kind}; the jobs mostly waited, as for I/O`;
    case "one thread":
      return `${kind}; one thread did all the computing`;
    case "one core":
      return `${kind}; the threads took turns on one core`;
    case "seldom at once":
      return `${kind}; no two threads computed at the same time for long`;
    case "unknown cores":
      return `${isConcurrent ? "concurrent" : "not concurrent"}; whether parallel is inconclusive, as this platform does not tell`;
    case "records dropped":
      return "inconclusive, as too little was recorded";
    case "cores taken":
      return `inconclusive, as threads that were ready to run waited ${Math.round(coreWaitMs)} ms for cores that others used`;
  }
}

function rounded(value: number): string {
  return value >= 9.95 ? String(Math.round(value)) : value.toFixed(1);
}
