/**
 * The critical path: what a job or scope really waited for, from its end back to its
 * beginning.
 *
 * At each moment the path is in the code of one actor. Going back in time it
 * - runs along a step while that is inside one;
 * - at the end of a wait goes over to whoever ended it: the code that let a lock go,
 *   sent an item, or was the job that was joined. If nobody of the program did, the
 *   time is the wait's own: a timer's, or the world's outside;
 * - at its beginning goes over to whoever spawned it;
 * - is ready where a wait was over or a job spawned, and its code had not gone on yet.
 *
 * Invariant: time goes back with each turn of the walk, or stays and the actor
 * changes to one that has not been visited at this moment. So it ends.
 */
import type { Badge } from "./figures.js";
import type { Hold, SeenWait } from "./resources.js";
import type { JobSpan, ScopeSpan, StepSpan, Timeline, WaitSpan } from "./spans.js";
import { type Stretch, StretchList } from "./stretches.js";
import { groupBy, indexOf, type TraceIndex } from "./trace-index.js";
import type { Trace } from "./trace.js";
import { type Way, WAYS } from "./wait-ways.js";

/**
 * A stretch of the path, in one actor.
 *
 * @since 0.1.0
 */
export interface PathStretch {
  readonly beginMs: number;
  readonly endMs: number;
  readonly way: Way;
  /** The job or scope that was on the path. */
  readonly subject: number;
  /** The thread that ran, or whose turn was waited for; `undefined` if none was. */
  readonly thread: number | undefined;
  /** The wait, if it was one. */
  readonly wait: number | undefined;
  /** How the path came to the stretch that follows: within the same actor, or from one to the other. */
  readonly next: "goes on" | "unblocks" | "spawns" | "ends in" | "is the end";
}

/**
 * The critical path of a job or scope.
 *
 * @since 0.1.0
 */
export interface CriticalPath {
  /** In order of time, without a break. */
  readonly stretches: readonly PathStretch[];
  /** Milliseconds of the path by what they were spent with. */
  readonly byWay: Readonly<Record<Way, number>>;
  readonly beginMs: number;
  readonly endMs: number;
  /** False if the path goes back to where nothing is known, not to the beginning. */
  readonly isComplete: boolean;
  readonly badge: Badge;
}

/** Records of one cause and its effect, as an unlock and the end of a wait, lie this close at most. */
const SAME_MOMENT_MS = 0.05;
/** A scope that ends later than this after the last job in it had something else to do. */
const SOON_MS = 1;
/** A path of more stretches is cut, so that a broken trace costs no more than this. */
const MOST_STRETCHES = 100_000;

/**
 * Finds the critical path to the end of a job or scope, from its beginning on.
 *
 * @param subject - identity of a job or scope
 * @returns `undefined` if it is not in the timeline
 *
 * **Cost** Sorting the waits and jobs once a call, then logarithmic for each stretch.
 *
 * @since 0.1.0
 */
export function criticalPath(trace: Trace, timeline: Timeline, subject: number): CriticalPath | undefined {
  const index = indexOf(trace, timeline);
  const target = index.jobs.get(subject) ?? index.scopes.get(subject);
  return target === undefined ? undefined : new PathWalk(index, target).walk();
}

interface WaitStretch extends Stretch {
  readonly wait: SeenWait;
}

/** Where the path comes from. */
interface Comer {
  readonly actor: number;
  readonly atMs: number;
  readonly next: PathStretch["next"];
}

class PathWalk {
  readonly #index: TraceIndex;
  readonly #fromMs: number;
  readonly #endMs: number;
  /** Those that were seen to end, by the actor that they are in. */
  readonly #children: ReadonlyMap<number, StretchList<JobSpan | ScopeSpan>>;
  readonly #jobs: StretchList<JobSpan>;
  readonly #stepsOf = new Map<number, StretchList<StepSpan>>();
  readonly #waitsOf = new Map<number, StretchList<WaitStretch>>();
  readonly #holds = new Map<number, StretchList<Hold>>();
  readonly #stretches: PathStretch[] = [];
  #actor: number;
  #atMs: number;
  #next: PathStretch["next"] = "is the end";
  /** Actors that the path was in at this moment. */
  readonly #visited = new Set<number>();
  #isComplete = true;
  #isInferred = false;

  constructor(index: TraceIndex, target: JobSpan | ScopeSpan) {
    this.#index = index;
    this.#fromMs = target.beginMs;
    this.#endMs = target.endMs;
    this.#actor = index.actorOf(target.id);
    this.#atMs = target.endMs;
    this.#isInferred = target.end !== "seen" || index.timeline.droppedRecords > 0;
    const { jobs, scopes } = index.timeline;
    const inner = [...jobs, ...scopes.filter(({ job }) => job === undefined)].sort((a, b) => a.beginMs - b.beginMs);
    const children = groupBy(
      inner.filter(({ end }) => end === "seen"),
      (child) => this.#parentOf(child),
    );
    this.#children = new Map([...children].map(([parent, list]) => [parent, new StretchList(list)]));
    this.#jobs = new StretchList(jobs.filter(({ end }) => end === "seen"));
  }

  #parentOf(child: JobSpan | ScopeSpan): number {
    return this.#index.actorOf("parent" in child ? child.parent : child.scope);
  }

  walk(): CriticalPath {
    while (this.#atMs > this.#fromMs && this.#stretches.length < MOST_STRETCHES) {
      if (!this.#stepBack()) {
        this.#isComplete = false;
        break;
      }
    }
    const byWay = Object.fromEntries(WAYS.map((way) => [way, 0])) as Record<Way, number>;
    for (const { way, beginMs, endMs } of this.#stretches) byWay[way] += endMs - beginMs;
    return {
      stretches: this.#stretches.reverse(),
      byWay,
      beginMs: this.#atMs,
      endMs: this.#endMs,
      isComplete: this.#isComplete && this.#atMs <= this.#fromMs,
      badge: this.#isInferred ? "inferred" : "measured",
    };
  }

  /** @returns false if nothing is known of what was before */
  #stepBack(): boolean {
    const atMs = this.#atMs;
    this.#visited.add(this.#actor);
    const step = this.#steps().under(atMs);
    if (step !== undefined) return this.#take(step.beginMs, "running", step.thread);
    const wait = this.#waits().under(atMs);
    if (wait !== undefined) return this.#passWait(wait.wait);
    const child = this.#childEndedAt(atMs);
    if (child !== undefined) return this.#goOver(this.#index.actorOf(child.id), child.endMs, "ends in");
    return this.#passGap(atMs);
  }

  /** Adds the time from `beginMs` on to the path. */
  #take(beginMs: number, way: Way, thread: number | undefined, wait?: number): boolean {
    const begin = Math.max(beginMs, this.#fromMs);
    if (begin >= this.#atMs) return false;
    this.#stretches.push({
      beginMs: begin,
      endMs: this.#atMs,
      way,
      subject: this.#actor,
      thread,
      wait,
      next: this.#next,
    });
    this.#next = "goes on";
    this.#atMs = begin;
    this.#visited.clear();
    return true;
  }

  /** Another actor is where the path comes from; until then this one was ready to go on. */
  #goOver(actor: number, atMs: number, next: PathStretch["next"], thread?: number): boolean {
    if (atMs < this.#atMs && !this.#take(atMs, "ready", thread)) return false;
    if (this.#visited.has(actor)) return false;
    this.#actor = actor;
    this.#next = next;
    return true;
  }

  #steps(): StretchList<StepSpan> {
    let steps = this.#stepsOf.get(this.#actor);
    if (steps === undefined) {
      steps = new StretchList(this.#index.stepsOf(this.#actor));
      this.#stepsOf.set(this.#actor, steps);
    }
    return steps;
  }

  #waits(): StretchList<WaitStretch> {
    let waits = this.#waitsOf.get(this.#actor);
    if (waits === undefined) {
      const own = this.#index.waitsOf(this.#actor);
      waits = new StretchList(own.map((wait) => ({ beginMs: wait.span.beginMs, endMs: wait.span.endMs, wait })));
      this.#waitsOf.set(this.#actor, waits);
    }
    return waits;
  }

  #passWait(wait: SeenWait): boolean {
    const { span } = wait;
    if (span.end === "seen" && span.endMs - this.#atMs < SAME_MOMENT_MS) {
      const by = this.#whoEnded(wait);
      if (by !== undefined && by.actor !== this.#actor && !this.#visited.has(by.actor)) {
        return this.#goOver(by.actor, Math.min(by.atMs, this.#atMs), by.next);
      }
    } else {
      this.#isInferred = true;
    }
    // The step in which it began went on for a moment.
    const step = this.#steps().endedBefore(this.#atMs);
    return this.#take(Math.max(span.beginMs, step?.endMs ?? 0), wait.way, undefined, span.id);
  }

  #whoEnded({ span, way, target }: SeenWait): Comer | undefined {
    if (way === "jobs") {
      const job = (target === undefined ? undefined : this.#index.jobs.get(target)) ?? this.#joinedJob(span);
      return job === undefined ? undefined : { actor: job.id, atMs: job.endMs, next: "ends in" };
    }
    if (way === "io") return undefined;
    // Of a lock, who let it go; of anything else, who ran when the wait was over.
    const letGo = this.#holdsOf(target)?.endedBefore(span.endMs + SAME_MOMENT_MS, true);
    if (letGo !== undefined && letGo.endMs > span.beginMs) {
      return { actor: this.#index.actorOf(letGo.holder), atMs: Math.min(letGo.endMs, span.endMs), next: "unblocks" };
    }
    const step = this.#index.stepAt(span.thread, span.endMs);
    if (step === undefined) return undefined;
    return { actor: this.#index.actorOf(step.subject), atMs: span.endMs, next: "unblocks" };
  }

  /** Of a lock: the times for which it was held, as far as it is known by whom and until when. */
  #holdsOf(target: number | undefined): StretchList<Hold> | undefined {
    const resource = this.#index.resource(target);
    if (resource === undefined) return undefined;
    let holds = this.#holds.get(resource.id);
    if (holds === undefined) {
      holds = new StretchList(resource.holds.filter(({ end, holder }) => end === "seen" && holder !== 0));
      this.#holds.set(resource.id, holds);
    }
    return holds;
  }

  /** Joins end in the same breath as the job. */
  #joinedJob(wait: WaitSpan): JobSpan | undefined {
    const job = this.#jobs.endedBefore(wait.endMs, true);
    if (job === undefined || wait.endMs - job.endMs >= SAME_MOMENT_MS) return undefined;
    return wait.name === undefined || job.name === undefined || wait.name.includes(job.name) ? job : undefined;
  }

  /** A scope ends when the last of what is in it has. */
  #childEndedAt(atMs: number): JobSpan | ScopeSpan | undefined {
    const last = this.#lastChild(atMs);
    if (last === undefined || atMs - last.endMs >= SOON_MS || this.#visited.has(this.#index.actorOf(last.id))) {
      return undefined;
    }
    return last.endMs > this.#lastSign(atMs) ? last : undefined;
  }

  #lastChild(atMs: number): JobSpan | ScopeSpan | undefined {
    return this.#children.get(this.#actor)?.endedBefore(atMs, true);
  }

  /** The last moment before at which the actor did anything itself. */
  #lastSign(atMs: number): number {
    const step = this.#steps().endedBefore(atMs);
    const wait = this.#waits().endedBefore(atMs);
    return Math.max(step?.endMs ?? -Infinity, wait?.endMs ?? -Infinity);
  }

  /** Between what is known of the actor, or before it began. */
  #passGap(atMs: number): boolean {
    const job = this.#index.jobs.get(this.#actor);
    const span = job ?? this.#index.scopes.get(this.#actor);
    const begunMs = span?.beginMs ?? -Infinity;
    if (atMs <= begunMs) return this.#passBeginning(span);
    const signMs = this.#lastSign(atMs);
    // A wait that has ended, and code that has not gone on yet.
    const wait = this.#waits().endedBefore(atMs);
    if (wait !== undefined && wait.endMs === signMs) return this.#take(signMs, "ready", wait.wait.span.thread);
    const startedMs = job?.startedMs;
    if (job !== undefined && signMs === -Infinity && startedMs !== undefined && atMs <= startedMs) {
      return this.#take(begunMs, "ready", job.ranOn ?? job.thread);
    }
    // The job was done on another thread, and its outcome had not come yet.
    const step = this.#steps().endedBefore(atMs);
    const isOnTheWay =
      job !== undefined && step !== undefined && step.thread !== job.thread && !step.isSuspended && atMs === job.endMs;
    if (isOnTheWay) return this.#take(step.endMs, "ready", job.thread);
    // The code gave its thread back for something that none of the records tells of.
    this.#isInferred = true;
    const childMs = this.#lastChild(atMs)?.endMs ?? -Infinity;
    const knownMs = childMs < atMs ? Math.max(signMs, childMs) : signMs;
    return this.#take(Math.max(knownMs, begunMs), "io", undefined);
  }

  #passBeginning(span: JobSpan | ScopeSpan | undefined): boolean {
    if (span === undefined || span.begin !== "seen") return false;
    const step = this.#index.stepAt(
      span.thread,
      span.beginMs,
      ({ subject }) => this.#index.actorOf(subject) !== this.#actor,
    );
    const parent = this.#parentOf(span);
    const spawner = step === undefined ? (parent === 0 ? undefined : parent) : this.#index.actorOf(step.subject);
    if (spawner === undefined || this.#visited.has(spawner)) return false;
    this.#actor = spawner;
    this.#next = "spawns";
    return true;
  }
}
