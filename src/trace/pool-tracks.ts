/**
 * What threads and pools did beside running jobs: sleeping, taking over, growing,
 * deciding where jobs run, and pausing for the garbage collector.
 */
import { GC_KINDS } from "../core/gc-pauses.js";
import { ProbeKind, type ProbeRecord } from "../core/probe.js";
import type { ParkSpan, PauseSpan, PlacementMark, PoolChange, PoolTrack, StealMark } from "./spans.js";
import type { ThreadTrace } from "./trace.js";

interface PoolDraft {
  readonly id: number;
  name: string | undefined;
  readonly queued: { readonly atMs: number; readonly count: number }[];
  readonly changes: PoolChange[];
}

export class PoolTracks {
  readonly #parks: ParkSpan[] = [];
  readonly #steals: StealMark[] = [];
  readonly #placements: PlacementMark[] = [];
  readonly #pauses: PauseSpan[] = [];
  readonly #pools = new Map<number, PoolDraft>();
  /** Since when the thread sleeps that is read now; `undefined` if it is awake, or that is not known. */
  #asleepMs: number | undefined = undefined;
  /** From where on its records are known: since then it slept if the first thing it tells is that it woke. */
  #knownFromMs: number | undefined = undefined;

  beginThread(fromMs: number): void {
    this.#asleepMs = undefined;
    this.#knownFromMs = fromMs;
  }

  /** Records are missing from here on: it may have woken, and slept again. */
  gap(thread: number, beginMs: number): void {
    if (this.#asleepMs !== undefined) this.#park(thread, this.#asleepMs, beginMs, "seen", "dropped");
    this.#asleepMs = undefined;
    this.#knownFromMs = undefined;
  }

  endThread(thread: number, toMs: number): void {
    if (this.#asleepMs !== undefined) this.#park(thread, this.#asleepMs, toMs, "seen", "outside");
  }

  #park(thread: number, beginMs: number, endMs: number, begin: ParkSpan["begin"], end: ParkSpan["end"]): void {
    this.#parks.push({ thread, beginMs, endMs, begin, end });
  }

  /** @returns false if the record is about something else */
  read(record: ProbeRecord, atMs: number, { index: thread, texts }: ThreadTrace): boolean {
    const { kind, subject, other, value } = record;
    switch (kind) {
      case ProbeKind.threadPark:
        this.#asleepMs = atMs;
        break;
      case ProbeKind.threadUnpark:
        if (this.#asleepMs !== undefined) this.#park(thread, this.#asleepMs, atMs, "seen", "seen");
        else if (this.#knownFromMs !== undefined) this.#park(thread, this.#knownFromMs, atMs, "outside", "seen");
        this.#asleepMs = undefined;
        break;
      case ProbeKind.steal:
        this.#steals.push({ atMs, thread, job: subject, from: other });
        break;
      case ProbeKind.poolQueue: {
        const { queued } = this.#pool(subject);
        if (queued.at(-1)?.count !== value) queued.push({ atMs, count: value });
        break;
      }
      case ProbeKind.poolGrow:
      case ProbeKind.poolShrink: {
        const pool = this.#pool(subject);
        pool.changes.push({ atMs, thread: other, isMore: kind === ProbeKind.poolGrow });
        if (kind === ProbeKind.poolGrow) pool.name ??= texts[value];
        break;
      }
      case ProbeKind.placed:
        this.#placed(atMs, thread, other === 0 ? "here" : "threads", texts[value]);
        break;
      case ProbeKind.gcPause: {
        const beginMs = Math.max(0, atMs - value / 1000);
        const kindOf = GC_KINDS[subject];
        if (kindOf === undefined) break;
        this.#pauses.push({
          thread,
          kind: kindOf,
          beginMs,
          endMs: Math.min(atMs, beginMs + Math.max(0, other)),
          begin: "seen",
          end: "seen",
        });
        break;
      }
      default:
        // What it does otherwise shows that it is awake.
        this.#knownFromMs = undefined;
        return false;
    }
    if (kind !== ProbeKind.gcPause) this.#knownFromMs = undefined;
    return true;
  }

  #placed(atMs: number, thread: number, place: PlacementMark["place"], text: string | undefined): void {
    // As the advisor writes it: the task, the place, and why.
    const end = text?.lastIndexOf(`: ${place}, `) ?? -1;
    this.#placements.push({ atMs, thread, place, text, task: end < 0 ? undefined : text?.slice(0, end) });
  }

  #pool(id: number): PoolDraft {
    let pool = this.#pools.get(id);
    if (pool === undefined) {
      pool = { id, name: undefined, queued: [], changes: [] };
      this.#pools.set(id, pool);
    }
    return pool;
  }

  /** Each in order of time. */
  finish(): {
    readonly parks: readonly ParkSpan[];
    readonly steals: readonly StealMark[];
    readonly placements: readonly PlacementMark[];
    readonly pools: readonly PoolTrack[];
    readonly pauses: readonly PauseSpan[];
  } {
    return {
      parks: this.#parks.sort((a, b) => a.beginMs - b.beginMs),
      steals: this.#steals.sort((a, b) => a.atMs - b.atMs),
      placements: this.#placements.sort((a, b) => a.atMs - b.atMs),
      pools: [...this.#pools.values()],
      pauses: this.#pauses.sort((a, b) => a.beginMs - b.beginMs),
    };
  }
}
