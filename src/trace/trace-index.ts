/**
 * What analyses look up in a trace: whose a step is, who waited, what a thread did at
 * a moment. Made once for a trace, each part when it is first asked for.
 *
 * Whose code something is, is called its actor: a job; or a scope, for its body. The
 * own scope of a job is the job. A scope that was opened inside an actor's code is an
 * actor of its own, and belongs to that one (`principalOf`).
 */
import type { KernelThread } from "./kernel-facts.js";
import { outermost } from "./levels.js";
import { type Hold, readLines, readResources, readTargets, type Resource, type SeenWait } from "./resources.js";
import type { JobSpan, ScopeSpan, StepSpan, ThreadLane, Timeline, WaitSpan } from "./spans.js";
import { CoveredTime, lastUpTo, union } from "./stretches.js";
import type { Trace } from "./trace.js";
import { wayOfWait } from "./wait-ways.js";

const NONE: readonly never[] = [];

export class TraceIndex {
  readonly trace: Trace;
  readonly timeline: Timeline;
  readonly jobs: ReadonlyMap<number, JobSpan>;
  readonly scopes: ReadonlyMap<number, ScopeSpan>;
  readonly #lanes: ReadonlyMap<number, ThreadLane>;
  readonly #principals = new Map<number, number>();
  readonly #busyOn = new Map<number, CoveredTime>();
  #stepsOn: ReadonlyMap<number, ThreadSteps> | undefined;
  #stepsOf: ReadonlyMap<number, readonly StepSpan[]> | undefined;
  #waits: readonly SeenWait[] | undefined;
  #waitsOf: ReadonlyMap<number, readonly SeenWait[]> | undefined;
  #resources: readonly Resource[] | undefined;
  #holdByBlock: ReadonlyMap<number, Hold> | undefined;
  #resourceById: ReadonlyMap<number, Resource> | undefined;

  constructor(trace: Trace, timeline: Timeline) {
    this.trace = trace;
    this.timeline = timeline;
    this.jobs = new Map(timeline.jobs.map((job) => [job.id, job]));
    this.#lanes = new Map(timeline.threads.map((lane) => [lane.index, lane]));
    this.scopes = new Map(timeline.scopes.map((scope) => [scope.id, scope]));
  }

  /** The job whose own scope this is; else the scope, or job, itself. */
  actorOf(subject: number): number {
    return this.scopes.get(subject)?.job ?? subject;
  }

  /** The outermost actor that it belongs to: a job, or a scope that was opened in no known code. */
  principalOf(subject: number): number {
    const known = this.#principals.get(subject);
    if (known !== undefined) return known;
    // For as long as the answer is not known: broken records may make a circle.
    this.#principals.set(subject, subject);
    const scope = this.scopes.get(subject);
    let principal = subject;
    if (scope?.job !== undefined) principal = scope.job;
    else if (scope !== undefined) {
      const around = this.openerOf(scope);
      if (around !== undefined) principal = this.principalOf(around);
    }
    this.#principals.set(subject, principal);
    return principal;
  }

  /** The actor in whose code a scope was opened; `undefined` if that is not known. */
  openerOf(scope: ScopeSpan): number | undefined {
    const actor = this.actorAt(scope.thread, scope.beginMs, ({ subject }) => subject !== scope.id);
    return actor ?? (scope.parent === 0 ? undefined : this.actorOf(scope.parent));
  }

  /** For people; `undefined` if it has no name. */
  nameOf(subject: number): string | undefined {
    const name = (this.jobs.get(subject) ?? this.scopes.get(subject))?.name;
    return name === "" ? undefined : name;
  }

  threadName(index: number): string {
    return this.#lanes.get(index)?.name ?? `thread ${index}`;
  }

  kernelOf(index: number): KernelThread | undefined {
    return this.trace.kernel?.threads.find((thread) => thread.index === index);
  }

  /** The steps of a thread, and those of them that stand in no other. */
  stepsOn(thread: number): ThreadSteps {
    this.#stepsOn ??= groupSteps(this.timeline.steps);
    return this.#stepsOn.get(thread) ?? NO_STEPS;
  }

  /** The time that a thread was inside steps. */
  busyOn(thread: number): CoveredTime {
    let busy = this.#busyOn.get(thread);
    if (busy === undefined) {
      busy = new CoveredTime(union(this.stepsOn(thread).top));
      this.#busyOn.set(thread, busy);
    }
    return busy;
  }

  /** The steps of an actor, in order of beginning. */
  stepsOf(actor: number): readonly StepSpan[] {
    this.#stepsOf ??= groupBy(this.timeline.steps, (step) => this.actorOf(step.subject));
    return this.#stepsOf.get(actor) ?? NONE;
  }

  /** The innermost step of a thread at a moment, its edges included. */
  stepAt(thread: number, atMs: number, accepts?: (step: StepSpan) => boolean): StepSpan | undefined {
    const { all, latestEnds } = this.stepsOn(thread);
    // Steps nest, so the one that began last is the innermost. Going back ends where
    // no earlier step reaches this far.
    for (let place = lastUpTo(all, beginOf, atMs); place >= 0 && (latestEnds[place] ?? 0) >= atMs; place--) {
      const step = all[place] as StepSpan;
      if (step.endMs >= atMs && accepts?.(step) !== false) return step;
    }
    return undefined;
  }

  /**
   * The actor whose code ran on a thread at a moment, its edges included. `undefined` if
   * records are missing within the step: its code may have given the thread back and
   * gone on meanwhile, with another's in between.
   */
  actorAt(thread: number, atMs: number, accepts?: (step: StepSpan) => boolean): number | undefined {
    const step = this.stepAt(thread, atMs, accepts);
    if (step === undefined) return undefined;
    const gaps = this.#lanes.get(thread)?.gaps ?? NONE;
    const gap = gaps[lastUpTo(gaps, ({ endMs }) => endMs, step.beginMs) + 1];
    return gap !== undefined && gap.beginMs < step.endMs ? undefined : this.actorOf(step.subject);
  }

  /** All waits, in order of beginning. */
  get waits(): readonly SeenWait[] {
    if (this.#waits === undefined) {
      const targets = readTargets(this.trace);
      const lines = readLines(this.trace);
      this.#waits = this.timeline.waits.map((span) => ({
        span,
        actor: this.#waiterOf(span),
        way: wayOfWait(span.name),
        target: targets.get(span.id),
        line: lines.get(span.id),
      }));
    }
    return this.#waits;
  }

  /** In whose code the wait began; where that was not seen, whose scope could have cancelled it. */
  #waiterOf(wait: WaitSpan): number {
    const actor = wait.begin === "seen" ? this.actorAt(wait.thread, wait.beginMs) : undefined;
    return actor ?? this.actorOf(wait.scope);
  }

  waitsOf(actor: number): readonly SeenWait[] {
    this.#waitsOf ??= groupBy(this.waits, (wait) => wait.actor);
    return this.#waitsOf.get(actor) ?? NONE;
  }

  get resources(): readonly Resource[] {
    this.#resources ??= readResources(
      this.trace,
      this.timeline,
      this.waits,
      (thread, atMs) => this.actorAt(thread, atMs),
      (subject) => this.actorOf(subject),
    );
    return this.#resources;
  }

  /** What is held until this scope has ended. */
  holdOfBlock(scope: number): Hold | undefined {
    this.#holdByBlock ??= new Map(
      this.resources.flatMap(({ holds }) =>
        holds.flatMap((hold) => (hold.block === undefined ? [] : [[hold.block, hold] as const])),
      ),
    );
    return this.#holdByBlock.get(scope);
  }

  resource(id: number | undefined): Resource | undefined {
    if (id === undefined) return undefined;
    this.#resourceById ??= new Map(this.resources.map((resource) => [resource.id, resource]));
    return this.#resourceById.get(id);
  }
}

export interface ThreadSteps {
  /** In order of beginning. */
  readonly all: readonly StepSpan[];
  /** For each of them the latest end among it and those before it. */
  readonly latestEnds: readonly number[];
  readonly top: readonly StepSpan[];
}

const NO_STEPS: ThreadSteps = { all: NONE, latestEnds: NONE, top: NONE };

function groupSteps(steps: readonly StepSpan[]): ReadonlyMap<number, ThreadSteps> {
  const grouped = new Map<number, ThreadSteps>();
  for (const [thread, all] of groupBy(steps, (step) => step.thread)) {
    let latestMs = -Infinity;
    const latestEnds = all.map(({ endMs }) => (latestMs = Math.max(latestMs, endMs)));
    grouped.set(thread, { all, latestEnds, top: outermost(all) });
  }
  return grouped;
}

function beginOf({ beginMs }: StepSpan): number {
  return beginMs;
}

export function groupBy<Key, Thing>(
  things: readonly Thing[],
  keyOf: (thing: Thing) => Key,
): ReadonlyMap<Key, readonly Thing[]> {
  const groups = new Map<Key, Thing[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [thing]);
    else group.push(thing);
  }
  return groups;
}

const indexes = new WeakMap<Timeline, TraceIndex>();

/** The index of a trace, made once for each timeline. */
export function indexOf(trace: Trace, timeline: Timeline): TraceIndex {
  let index = indexes.get(timeline);
  if (index === undefined) {
    index = new TraceIndex(trace, timeline);
    indexes.set(timeline, index);
  }
  return index;
}
