/**
 * Makes a schedule on which a program goes wrong shorter: fewer switches first, then
 * fewer steps.
 *
 * A schedule is a row of segments, each some steps of one thread. What is tried: to
 * leave a segment out, to move a segment up to the one of the same thread before
 * it, and to answer a choice with less. The replay follows a schedule as far as that goes, so whatever comes of it is a
 * run; it counts if it goes wrong in the same way.
 */
import type { Schedule } from "./token.js";

export interface Segment {
  readonly thread: number;
  readonly steps: number;
}

export interface Attempt {
  /** The schedule that was run, if it went wrong in the same way. */
  readonly schedule: Schedule;
  readonly switches: number;
}

const MOST_ATTEMPTS = 2_000;

/** @param attempt - runs a schedule; `undefined` if it does not go wrong in the same way */
export async function shrink(
  found: Attempt,
  attempt: (schedule: Schedule) => Promise<Attempt | undefined>,
  mayGoOn: () => boolean,
): Promise<Schedule> {
  let best = found;
  let attempts = 0;
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const candidate of shorter(best.schedule)) {
      if (attempts++ >= MOST_ATTEMPTS || !mayGoOn()) return best.schedule;
      const tried = await attempt(candidate);
      if (tried === undefined || !isBetter(tried, best)) continue;
      best = tried;
      hasShrunk = true;
      break;
    }
  }
  return best.schedule;
}

function isBetter(tried: Attempt, best: Attempt): boolean {
  if (tried.switches !== best.switches) return tried.switches < best.switches;
  if (tried.schedule.threads.length !== best.schedule.threads.length) {
    return tried.schedule.threads.length < best.schedule.threads.length;
  }
  return sum(tried.schedule.choices) < sum(best.schedule.choices);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function* shorter(schedule: Schedule): Generator<Schedule> {
  for (const threads of shorterThreads(segmentsOf(schedule.threads))) yield { ...schedule, threads };
  // The first answer is the simplest: it is what comes without a preference.
  for (let at = schedule.choices.length - 1; at >= 0; at--) {
    const choice = schedule.choices[at] as number;
    for (const lower of new Set([0, choice - 1])) {
      if (lower >= 0 && lower < choice) yield { ...schedule, choices: schedule.choices.with(at, lower) };
    }
  }
}

function segmentsOf(threads: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < threads.length;) {
    let end = at;
    while (end < threads.length && threads[end] === threads[at]) end++;
    segments.push({ thread: threads[at] as number, steps: end - at });
    at = end;
  }
  return segments;
}

function* shorterThreads(segments: readonly Segment[]): Generator<number[]> {
  // The cut first: what comes after may be of no matter.
  for (let keep = 1; keep < segments.length; keep *= 2) yield stepsOf(segments.slice(0, keep));
  for (let at = 0; at < segments.length; at++) yield stepsOf(segments.filter((_, other) => other !== at));
  for (let at = segments.length - 1; at > 0; at--) {
    const { thread } = segments[at] as Segment;
    for (let before = at - 2; before >= 0; before--) {
      if (segments[before]?.thread !== thread) continue;
      const moved = segments.filter((_, other) => other !== at);
      moved.splice(before + 1, 0, segments[at] as Segment);
      yield stepsOf(moved);
      break;
    }
    for (let after = at + 1; after < segments.length; after++) {
      if (segments[after]?.thread !== thread) continue;
      const moved = [...segments];
      moved.splice(after, 0, segments[at] as Segment);
      moved.splice(at, 1);
      yield stepsOf(moved);
      break;
    }
  }
}

function stepsOf(segments: readonly Segment[]): number[] {
  return segments.flatMap(({ thread, steps }) => Array.from({ length: steps }, () => thread));
}
