/** In which state a job was at each moment of its life, and what it waited for. */
import type { JobSpan, Sentence, Timeline, Trace, WaitSpan, Way } from "skein/trace";

import { State, type StateIndex } from "../timeline/states.js";
import { describeActor, indexOf, phasesOf, type TraceIndex } from "./trace.js";

export interface Stretch {
  readonly beginMs: number;
  readonly endMs: number;
  readonly state: StateIndex;
  /** What it waits for, where that is known. */
  readonly waitsFor: string;
}

/** How the page draws each way to spend time. */
export const STATE_OF_WAY: Readonly<Record<Way, StateIndex>> = {
  running: State.running,
  ready: State.ready,
  io: State.io,
  lock: State.lock,
  channel: State.channel,
  jobs: State.jobs,
};

/** From the job's beginning to its end, without a hole. */
export function statesOf(trace: Trace, timeline: Timeline, job: JobSpan): Stretch[] {
  const waits = indexOf(trace, timeline).waitsOf(job.id);
  return phasesOf(trace, timeline, job).map(({ beginMs, endMs, way }) => ({
    beginMs,
    endMs,
    state: STATE_OF_WAY[way],
    waitsFor:
      way === "running" || way === "ready"
        ? ""
        : (waits.find((wait) => wait.way === way && lies(wait.span, (beginMs + endMs) / 2))?.span.name ?? ""),
  }));
}

function lies({ beginMs, endMs }: WaitSpan, atMs: number): boolean {
  return beginMs <= atMs && atMs <= endMs;
}

/** For people: the job's or scope's own name, which is the same in every language; what it is where it has none. */
export function titleOfActor(index: TraceIndex, actor: number): Sentence {
  if (actor === 0) return UNKNOWN;
  const name = index.nameOf(actor);
  return name === undefined ? describeActor(index, actor) : { en: name, ru: name };
}

const UNKNOWN: Sentence = { en: "?", ru: "?" };
