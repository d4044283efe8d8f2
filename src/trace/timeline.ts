/**
 * From raw records to spans: what ran when, on which thread, inside what.
 *
 * A trace may begin in the middle of things, end there, and miss records in
 * between. The rule for all of it: a span covers only time in which its job,
 * scope, wait or step was surely there, and each edge says what it rests on. So
 * nothing shows as running on because the record of its end was lost.
 *
 * That leans on three facts of the records:
 * - those of one thread are in order, and a loss is known by its place;
 * - a job, scope or wait is begun and ended on the same thread, its home, whose
 *   index its identity carries;
 * - a thread's synchronous steps nest, as its calls do.
 */
import { ProbeKind, ProbeOutcome, type ProbeOutcomeValue, type ProbeRecord } from "../core/probe.js";
import type {
  CancelMark,
  Edge,
  JobSpan,
  LaneGap,
  Outcome,
  ScopeSpan,
  StepSpan,
  ThreadLane,
  Timeline,
  WaitSpan,
} from "./spans.js";
import { PoolTracks } from "./pool-tracks.js";
import { StepStack } from "./step-stack.js";
import type { ThreadTrace, Trace } from "./trace.js";

/** What is known so far of a job, scope or wait. */
interface Draft {
  readonly id: number;
  what: "job" | "scope" | "wait" | undefined;
  /** The first and last sign of it, on any thread. */
  firstMs: number;
  lastMs: number;
  /** How many gaps of its home came before the first and last sign there; -1 without one. */
  gapsBeforeFirst: number;
  gapsBeforeLast: number;
  begunMs: number | undefined;
  endedMs: number | undefined;
  name: string | undefined;
  spawnSite: string | undefined;
  /** The scope named by the record of its beginning. */
  around: number;
  /** What the wait is for. */
  target: number;
  outcome: Outcome | undefined;
  queuedMs: number | undefined;
  startedMs: number | undefined;
  ranOn: number | undefined;
  /** The job that may have opened this scope as its own. */
  maybeJob: number | undefined;
  steps: StepSpan[] | undefined;
}

/** An edge of a span, and what it rests on. */
interface KnownEdge {
  readonly atMs: number;
  readonly edge: Edge;
}

/** Kinds of records that are about jobs, scopes and waits. Others, and those of later versions, make no span. */
const OF_SPANS: ReadonlySet<number> = new Set([
  ProbeKind.jobSpawn,
  ProbeKind.spawnedAt,
  ProbeKind.jobQueue,
  ProbeKind.jobStart,
  ProbeKind.jobSuspend,
  ProbeKind.jobResume,
  ProbeKind.jobStop,
  ProbeKind.jobEnd,
  ProbeKind.scopeOpen,
  ProbeKind.scopeEnd,
  ProbeKind.waitBegin,
  ProbeKind.waitEnd,
  ProbeKind.waitOn,
]);

const NO_STEPS: readonly StepSpan[] = [];

const OUTCOMES = Object.fromEntries(Object.entries(ProbeOutcome).map(([name, value]) => [value, name])) as {
  readonly [Value in ProbeOutcomeValue]?: Outcome;
};

/** The thread on which an identity was made; see `nextIdentity`. */
function homeOf(id: number): number {
  return Math.floor(id / 2 ** 40);
}

/**
 * Makes the timeline of a trace.
 *
 * **Cost** A pass over the records, and sorting.
 *
 * @since 0.1.0
 */
export function buildTimeline(trace: Trace): Timeline {
  return new TimelineBuilder(trace).build();
}

class TimelineBuilder {
  readonly #trace: Trace;
  readonly #durationMs: number;
  readonly #lanes = new Map<number, ThreadLane>();
  readonly #drafts = new Map<number, Draft>();
  readonly #steps: StepSpan[] = [];
  readonly #cancels: CancelMark[] = [];
  readonly #pools = new PoolTracks();

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#durationMs = Math.max(0, trace.stoppedMs - trace.startedMs);
  }

  build(): Timeline {
    for (const thread of this.#trace.threads) this.#readThread(thread);
    const jobs: JobSpan[] = [];
    const scopes: ScopeSpan[] = [];
    const waits: WaitSpan[] = [];
    for (const step of this.#steps) {
      const draft = this.#drafts.get(step.subject);
      if (draft?.steps !== undefined) draft.steps.push(step);
      else if (draft !== undefined) draft.steps = [step];
    }
    for (const draft of this.#drafts.values()) {
      // A scope's body runs at home, so what runs elsewhere is a job.
      if (draft.what === "job" || (draft.what === undefined && this.#ranElsewhere(draft))) jobs.push(this.#job(draft));
      else if (draft.what === "scope") scopes.push(this.#scope(draft));
      else if (draft.what === "wait") waits.push(this.#wait(draft));
    }
    return {
      durationMs: this.#durationMs,
      startedMs: this.#trace.startedMs,
      threads: [...this.#lanes.values()],
      jobs: jobs.sort(byBegin),
      scopes: scopes.sort(byBegin),
      waits: waits.sort(byBegin),
      // Of steps that begin at once, the longer one is around the other.
      steps: this.#steps.sort((a, b) => a.beginMs - b.beginMs || b.endMs - a.endMs),
      cancels: this.#cancels.sort((a, b) => a.atMs - b.atMs),
      ...this.#pools.finish(),
      droppedRecords: this.#trace.threads.flatMap(({ gaps }) => gaps).reduce((sum, gap) => sum + gap.dropped, 0),
      usage: this.#trace.usage,
    };
  }

  #withinMs(epochMs: number): number {
    return Math.min(this.#durationMs, Math.max(0, epochMs - this.#trace.startedMs));
  }

  #readThread(thread: ThreadTrace): void {
    const fromMs = this.#withinMs(thread.fromMs);
    const toMs = Math.max(fromMs, this.#withinMs(thread.toMs));
    const gaps: LaneGap[] = [];
    const steps = new StepStack(thread.index, fromMs);
    this.#pools.beginThread(fromMs);
    let lastMs = fromMs;
    let lastStarted: number | undefined;
    let nextGap = 0;
    const passGaps = (index: number, untilMs: number): void => {
      for (let gap = thread.gaps[nextGap]; gap !== undefined && gap.at <= index; gap = thread.gaps[++nextGap]) {
        gaps.push({ beginMs: lastMs, endMs: untilMs, dropped: gap.dropped });
        steps.gap(lastMs, untilMs);
        this.#pools.gap(thread.index, lastMs);
        lastStarted = undefined;
      }
    };
    thread.records.forEach((record, index) => {
      const atMs = Math.min(toMs, Math.max(lastMs, this.#withinMs(record.timeMs)));
      passGaps(index, atMs);
      if (!this.#pools.read(record, atMs, thread)) this.#readRecord(record, atMs, thread, gaps.length, lastStarted);
      if (record.kind === ProbeKind.jobStart || record.kind === ProbeKind.jobResume) steps.start(record.subject, atMs);
      else if (record.kind === ProbeKind.jobSuspend) steps.suspend(record.subject, atMs);
      else if (record.kind === ProbeKind.jobStop) steps.stop(record.subject, atMs);
      lastStarted = record.kind === ProbeKind.jobStart ? record.subject : undefined;
      lastMs = atMs;
    });
    passGaps(thread.records.length, toMs);
    this.#pools.endThread(thread.index, toMs);
    for (const step of steps.finish(toMs)) this.#steps.push(step);
    this.#lanes.set(thread.index, {
      index: thread.index,
      name: thread.name,
      fromMs,
      toMs,
      hasEnded: thread.hasEnded,
      gaps,
    });
  }

  #readRecord(
    record: ProbeRecord,
    atMs: number,
    thread: ThreadTrace,
    gapsBefore: number,
    lastStarted: number | undefined,
  ): void {
    if (record.kind === ProbeKind.cancel) {
      this.#cancels.push({ atMs, subject: record.subject, thread: thread.index });
      return;
    }
    if (!OF_SPANS.has(record.kind)) return;
    const draft = this.#draftOf(record.subject, atMs, thread.index, gapsBefore);
    switch (record.kind) {
      case ProbeKind.jobSpawn:
        return noteBegin(draft, "job", atMs, record, thread);
      case ProbeKind.spawnedAt:
        draft.spawnSite ??= thread.texts[record.value];
        return undefined;
      case ProbeKind.jobQueue:
        draft.what ??= "job";
        draft.queuedMs ??= atMs;
        return undefined;
      case ProbeKind.jobStart:
        draft.startedMs ??= atMs;
        draft.ranOn = thread.index;
        return undefined;
      case ProbeKind.jobSuspend:
      case ProbeKind.jobResume:
      case ProbeKind.jobStop:
        draft.ranOn = thread.index;
        return undefined;
      case ProbeKind.jobEnd:
        return noteEnd(draft, "job", atMs, record);
      case ProbeKind.scopeOpen:
        if (draft.begunMs === undefined) draft.maybeJob = lastStarted;
        return noteBegin(draft, "scope", atMs, record, thread);
      case ProbeKind.scopeEnd:
        return noteEnd(draft, "scope", atMs, record);
      case ProbeKind.waitBegin:
        return noteBegin(draft, "wait", atMs, record, thread);
      case ProbeKind.waitEnd:
        return noteEnd(draft, "wait", atMs, record);
      case ProbeKind.waitOn:
        draft.target = record.other;
        return undefined;
      default:
        return undefined;
    }
  }

  #draftOf(id: number, atMs: number, thread: number, gapsBefore: number): Draft {
    let draft = this.#drafts.get(id);
    if (draft === undefined) {
      draft = {
        id,
        what: undefined,
        firstMs: atMs,
        lastMs: atMs,
        gapsBeforeFirst: -1,
        gapsBeforeLast: -1,
        begunMs: undefined,
        endedMs: undefined,
        name: undefined,
        spawnSite: undefined,
        around: 0,
        target: 0,
        outcome: undefined,
        queuedMs: undefined,
        startedMs: undefined,
        ranOn: undefined,
        maybeJob: undefined,
        steps: undefined,
      };
      this.#drafts.set(id, draft);
    }
    draft.firstMs = Math.min(draft.firstMs, atMs);
    draft.lastMs = Math.max(draft.lastMs, atMs);
    if (thread === homeOf(id)) {
      if (draft.gapsBeforeFirst === -1) draft.gapsBeforeFirst = gapsBefore;
      draft.gapsBeforeLast = gapsBefore;
    }
    return draft;
  }

  #ranElsewhere(draft: Draft): boolean {
    return draft.ranOn !== undefined && draft.ranOn !== homeOf(draft.id);
  }

  #beginOf(draft: Draft): KnownEdge {
    if (draft.begunMs !== undefined) return { atMs: draft.begunMs, edge: "seen" };
    const home = this.#lanes.get(homeOf(draft.id));
    if (home === undefined) return { atMs: draft.firstMs, edge: "dropped" };
    if (draft.gapsBeforeFirst > 0) {
      // Its beginning was lost in a gap before that sign: at the latest in the last one.
      const gapEndMs = home.gaps[draft.gapsBeforeFirst - 1]?.endMs ?? draft.firstMs;
      return { atMs: Math.min(draft.firstMs, gapEndMs), edge: "dropped" };
    }
    if (draft.gapsBeforeFirst === -1 && home.gaps.length > 0) return { atMs: draft.firstMs, edge: "dropped" };
    return { atMs: Math.min(draft.firstMs, home.fromMs), edge: "outside" };
  }

  #endOf(draft: Draft): KnownEdge {
    if (draft.endedMs !== undefined) return { atMs: draft.endedMs, edge: "seen" };
    const home = this.#lanes.get(homeOf(draft.id));
    if (home === undefined || (draft.gapsBeforeLast === -1 && home.gaps.length > 0)) {
      return { atMs: draft.lastMs, edge: "dropped" };
    }
    // The first gap after the last sign of it may hold its end.
    const gap = draft.gapsBeforeLast === -1 ? undefined : home.gaps[draft.gapsBeforeLast];
    if (gap !== undefined) return { atMs: Math.max(draft.lastMs, gap.beginMs), edge: "dropped" };
    return { atMs: Math.max(draft.lastMs, home.toMs), edge: "outside" };
  }

  #job(draft: Draft): JobSpan {
    const begin = this.#beginOf(draft);
    const end = this.#endOf(draft);
    // Clocks of two threads may differ by a hair on some platforms.
    const startedMs = draft.startedMs === undefined ? undefined : Math.max(begin.atMs, draft.startedMs);
    return {
      id: draft.id,
      name: draft.name,
      spawnSite: draft.spawnSite,
      scope: draft.around,
      thread: homeOf(draft.id),
      beginMs: begin.atMs,
      endMs: Math.max(begin.atMs, end.atMs, startedMs ?? 0),
      begin: begin.edge,
      end: end.edge,
      queuedMs: draft.queuedMs,
      startedMs,
      ranOn: draft.ranOn,
      waitMs: draft.begunMs === undefined || startedMs === undefined ? undefined : startedMs - draft.begunMs,
      outcome: draft.outcome,
      steps: draft.steps ?? NO_STEPS,
    };
  }

  #scope(draft: Draft): ScopeSpan {
    const begin = this.#beginOf(draft);
    const end = this.#endOf(draft);
    return {
      id: draft.id,
      name: draft.name,
      parent: draft.around,
      job: this.#ownerOf(draft),
      thread: homeOf(draft.id),
      beginMs: begin.atMs,
      endMs: Math.max(begin.atMs, end.atMs),
      begin: begin.edge,
      end: end.edge,
      outcome: draft.outcome,
      steps: draft.steps ?? NO_STEPS,
    };
  }

  /** The job whose own scope this is: it bears the job's name and stands where the job does. */
  #ownerOf(scope: Draft): number | undefined {
    const job = scope.maybeJob === undefined ? undefined : this.#drafts.get(scope.maybeJob);
    if (job === undefined || job.what === "scope") return undefined;
    if (job.name !== undefined && job.name !== scope.name) return undefined;
    const isItsPlace = scope.around === 0 ? this.#ranElsewhere(job) : scope.around === job.around;
    return isItsPlace ? job.id : undefined;
  }

  #wait(draft: Draft): WaitSpan {
    const begin = this.#beginOf(draft);
    const end = this.#endOf(draft);
    return {
      id: draft.id,
      name: draft.name,
      scope: draft.around,
      target: draft.target,
      thread: homeOf(draft.id),
      beginMs: begin.atMs,
      endMs: Math.max(begin.atMs, end.atMs),
      begin: begin.edge,
      end: end.edge,
      outcome: draft.outcome,
    };
  }
}

// What is seen first stays.

function noteBegin(draft: Draft, what: Draft["what"], atMs: number, record: ProbeRecord, thread: ThreadTrace): void {
  draft.what ??= what;
  draft.begunMs ??= atMs;
  draft.name ??= thread.texts[record.value];
  draft.around ||= record.other;
}

function noteEnd(draft: Draft, what: Draft["what"], atMs: number, record: ProbeRecord): void {
  draft.what ??= what;
  draft.endedMs ??= atMs;
  draft.outcome ??= OUTCOMES[record.value as ProbeOutcomeValue];
}

function byBegin(a: JobSpan | ScopeSpan | WaitSpan, b: JobSpan | ScopeSpan | WaitSpan): number {
  return a.beginMs - b.beginMs || a.id - b.id;
}
