/** The CPU profile of a thread, put together from its parts; and which functions of which jobs took the time. */
import type { ProfilePart } from "../core/host-thread-profile.js";
import type { StackFrame } from "./kernel-facts.js";
import type { Timeline } from "./spans.js";
import { indexOf } from "./trace-index.js";
import type { Trace } from "./trace.js";

/** A node of the tree of calls. */
export interface ProfileNode {
  readonly frame: StackFrame;
  /** The place of its caller, which comes before it; -1 for the root. */
  readonly parent: number;
}

/** A stretch for which one sample stands. */
export interface ProfileSample {
  /** Milliseconds since the epoch. */
  readonly beginMs: number;
  readonly endMs: number;
  /** The place of the node. */
  readonly node: number;
}

/** The profile of one thread. */
export interface CpuProfile {
  readonly thread: number;
  readonly nodes: readonly ProfileNode[];
  /** In order, none over another; of what lies between them nothing is known. */
  readonly samples: readonly ProfileSample[];
}

/** What the platform says instead of a function. */
const NO_FUNCTIONS: ReadonlySet<string> = new Set(["(root)", "(program)", "(idle)"]);

/** Whether the thread was in a function; else it waited, or was in the platform's own code. */
export function isFunction({ name, url }: StackFrame): boolean {
  return !(url === "" && NO_FUNCTIONS.has(name));
}

/**
 * On a busy machine the profiler itself may have no core: then what a thread does is not
 * known, until the next sample.
 */
const LONGEST_SAMPLE_MS = 20;

/** The profiles of all threads that have one. */
export function profilesOf({ profiles }: Trace): readonly CpuProfile[] {
  const parts = new Map<number, ProfilePart[]>();
  for (const part of profiles) {
    const known = parts.get(part.thread);
    if (known === undefined) parts.set(part.thread, [part]);
    else known.push(part);
  }
  return [...parts].toSorted(([a], [b]) => a - b).map(([thread, some]) => merged(thread, some));
}

function merged(thread: number, parts: readonly ProfilePart[]): CpuProfile {
  const tree = new CallTree();
  const samples: ProfileSample[] = [];
  let untilMs = -Infinity;
  for (const part of parts.toSorted((a, b) => a.beginMs - b.beginMs)) {
    const places = tree.add(part);
    let atUs = 0;
    for (const [i, node] of part.samples.entries()) {
      atUs += part.deltasUs[i] ?? 0;
      // The first is taken by the beginning of the part itself, in our own code.
      if (i === 0) continue;
      const beginMs = Math.max(untilMs, part.beginMs + atUs / 1000);
      const nextUs = part.deltasUs[i + 1];
      const nextMs = nextUs === undefined ? part.endMs : part.beginMs + (atUs + nextUs) / 1000;
      const endMs = Math.min(nextMs, beginMs + LONGEST_SAMPLE_MS);
      if (endMs <= beginMs) continue;
      samples.push({ beginMs, endMs, node: places[node] as number });
      untilMs = endMs;
    }
  }
  return { thread, nodes: tree.nodes, samples };
}

/** One tree of the trees of all parts: nodes of the same function under the same callers are one. */
class CallTree {
  readonly nodes: ProfileNode[] = [];
  readonly #places = new Map<string, number>();

  /** @returns the places of a part's nodes */
  add({ frames, nodeFrames, nodeParents }: ProfilePart): readonly number[] {
    const places: number[] = [];
    for (const [node, frame] of nodeFrames.entries()) {
      const [name, url, line, column] = frames[frame] ?? ["", "", 0, 0];
      const parent = places[nodeParents[node] ?? -1] ?? -1;
      const key = `${parent} ${line} ${column} ${name} ${url}`;
      let place = this.#places.get(key);
      if (place === undefined) {
        place = this.nodes.push({ frame: { name, url, line, column }, parent }) - 1;
        this.#places.set(key, place);
      }
      places.push(place);
    }
    return places;
  }
}

/** A function, and the time that threads were in it, not in what it called. */
export interface HotFunction {
  readonly frame: StackFrame;
  readonly selfMs: number;
}

/** The functions in which the code of jobs of one name spent its time. */
export interface HotTask {
  /** Of the jobs; `undefined` for code that is no known job's. */
  readonly name: string | undefined;
  readonly sampledMs: number;
  /** Those with the most time first. */
  readonly functions: readonly HotFunction[];
}

/**
 * Which functions took the time, for the jobs of each name: by samples of each thread,
 * taken a thousand times a second at level "deep".
 *
 * The name with the most time comes first. Empty if no profile was taken.
 *
 * @since 0.1.0
 */
export function hotTasks(trace: Trace, timeline: Timeline): readonly HotTask[] {
  if (trace.profiles.length === 0) return [];
  const index = indexOf(trace, timeline);
  const times = new Map<string | undefined, Map<string, { readonly frame: StackFrame; selfMs: number }>>();
  for (const { thread, nodes, samples } of profilesOf(trace)) {
    for (const { beginMs, endMs, node } of samples) {
      const { frame } = nodes[node] as ProfileNode;
      if (!isFunction(frame)) continue;
      // A sample is of its beginning; its step, of which that may lie before, of the middle.
      const actor = index.actorAt(thread, (beginMs + endMs) / 2 - trace.startedMs);
      const name = actor === undefined ? undefined : index.nameOf(index.principalOf(actor));
      let functions = times.get(name);
      if (functions === undefined) {
        functions = new Map<string, { readonly frame: StackFrame; selfMs: number }>();
        times.set(name, functions);
      }
      const key = `${frame.name} ${frame.line} ${frame.column} ${frame.url}`;
      const known = functions.get(key);
      if (known === undefined) functions.set(key, { frame, selfMs: endMs - beginMs });
      else known.selfMs += endMs - beginMs;
    }
  }
  return [...times]
    .map(([name, functions]) => ({
      name,
      sampledMs: [...functions.values()].reduce((sum, { selfMs }) => sum + selfMs, 0),
      functions: [...functions.values()].toSorted((a, b) => b.selfMs - a.selfMs),
    }))
    .toSorted((a, b) => b.sampledMs - a.sampledMs);
}
