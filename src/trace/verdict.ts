/** What the figures mean, in one sentence: concurrency told from parallelism. */
import type { Figures } from "./figures.js";
import { decimal, englishCount, type Language, percent, russianCount, russianCountOf } from "./words/language.js";

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

/** Of what the busiest thread ran: a thread that only hands out work does not compute. */
const TOOK_PART_FROM_SHARE = 0.05;
/** Of the time that jobs were in flight: from here on they held each other up. */
const EACH_OTHER_FROM_SHARE = 0.5;

/** What the sentences are made of. */
interface Facts {
  readonly cause: Cause;
  readonly meanInFlight: number;
  readonly coresBusy: number | undefined;
  readonly cores: number | undefined;
  readonly coreWaitMs: number;
  /** Of the time in which threads wanted a core, the share in which they had none. */
  readonly waitingShare: number;
  readonly threads: number;
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
  | "waiting for each other"
  | "one thread"
  | "one core"
  | "seldom at once";

/** How each language says it. */
const SENTENCES: Readonly<Record<Language, (facts: Facts) => string>> = { en: inEnglish, ru: inRussian };

/**
 * Tells in one sentence whether a program was concurrent, parallel, both or
 * neither, and why.
 *
 * Parallelism is judged by the kernel's count of CPU time, not by spans. Where
 * threads had to wait for cores that others used, and were not parallel, it says
 * so instead of judging.
 *
 * @param language - "en" or "ru"
 *
 * @since 0.1.0
 */
export function verdict(figures: Figures, language: Language = "en"): Verdict {
  const facts = judge(figures);
  return { kind: KINDS[facts.cause], text: SENTENCES[language](facts) };
}

function judge(figures: Figures): Facts {
  const mostBusyMs = figures.busiestThread.value?.busyMs ?? 0;
  const threadsThatRan = (figures.threads.value ?? []).filter(
    ({ busyMs }) => busyMs > 0 && busyMs >= TOOK_PART_FROM_SHARE * mostBusyMs,
  ).length;
  const isConcurrent = overlapOf(figures) >= OVERLAP_FROM;
  // Where the kernel does not tell, our own records do if they are complete.
  const coresBusy =
    figures.coresBusy.value ?? (figures.meanRunning.badge === "measured" ? figures.meanRunning.value : undefined);
  const [cpuMs, coreWaitMs] = [figures.cpuMs.value ?? 0, figures.coreWaitMs.value ?? 0];
  return {
    cause: causeOf(figures, coresBusy, isConcurrent, threadsThatRan),
    meanInFlight: figures.meanInFlight.value ?? 0,
    coresBusy,
    cores: figures.coresAllowed.value,
    coreWaitMs,
    waitingShare: cpuMs + coreWaitMs === 0 ? 0 : coreWaitMs / (cpuMs + coreWaitMs),
    threads: threadsThatRan,
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
  "waiting for each other": "concurrent",
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
  const taken = figures.coresTaken.value ?? 0;
  if (!isConcurrent) return figures.jobs.badge === "measured" ? "one by one" : "records dropped";
  // A single thread would not have been parallel with all cores to itself either.
  if (taken >= TAKEN_FROM_CORES && threadsThatRan > 1) return "cores taken";
  if (wanted < WAITING_BELOW_CORES) return waitedForEachOther(figures) ? "waiting for each other" : "waiting";
  if (threadsThatRan < 2) return "one thread";
  return wanted >= PARALLEL_FROM_CORES && cores === 1 ? "one core" : "seldom at once";
}

function waitedForEachOther({ waitedMs, meanInFlight, durationMs }: Figures): boolean {
  const { lock = 0, channel = 0 } = waitedMs.value ?? {};
  const inFlightMs = (meanInFlight.value ?? 0) * (durationMs.value ?? 0);
  return lock + channel > 0 && lock + channel >= EACH_OTHER_FROM_SHARE * inFlightMs;
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

// English

function inEnglish(facts: Facts): string {
  const dropped = facts.droppedRecords;
  const lost =
    dropped === 0 ? "" : ` (${englishCount(dropped, "record was", "records were")} dropped, so jobs are missing)`;
  if (facts.cause === "no jobs") return `no jobs were recorded${lost}`;
  if (facts.cause === "one core") {
    const threads = englishCount(facts.threads, "thread");
    return `${threads} on ${coresInEnglish(facts)}: illusion of parallelism, each waits ${percent(facts.waitingShare)} of the time${lost}`;
  }
  const inFlight = facts.isConcurrent ? inFlightText(facts, "en") : "1";
  const jobs = `${englishCount(inFlight, "job")} in flight${facts.isConcurrent ? "" : " at a time"}`;
  const threads = facts.threads === 0 ? "" : ` on ${englishCount(facts.threads, "thread")}`;
  return `${jobs}${threads}, ${busyInEnglish(facts)}: ${judgementInEnglish(facts)}${lost}`;
}

/** The whole number where it is one: "1 job", not "1.0 jobs". */
function inFlightText({ meanInFlight }: Facts, language: Language): string {
  return decimal(meanInFlight, language).replace(/[.,]0$/, "");
}

function coresInEnglish({ cores }: Facts): string {
  return englishCount(cores ?? 1, "core");
}

function busyInEnglish({ coresBusy }: Facts): string {
  if (coresBusy === undefined) return "an unknown number of cores busy";
  return `${englishCount(decimal(coresBusy, "en"), "core")} busy`;
}

function judgementInEnglish({ cause, isConcurrent, coreWaitMs }: Facts): string {
  const kind = isConcurrent ? "concurrent, not parallel" : "neither concurrent nor parallel";
  switch (cause) {
    case "no jobs":
    case "one core":
    case "one by one":
      return kind;
    case "at once":
      return "concurrent and parallel";
    case "with its spawner":
      return "parallel, as the thread that spawned the job computed too";
    case "waiting":
      return `${kind}, I/O-bound`;
    case "waiting for each other":
      return `${kind}, as the jobs mostly waited for locks and channels`;
    case "one thread":
      return `${kind}, CPU-bound: one thread did all the computing`;
    case "seldom at once":
      return `${kind}, as no two threads computed at the same time for long`;
    case "unknown cores":
      return `${isConcurrent ? "concurrent" : "not concurrent"}; whether parallel is inconclusive, as this platform does not tell`;
    case "records dropped":
      return "inconclusive, as too little was recorded";
    case "cores taken":
      return `inconclusive, as threads that were ready to run waited ${Math.round(coreWaitMs)} ms for cores that others used`;
  }
}

// Russian

function inRussian(facts: Facts): string {
  const dropped = facts.droppedRecords;
  const records = russianCount(dropped, "запись потеряна", "записи потеряны", "записей потеряно");
  const lost = dropped === 0 ? "" : ` (${records}, поэтому задач видно меньше)`;
  if (facts.cause === "no jobs") return `задач не записано${lost}`;
  if (facts.cause === "one core") {
    const threads = russianCount(facts.threads, "поток", "потока", "потоков");
    const cores = russianCountOf(facts.cores ?? 1, "ядре", "ядрах");
    return `${threads} на ${cores}: иллюзия параллелизма, каждый ждёт ${percent(facts.waitingShare)} времени${lost}`;
  }
  const inFlight = facts.isConcurrent ? inFlightText(facts, "ru") : "1";
  const jobs = `${russianCount(inFlight, "задача", "задачи", "задач")} в работе${facts.isConcurrent ? "" : " одновременно"}`;
  const threads = facts.threads === 0 ? "" : ` на ${russianCountOf(facts.threads, "потоке", "потоках")}`;
  return `${jobs}${threads}, ${busyInRussian(facts)}: ${judgementInRussian(facts)}${lost}`;
}

function busyInRussian({ coresBusy }: Facts): string {
  if (coresBusy === undefined) return "неизвестно, сколько занято ядер";
  const text = decimal(coresBusy, "ru");
  return `занято ${russianCount(text, "ядро", "ядра", "ядер")}`;
}

function judgementInRussian({ cause, isConcurrent, coreWaitMs }: Facts): string {
  const kind = isConcurrent ? "конкурентно, но не параллельно" : "ни конкурентно, ни параллельно";
  switch (cause) {
    case "no jobs":
    case "one core":
    case "one by one":
      return kind;
    case "at once":
      return "конкурентно и параллельно";
    case "with its spawner":
      return "параллельно, так как поток, запустивший задачу, тоже вычислял";
    case "waiting":
      return `${kind}, упирается во ввод-вывод`;
    case "waiting for each other":
      return `${kind}: задачи в основном ждали блокировок и каналов`;
    case "one thread":
      return `${kind}, упирается в процессор: все вычисления в одном потоке`;
    case "seldom at once":
      return `${kind}: никакие два потока не вычисляли одновременно подолгу`;
    case "unknown cores":
      return `${isConcurrent ? "конкурентно" : "не конкурентно"}; параллельно ли, сказать нельзя: платформа не сообщает`;
    case "records dropped":
      return "сказать нельзя: записано слишком мало";
    case "cores taken":
      return `сказать нельзя: готовые к работе потоки ждали ${Math.round(coreWaitMs)} мс ядер, занятых другими программами`;
  }
}
