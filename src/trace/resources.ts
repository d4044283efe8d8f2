/**
 * Who held what, who waited for it, and how full channels were, from the records.
 *
 * The rule is that of timelines: what is said to be held surely was. A record that is
 * missing may be that of a release, so at a gap of any thread nothing counts as held
 * any more until it is seen to be acquired anew.
 */
import { ProbeKind, type ProbeRecord } from "../core/probe.js";
import type { Level } from "./levels.js";
import type { Edge, LaneGap, ThreadLane, Timeline, WaitSpan } from "./spans.js";
import { lastUpTo } from "./stretches.js";
import type { ThreadTrace, Trace } from "./trace.js";
import { type ResourceKind, resourceKindOf, isExclusive, type Way } from "./wait-ways.js";

/** A stretch in which something was held. */
export interface Hold {
  readonly resource: number;
  /** The job or scope whose code acquired it; 0 if it is not known. */
  readonly holder: number;
  /** The scope before whose end it can't be let go, if it is held for one. */
  readonly block: number | undefined;
  /** Where it was acquired. */
  readonly thread: number;
  readonly beginMs: number;
  readonly endMs: number;
  readonly begin: Edge;
  readonly end: Edge;
}

/** A wait, with who waits and for what. */
export interface SeenWait {
  readonly span: WaitSpan;
  /** The job or scope whose code waits; 0 if it is not known. */
  readonly actor: number;
  readonly way: Exclude<Way, "running" | "ready">;
  /** The lock or channel, or the job that is joined; `undefined` if it is not known. */
  readonly target: number | undefined;
  /** The line of a stack where it began, of those of which that was noted. */
  readonly line: string | undefined;
}

/** A lock or a channel. */
export interface Resource {
  readonly id: number;
  readonly kind: ResourceKind;
  /** Empty if it has none. */
  readonly name: string;
  /** In order of beginning. */
  readonly holds: readonly Hold[];
  readonly waits: readonly SeenWait[];
  /** Of a channel: how full it was. Empty if that was not seen. */
  readonly levels: readonly Level[];
}

/** What is known of a resource while its records are read. */
interface Draft {
  readonly id: number;
  kind: ResourceKind;
  name: string;
  readonly open: OpenHold[];
  /** When it was last let go, whoever held it. */
  releasedMs: number;
  readonly holds: Hold[];
  readonly levels: Level[];
}

interface OpenHold {
  readonly holder: number;
  /** Who holds it as the records have it; a scope, as it may be, in which several jobs run. */
  readonly named: number;
  /** Known a moment after it was acquired. */
  block: number | undefined;
  readonly thread: number;
  readonly beginMs: number;
  readonly begin: Edge;
}

const OF_RESOURCES: ReadonlySet<number> = new Set([
  ProbeKind.acquired,
  ProbeKind.heldInBlock,
  ProbeKind.released,
  ProbeKind.channelLevel,
]);

/** By the number of a wait: what it is for. */
export function readTargets(trace: Trace): ReadonlyMap<number, number> {
  const targets = new Map<number, number>();
  for (const { records } of trace.threads) {
    for (const { kind, subject, other } of records) if (kind === ProbeKind.waitOn) targets.set(subject, other);
  }
  return targets;
}

/** By the number of a wait: the line of a stack where it began. */
export function readLines(trace: Trace): ReadonlyMap<number, string> {
  const lines = new Map<number, string>();
  for (const { records, texts } of trace.threads) {
    for (const { kind, subject, value } of records) {
      const line = kind === ProbeKind.waitAt ? texts[value] : undefined;
      if (line !== undefined) lines.set(subject, line);
    }
  }
  return lines;
}

/** Whose code ran on a thread at a moment; `undefined` if that is not known. */
export type ActorAt = (thread: number, atMs: number) => number | undefined;

/**
 * @param waits - all of them, in order of beginning
 * @param actorOf - the job whose own scope a scope is, or itself
 */
export function readResources(
  trace: Trace,
  timeline: Timeline,
  waits: readonly SeenWait[],
  actorAt: ActorAt,
  actorOf: (subject: number) => number,
): readonly Resource[] {
  return new ResourceReader(trace, timeline, waits, actorAt, actorOf).read();
}

/** The records of a wait's end and of what it was granted lie this close at most. */
const SAME_MOMENT_MS = 0.05;

/** What bears on resources on one thread, one after the other: records, and where they are missing. */
class Course {
  readonly thread: number;
  /** When the present one was; `Infinity` at the end. */
  atMs = 0;
  /** `undefined` where records are missing from here on. */
  record: ProbeRecord | undefined = undefined;
  readonly #records: readonly ProbeRecord[];
  readonly #gaps: readonly LaneGap[];
  readonly #startedMs: number;
  readonly #durationMs: number;
  #nextRecord = 0;
  #nextGap = 0;

  constructor({ index, records }: ThreadTrace, { durationMs, startedMs, threads }: Timeline) {
    this.thread = index;
    this.#records = records;
    this.#gaps = threads.find((lane) => lane.index === index)?.gaps ?? [];
    this.#startedMs = startedMs;
    this.#durationMs = durationMs;
    this.next();
  }

  /** A record comes before a gap of the same moment, which begins with the last record before it. */
  isBefore(other: Course | undefined): boolean {
    if (other === undefined || this.atMs < other.atMs) return true;
    return this.atMs === other.atMs && this.record !== undefined && other.record === undefined;
  }

  next(): void {
    let record = this.#records[this.#nextRecord];
    while (record !== undefined && !OF_RESOURCES.has(record.kind)) record = this.#records[++this.#nextRecord];
    const gapMs = this.#gaps[this.#nextGap]?.beginMs ?? Infinity;
    const recordMs =
      record === undefined ? Infinity : Math.min(this.#durationMs, Math.max(0, record.timeMs - this.#startedMs));
    if (recordMs <= gapMs) {
      this.record = record;
      this.atMs = recordMs;
      this.#nextRecord++;
    } else {
      this.record = undefined;
      this.atMs = gapMs;
      this.#nextGap++;
    }
  }
}

class ResourceReader {
  readonly #trace: Trace;
  readonly #timeline: Timeline;
  readonly #actorAt: ActorAt;
  readonly #actorOf: (subject: number) => number;
  readonly #drafts = new Map<number, Draft>();
  readonly #jobs: ReadonlySet<number>;
  readonly #lanes: ReadonlyMap<number, ThreadLane>;
  /** By thread: ends of granted waits without a known target, in order. */
  readonly #strayEnds = new Map<number, number[]>();
  readonly #waits = new Map<number, SeenWait[]>();
  /** Granted ones by their end; of each resource how many have been looked at. */
  readonly #granted = new Map<number, { readonly waits: SeenWait[]; next: number }>();

  constructor(
    trace: Trace,
    timeline: Timeline,
    waits: readonly SeenWait[],
    actorAt: ActorAt,
    actorOf: (subject: number) => number,
  ) {
    this.#trace = trace;
    this.#timeline = timeline;
    this.#actorAt = actorAt;
    this.#actorOf = actorOf;
    this.#lanes = new Map(timeline.threads.map((lane) => [lane.index, lane]));
    this.#jobs = new Set(timeline.jobs.map(({ id }) => id));
    for (const wait of waits) {
      if (wait.target === undefined) {
        if (wait.span.outcome !== "done") continue;
        const ends = this.#strayEnds.get(wait.span.thread);
        if (ends === undefined) this.#strayEnds.set(wait.span.thread, [wait.span.endMs]);
        else ends.push(wait.span.endMs);
        continue;
      }
      const known = this.#waits.get(wait.target);
      if (known === undefined) this.#waits.set(wait.target, [wait]);
      else known.push(wait);
    }
    for (const ends of this.#strayEnds.values()) ends.sort((a, b) => a - b);
    for (const [target, all] of this.#waits) {
      const granted = all.filter(({ span }) => span.outcome === "done");
      this.#granted.set(target, { waits: granted.sort((a, b) => a.span.endMs - b.span.endMs), next: 0 });
    }
  }

  read(): readonly Resource[] {
    this.#noteNames();
    const courses = this.#trace.threads.map((thread) => new Course(thread, this.#timeline));
    // What comes first, of all threads: they are few, and each is in order of time.
    for (;;) {
      let first: Course | undefined;
      for (const course of courses) if (course.isBefore(first)) first = course;
      if (first === undefined || first.atMs === Infinity) break;
      const { atMs, record, thread } = first;
      if (record === undefined) this.#loseSight(atMs);
      else this.#note(record, atMs, thread);
      first.next();
    }
    this.#closeAll();
    return [...this.#drafts.values()].map(({ id, kind, name, holds, levels }) => ({
      id,
      kind,
      name,
      holds: holds.sort((a, b) => a.beginMs - b.beginMs),
      waits: this.#waits.get(id) ?? [],
      levels,
    }));
  }

  /** At once, since a thread may use what another made. */
  #noteNames(): void {
    for (const { records, texts } of this.#trace.threads) {
      for (const { kind, subject, other, value } of records) {
        if (kind !== ProbeKind.resourceMade) continue;
        const draft = this.#draft(subject);
        draft.kind = resourceKindOf(other);
        draft.name = texts[value] ?? "";
      }
    }
  }

  #draft(id: number): Draft {
    let draft = this.#drafts.get(id);
    if (draft === undefined) {
      draft = { id, kind: "other", name: "", open: [], releasedMs: -Infinity, holds: [], levels: [] };
      this.#drafts.set(id, draft);
    }
    return draft;
  }

  #note({ kind, subject, other, value }: ProbeRecord, atMs: number, thread: number): void {
    const draft = this.#draft(subject);
    if (kind === ProbeKind.channelLevel) {
      draft.levels.push({ atMs, count: value });
    } else if (kind === ProbeKind.acquired) {
      // Held by one alone: who held it before has let go, or has died with it.
      if (draft.kind === "mutex") for (const hold of draft.open.splice(0)) close(draft, hold, atMs, "dropped");
      const holder = this.#acquirer(subject, other, thread, atMs);
      draft.open.push({ holder, named: other, block: undefined, thread, beginMs: atMs, begin: "seen" });
    } else if (kind === ProbeKind.heldInBlock) {
      const hold = draft.open.findLast((open) => open.thread === thread && open.block === undefined);
      if (hold !== undefined) hold.block = other;
    } else {
      draft.releasedMs = atMs;
      this.#release(draft, other, thread, atMs);
    }
  }

  /** Who waited for it until now; else whose code runs; else who is named. */
  #acquirer(resource: number, named: number, thread: number, atMs: number): number {
    const granted = this.#granted.get(resource);
    if (granted !== undefined) {
      const { waits } = granted;
      while ((waits[granted.next]?.span.endMs ?? Infinity) < atMs - SAME_MOMENT_MS) granted.next++;
      const wait = waits[granted.next];
      if (wait !== undefined && wait.span.endMs <= atMs + SAME_MOMENT_MS && wait.span.thread === thread) {
        granted.next++;
        return wait.actor === 0 && this.#jobs.has(named) ? named : wait.actor;
      }
    }
    // Handed over, as by who let it go, in whose step this record then stands.
    if (this.#isHandedOver(resource, thread, atMs)) {
      return this.#jobs.has(named) ? named : 0;
    }
    return this.#actorAt(thread, atMs) ?? this.#actorOf(named);
  }

  /**
   * Whether somebody let it go at this moment, or a wait was over of which nobody knows
   * what it was for; or may have, as the records just before are missing.
   */
  #isHandedOver(resource: number, thread: number, atMs: number): boolean {
    if (Math.abs(atMs - this.#draft(resource).releasedMs) <= SAME_MOMENT_MS) return true;
    const lane = this.#lanes.get(thread);
    const known = lane?.gaps.findLast(({ endMs }) => endMs <= atMs)?.endMs ?? lane?.fromMs ?? 0;
    if (atMs - known <= SAME_MOMENT_MS) return true;
    const ends = this.#strayEnds.get(thread) ?? [];
    const endMs = ends[lastUpTo(ends, (end) => end, atMs + SAME_MOMENT_MS)] ?? -Infinity;
    return endMs >= atMs - SAME_MOMENT_MS;
  }

  #release(draft: Draft, named: number, thread: number, atMs: number): void {
    let place = draft.open.findIndex((hold) => hold.named === named && hold.thread === thread);
    if (place === -1) place = draft.open.findIndex((hold) => hold.named === named);
    // Permits are alike, and a lock has one holder: whoever lets go, it is of what is held.
    if (place === -1 && (draft.open.length === 1 || !isExclusive(draft.kind))) place = draft.open.length > 0 ? 0 : -1;
    const [hold] = place === -1 ? [] : draft.open.splice(place, 1);
    if (hold !== undefined) close(draft, hold, atMs, "seen");
    else if (draft.holds.length === 0 && draft.open.length === 0) this.#heldFromStart(draft, named, thread, atMs);
  }

  /** The first that is known of it is that it was let go. */
  #heldFromStart(draft: Draft, named: number, thread: number, atMs: number): void {
    const lane = this.#lanes.get(thread);
    if (lane === undefined || this.#timeline.threads.some(({ gaps }) => (gaps[0]?.beginMs ?? Infinity) <= atMs)) return;
    const holder = this.#actorOf(named);
    close(
      draft,
      { holder, named, block: undefined, thread, beginMs: Math.min(lane.fromMs, atMs), begin: "outside" },
      atMs,
      "seen",
    );
  }

  #loseSight(atMs: number): void {
    for (const draft of this.#drafts.values()) {
      for (const hold of draft.open.splice(0)) close(draft, hold, atMs, "dropped");
    }
  }

  #closeAll(): void {
    const { threads, durationMs } = this.#timeline;
    const endOf = new Map(threads.map(({ index, toMs }) => [index, toMs]));
    for (const draft of this.#drafts.values()) {
      for (const hold of draft.open.splice(0)) close(draft, hold, endOf.get(hold.thread) ?? durationMs, "outside");
    }
  }
}

function close(draft: Draft, hold: OpenHold, atMs: number, end: Edge): void {
  const { holder, block, thread, beginMs, begin } = hold;
  const endMs = Math.max(beginMs, atMs);
  draft.holds.push({ resource: draft.id, holder, block, thread, beginMs, endMs, begin, end });
}

/** As people call it: `mutex "money"`. */
export function titleOf({ kind, name, id }: Pick<Resource, "kind" | "name" | "id">): string {
  if (name.includes('"')) return name; // says already what it is
  const noun = kind === "other" ? "resource" : kind;
  return name === "" ? `${noun} ${id}` : `${noun} "${name}"`;
}
