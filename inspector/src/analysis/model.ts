/** What the page knows of a trace: plain data, made in the worker and drawn on the main thread. */
import type { LoopDiagnosis } from "#skein/trace/kernel/diagnose";
import type {
  Badge,
  Capability,
  Durations,
  Figures,
  Finding,
  KernelThreadKind,
  Outcome,
  Sentence,
  Stall,
  Verdict,
} from "skein/trace";

import type { SpanColumns } from "../timeline/span-store.js";
import type { Language } from "../texts.js";
import type { AdviceLine } from "./advice.js";

export type GroupName =
  | "lanes"
  | "cores"
  | "threads"
  | "helpers"
  | "tasks"
  | "resources"
  | "placements"
  | "stalls"
  | "gc";

/** What a program noted of itself: a name, and when that ran, in milliseconds since the beginning. */
export interface Lane {
  readonly name: Sentence;
  readonly runs: readonly (readonly [beginMs: number, endMs: number])[];
}

/** A row of the timeline. */
export interface RowInfo {
  readonly group: GroupName;
  /** Stands at its left; empty for the rows below the first of a block. */
  readonly label: string;
  /** The same for people, where it depends on the language. */
  readonly title: Sentence | undefined;
  readonly badge: Badge | undefined;
  /** Index of the thread, where the row is of one. */
  readonly thread: number | undefined;
  /** Of the rows of a block: how deep in the tree, 0 outermost. */
  readonly depth: number;
}

/** Neighbouring rows under one heading. */
export interface GroupInfo {
  readonly name: GroupName;
  readonly firstRow: number;
  readonly rows: number;
  /** Of what it is about: cores, threads, jobs, resources, stalls, pauses. */
  readonly count: number;
}

/** Points of a chart: `times[i]` in milliseconds since the beginning; gaps are `null`. */
export interface Series {
  readonly times: readonly number[];
  readonly inFlight: readonly (number | null)[];
  readonly demand: readonly (number | null)[];
  readonly busy: readonly (number | null)[];
  readonly busyBadge: Badge;
  readonly demandBadge: Badge;
}

export interface ThreadInfo {
  readonly index: number | undefined;
  readonly tid: number | undefined;
  readonly name: string;
  readonly kind: KernelThreadKind;
  readonly hasEnded: boolean;
  /** Inside steps; as in the figures. */
  readonly busyMs: number | undefined;
  readonly share: number | undefined;
  /** As the kernel counted it. */
  readonly cpuMs: number | undefined;
  readonly coreWaitMs: number | undefined;
  readonly voluntarySwitches: number | undefined;
  readonly involuntarySwitches: number | undefined;
  /** How its time divides, in the order of `WAYS`; `undefined` of threads that are none of ours. */
  readonly split: readonly number[] | undefined;
  readonly splitBadge: Badge;
  readonly looks: LoopDiagnosis;
}

/** A lock, a channel, or what was waited for under one name. */
export interface ResourceInfo {
  readonly id: string;
  /** As the program has it, and queries find it. */
  readonly title: string;
  /** For people. */
  readonly name: Sentence;
  /** How long it was waited for each time. */
  readonly wait: Durations | undefined;
  readonly waitingAtEnd: number;
  readonly mostWaiting: number;
  /** How many waited, or how full a channel was, over time: pairs of moment and count, few enough to draw. */
  readonly curve: readonly (readonly [number, number])[];
  readonly acquired: number;
  /** How long it was held each time. */
  readonly hold: Durations | undefined;
  /** Of the times it was acquired, the share that had to wait. */
  readonly contendedShare: number | undefined;
  /** Of a channel: how full it was on average, and at most; `undefined` if that was not seen. */
  readonly meanLevel: number | undefined;
  readonly mostLevel: number;
  /** Who holds it at the end. */
  readonly holder: Sentence | undefined;
  /** Those that wait at the end. */
  readonly waiters: readonly Sentence[];
  readonly badge: Badge;
}

/** Who waits for what, and what is held by whom, at the end. */
export interface WaitGraph {
  readonly nodes: readonly { readonly id: string; readonly label: Sentence; readonly kind: "job" | "resource" }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly kind: "waits" | "held" }[];
  /** Ids of nodes that stand in a circle. */
  readonly circle: readonly string[];
  /** Each circle in words. */
  readonly circles: readonly Sentence[];
}

export interface Summary {
  readonly figures: Figures;
  readonly verdict: Readonly<Record<Language, Verdict>>;
  readonly series: Series;
  readonly findings: readonly Finding[];
  readonly threads: readonly ThreadInfo[];
  readonly resources: readonly ResourceInfo[];
  readonly waitGraph: WaitGraph;
  readonly advice: readonly AdviceLine[];
  readonly stalls: readonly Stall[];
  readonly capabilities: readonly Capability[];
  readonly jobs: number;
  readonly droppedRecords: number;
  readonly spans: number;
}

export interface Model {
  readonly name: string;
  readonly isLive: boolean;
  /** Why the file could be read only in part, if so. */
  readonly problem: string | undefined;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly rows: readonly RowInfo[];
  readonly groups: readonly GroupInfo[];
  readonly names: readonly string[];
  readonly columns: SpanColumns;
  /** Of each job the index of the thread that ran it, or else spawned it. */
  readonly jobThreads: Uint32Array<ArrayBuffer>;
  readonly summary: Summary;
}

/** A line of the table of tasks. */
export interface TaskLine {
  readonly job: number;
  readonly id: number;
  /** Empty if it has none. */
  readonly name: string;
  readonly depth: number;
  readonly children: number;
  readonly state: number;
  readonly outcome: Outcome | undefined;
  readonly scope: string;
  readonly thread: string;
  readonly beginMs: number;
  readonly ageMs: number;
  /** In the order of `WAYS`. */
  readonly split: readonly number[];
  readonly steps: number;
  readonly longestStepMs: number;
  readonly waitsFor: string;
}

/** Everything of one job. */
export interface TaskDetail {
  readonly line: TaskLine;
  readonly endMs: number;
  readonly spawnedOn: string;
  readonly queuedMs: number | undefined;
  readonly startedMs: number | undefined;
  readonly waitMs: number | undefined;
  /** Jobs and scopes around it, the outermost first, by their items. */
  readonly path: readonly { readonly job: number | undefined; readonly item: number; readonly name: Sentence }[];
  readonly children: readonly { readonly job: number; readonly name: Sentence; readonly ageMs: number }[];
  readonly stretches: readonly {
    readonly beginMs: number;
    readonly endMs: number;
    readonly state: number;
    readonly waitsFor: string;
  }[];
  /** How long its steps were, and how long it stood ready before each; `undefined` without any. */
  readonly stepTimes: Durations | undefined;
  readonly latencies: Durations | undefined;
  readonly cancelledAtMs: number | undefined;
  /** Lines of the stack that spawned it; of a deep recording. */
  readonly spawnSite: readonly string[];
  /** The functions in which it was sampled most; of a deep recording. */
  readonly hot: readonly { readonly title: string; readonly selfMs: number; readonly share: number }[];
  /** From the job to what it waits for, who holds that, what that waits for, and so on. */
  readonly why: readonly Sentence[];
}

/** What a job or scope really waited for, from its beginning to its end. */
export interface PathInfo {
  readonly stretches: readonly {
    readonly item: number;
    readonly beginMs: number;
    readonly endMs: number;
    readonly state: number;
  }[];
  /** In the order of `WAYS`. */
  readonly split: readonly number[];
  readonly isComplete: boolean;
  readonly badge: Badge;
}

/** A line of the table of a range. */
export interface SplitLine {
  /** Empty of a job without a name. */
  readonly name: string;
  readonly kind: "task" | "thread";
  readonly job: number | undefined;
  /** Of a job. */
  readonly id: number | undefined;
  /** In the order of `WAYS`. */
  readonly split: readonly number[];
}
