/**
 * CPU profiles as browsers' developer tools, editors and speedscope read them: a file for
 * each thread, `.cpuprofile`.
 */
import { type CpuProfile, profilesOf } from "../cpu-profile.js";
import type { StackFrame } from "../kernel-facts.js";
import type { Trace } from "../trace.js";

/**
 * The profile of one thread.
 *
 * @since 0.1.0
 */
export interface ThreadProfileFile {
  /** Index and name of the thread. */
  readonly thread: number;
  readonly name: string;
  /** What the file holds. */
  readonly text: string;
}

interface FileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  hitCount: number;
  readonly children: number[];
}

/**
 * Gives the CPU profiles of a trace that was recorded at level "deep", one for each
 * thread that has one; that of the thread that started the program comes first.
 *
 * @since 0.1.0
 */
export function cpuProfileFiles(trace: Trace): readonly ThreadProfileFile[] {
  return profilesOf(trace).map((profile) => {
    const writer = new ProfileWriter((profile.samples[0]?.beginMs ?? 0) * 1000);
    writer.add(profile, 0);
    return { thread: profile.thread, name: nameOf(trace, profile), text: writer.finish() };
  });
}

/**
 * Gives the CPU profiles of all threads in one file: one after the other, as the format
 * knows of one thread only, each under a function that is called like the thread. Times
 * of functions are right; when they ran is that of no clock.
 *
 * @since 0.1.0
 */
export function cpuProfileFile(trace: Trace): string {
  const profiles = profilesOf(trace);
  const writer = new ProfileWriter((profiles[0]?.samples[0]?.beginMs ?? 0) * 1000);
  for (const profile of profiles) {
    const firstUs = (profile.samples[0]?.beginMs ?? 0) * 1000;
    writer.add(profile, writer.lastUs - firstUs, `(thread ${nameOf(trace, profile)})`);
  }
  return writer.finish();
}

function nameOf({ threads }: Trace, { thread }: CpuProfile): string {
  return threads.find(({ index }) => index === thread)?.name ?? `thread ${thread}`;
}

class ProfileWriter {
  readonly #nodes: FileNode[] = [];
  readonly #samples: number[] = [];
  readonly #deltasUs: number[] = [];
  readonly #startUs: number;
  lastUs: number;

  constructor(startUs: number) {
    this.#startUs = Math.round(startUs);
    this.lastUs = this.#startUs;
    this.#node({ name: "(root)", url: "", line: 0, column: 0 }, undefined);
  }

  /** @returns its number, from 1 */
  #node({ name, url, line, column }: StackFrame, parent: number | undefined): number {
    // The format counts from 0, and has -1 for what is not known.
    const callFrame = { functionName: name, scriptId: "0", url, lineNumber: line - 1, columnNumber: column - 1 };
    const id = this.#nodes.push({ id: this.#nodes.length + 1, callFrame, hitCount: 0, children: [] });
    if (parent !== undefined) this.#nodes[parent - 1]?.children.push(id);
    return id;
  }

  /**
   * @param laterUs - by so much later than it was
   * @param around - a function under which all of it stands
   */
  add({ nodes, samples }: CpuProfile, laterUs: number, around?: string): void {
    const root = around === undefined ? 1 : this.#node({ name: around, url: "", line: 0, column: 0 }, 1);
    const ids: number[] = [];
    for (const { frame, parent } of nodes) ids.push(parent === -1 ? root : this.#node(frame, ids[parent]));
    for (const [i, { beginMs, endMs, node }] of samples.entries()) {
      const id = ids[node] as number;
      this.#sample(beginMs * 1000 + laterUs, id);
      (this.#nodes[id - 1] as FileNode).hitCount++;
      // Where nothing is known nobody is to be taken to have run.
      const nextMs = samples[i + 1]?.beginMs;
      if (nextMs === undefined || nextMs > endMs) this.#sample(endMs * 1000 + laterUs, 1);
    }
  }

  #sample(us: number, id: number): void {
    const atUs = Math.max(this.lastUs, Math.round(us));
    this.#samples.push(id);
    this.#deltasUs.push(atUs - this.lastUs);
    this.lastUs = atUs;
  }

  finish(): string {
    return JSON.stringify({
      nodes: this.#nodes,
      startTime: this.#startUs,
      endTime: this.lastUs,
      samples: this.#samples,
      timeDeltas: this.#deltasUs,
    });
  }
}
