/** What a finding is. */
import type { Badge } from "../figures.js";
import type { StackFrame } from "../kernel-facts.js";
import type { TraceIndex } from "../trace-index.js";
import type { Sentence } from "../words/language.js";
import { placeOf } from "./places.js";

/**
 * What can be found:
 *
 * - "blocked-loop": a thread's event loop stood still in a call that waits, or in
 *   one of which it is not known what it did.
 * - "cpu-on-loop": an event loop stood still, or others had to wait, for computing.
 * - "illusion-of-parallelism": several threads took turns on one core.
 * - "oversubscription": more threads wanted cores than there are.
 * - "cores-taken": other programs used cores that this one wanted.
 * - "lock-convoy": jobs pass one lock in single file.
 * - "deadlock": jobs or threads wait for each other in a circle.
 * - "orphaned-lock": a job ended and left a lock held that others wait for.
 * - "lost-wake-up": something waits for what is free.
 * - "starving-queue": something waits while many that came later were served.
 * - "imbalance": one thread worked on long after the others had nothing left to do.
 * - "lost-parallelism": cores idled because for long only one thread had work.
 * - "leaked-job": a job that its scope gave up, or that never ends though those like it do.
 * - "unawaited-scope": a scope outlived the code that opened it.
 * - "io-pool-exhausted": all threads that do file and name look-ups were busy.
 * - "unhandled-rejection": a promise was rejected and nobody handled it.
 * - "gc-pressure": collecting garbage took a large part of the time.
 * - "io-bound": the program mostly waited.
 *
 * @since 0.1.0
 */
export type FindingKind =
  | "blocked-loop"
  | "cpu-on-loop"
  | "illusion-of-parallelism"
  | "oversubscription"
  | "cores-taken"
  | "lock-convoy"
  | "deadlock"
  | "orphaned-lock"
  | "lost-wake-up"
  | "starving-queue"
  | "imbalance"
  | "lost-parallelism"
  | "leaked-job"
  | "unawaited-scope"
  | "io-pool-exhausted"
  | "unhandled-rejection"
  | "gc-pressure"
  | "io-bound";

/**
 * How bad it is: a "problem" does harm or can stop the program; a "warning" costs
 * time; a "note" is good to know.
 *
 * @since 0.1.0
 */
export type Severity = "problem" | "warning" | "note";

/**
 * Where in the program.
 *
 * @since 0.1.0
 */
export interface Place {
  /** Of a function, job or lock; empty if only the line is known. */
  readonly name: string;
  /** URL or path of the script; `undefined` if only the name is known. */
  readonly url: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

/**
 * Something worth telling of a recording.
 *
 * @since 0.1.0
 */
export interface Finding {
  /** The kind and what it is about: the same in each analysis of one trace. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** What happened, in a sentence. */
  readonly text: Sentence;
  /** What to do about it. */
  readonly advice: Sentence;
  readonly place: Place | undefined;
  /** Where the thread was, innermost first, if that was seen. */
  readonly stack: readonly StackFrame[] | undefined;
  /** Indexes of the threads concerned. */
  readonly threads: readonly number[];
  /** Identities of the jobs concerned, of scopes, and of locks and channels. */
  readonly jobs: readonly number[];
  readonly scopes: readonly number[];
  readonly resources: readonly number[];
  /** When, in milliseconds since the recording began. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The numbers that it rests on, by name; milliseconds end in `Ms`, shares from 0 to 1 in `Share`. */
  readonly evidence: Readonly<Record<string, number>>;
  readonly badge: Badge;
}

/** What a detector says of a finding; what is left out is empty. */
export interface FindingDraft {
  readonly kind: FindingKind;
  /** What it is about, for its id. */
  readonly about: string | number;
  readonly severity: Severity;
  readonly text: Sentence;
  readonly advice: Sentence;
  readonly place?: Place | undefined;
  readonly stack?: readonly StackFrame[] | undefined;
  readonly threads?: Iterable<number>;
  /** Jobs and scopes alike. */
  readonly actors?: Iterable<number>;
  readonly resources?: Iterable<number>;
  readonly fromMs: number;
  readonly toMs: number;
  readonly evidence: Readonly<Record<string, number>>;
  readonly badge: Badge;
}

/** At most so many of each are listed: enough to look at, and a bound to what a report takes. */
const MOST_LISTED = 50;

export function toFinding(index: TraceIndex, draft: FindingDraft): Finding {
  const { kind, about, severity, text, advice, fromMs, toMs, evidence, badge, stack } = draft;
  const actors = [...new Set(draft.actors)].filter((actor) => actor > 0);
  const jobs = actors.filter((actor) => index.jobs.has(actor));
  const place = draft.place ?? (stack === undefined ? undefined : placeOf(stack));
  return {
    id: `${kind}:${about}`,
    kind,
    severity,
    text,
    advice,
    place,
    stack,
    threads: listed(draft.threads),
    jobs: jobs.slice(0, MOST_LISTED),
    scopes: actors.filter((actor) => !index.jobs.has(actor)).slice(0, MOST_LISTED),
    resources: listed(draft.resources),
    fromMs,
    toMs,
    evidence,
    badge,
  };
}

function listed(numbers: Iterable<number> | undefined): readonly number[] {
  return [...new Set(numbers)].slice(0, MOST_LISTED);
}
