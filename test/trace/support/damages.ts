/** Random programs, recorded in part. */
import fc from "fast-check";
import type { ProbeRecord, RecordGap, Trace } from "skein/trace";

import { makeProgram, type Program } from "./programs.js";
import { NO_USAGE, START_MS } from "./traces.js";

/** From fast-check's choices, which then also shrink; 0 when they are used up. */
function randomOf(choices: readonly number[]): (below: number) => number {
  let next = 0;
  return (below) => (choices[next++] ?? 0) % below;
}

export const programs: fc.Arbitrary<Program> = fc
  .record({
    choices: fc.array(fc.nat({ max: 1000 }), { minLength: 20, maxLength: 400 }),
    turns: fc.integer({ min: 1, max: 60 }),
    workers: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ choices, turns, workers }) => makeProgram(randomOf(choices), turns, workers));

export interface Damage {
  /** The part of the program that is recorded, in thousandths of its duration. */
  readonly window: readonly [number, number];
  /** Ranges of each thread's records that are dropped, in thousandths of their number. */
  readonly dropped: readonly (readonly [number, number])[];
}

const share = fc.nat({ max: 1000 });
const range = fc.tuple(share, share).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
export const damages: fc.Arbitrary<Damage> = fc.record({ window: range, dropped: fc.array(range, { maxLength: 4 }) });

/** What a recorder that misses this much would give. */
export function recordingOf(program: Program, { window, dropped }: Damage, tellsGaps: boolean): Trace {
  // Whole quarters of a millisecond, which a time since the epoch can hold.
  const [fromMs, toMs] = window.map((part) => START_MS + Math.floor((program.durationMs * 4 * part) / 1000) / 4) as [
    number,
    number,
  ];
  const threads = program.threads.map((script) => {
    const inside = script.records.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
    const isDropped = inside.map((_, index) =>
      dropped.some(([from, to]) => index * 1000 >= from * inside.length && index * 1000 < to * inside.length),
    );
    const records: ProbeRecord[] = [];
    const gaps: RecordGap[] = [];
    let missing = 0;
    inside.forEach((record, index) => {
      if (isDropped[index] === true) {
        missing++;
        return;
      }
      if (missing > 0) gaps.push({ at: records.length, dropped: missing });
      missing = 0;
      records.push(record);
    });
    if (missing > 0) gaps.push({ at: records.length, dropped: missing });
    return {
      index: script.index,
      name: `thread ${script.index}`,
      fromMs,
      toMs,
      hasEnded: false,
      texts: script.texts,
      records,
      gaps: tellsGaps ? gaps : [],
    };
  });
  return {
    startedMs: fromMs,
    stoppedMs: toMs,
    threads,
    usage: NO_USAGE,
    kernel: undefined,
    stalls: [],
    profiles: [],
    capabilities: [],
  };
}
