/**
 * What a run has done so far: its threads, their steps, the choices, and the names of
 * places. Kept in arrays that the next run fills anew, as there are many runs.
 */
import { Step, type StepKind } from "./operations.js";
import type { RunMemory } from "./run-memory.js";
import { State, VirtualThread } from "./virtual-thread.js";

export class StepRecord {
  readonly threads: VirtualThread[] = [];
  threadCount = 0;
  readonly stepThreads: number[] = [];
  readonly stepKinds: number[] = [];
  readonly stepPlaces: number[] = [];
  readonly stepValues: unknown[] = [];
  /** What the step was to write, or expected; for listings. */
  readonly stepArguments: unknown[] = [];
  /** What the step wrote, if it did; kept where plain reads may see old values. */
  readonly stepWritten: number[] = [];
  stepCount = 0;
  /** Answers to choices, in order. */
  readonly choices: number[] = [];
  choiceCount = 0;
  /** How many steps come before what is chosen now. */
  choiceDepth = 0;
  /** Lines of `log`: the step before which each came. */
  readonly notes: { readonly thread: number; readonly step: number; readonly text: string }[] = [];
  /** Names of jobs, in the order in which they began. */
  readonly jobs: string[] = [];
  /** By the number of a step or note: of which job it is, where that is known. */
  readonly stepJobs: (number | undefined)[] = [];
  readonly noteJobs: (number | undefined)[] = [];
  /** Of a run that went wrong: what had not come from outside at its end. */
  readonly pendingOutside: string[] = [];
  readonly placeNames: Map<number, string> = new Map();
  /** What shared objects of the library live in, if this run has made any. */
  memory: RunMemory | undefined;
  #nextPlace = 1;

  /** Nothing has been done. */
  protected clear(): void {
    this.threadCount = 0;
    this.stepCount = 0;
    this.choiceCount = 0;
    if (this.notes.length > 0) this.notes.length = 0;
    if (this.jobs.length > 0) this.#clearJobs();
    if (this.pendingOutside.length > 0) this.pendingOutside.length = 0;
    this.#nextPlace = 1;
  }

  #clearJobs(): void {
    for (const list of [this.jobs, this.stepJobs, this.noteJobs]) list.length = 0;
  }

  get main(): VirtualThread {
    return this.threads[0] as VirtualThread;
  }

  /** A number for a new place in memory. */
  place(name: string): number {
    const place = this.#nextPlace++;
    this.placeNames.set(place, name);
    return place;
  }

  /** Places of cells, from 1, end before this. */
  get placeCount(): number {
    return this.#nextPlace;
  }

  nameOf(place: number): string {
    return this.placeNames.get(place) ?? this.memory?.nameOf(place) ?? `place ${place}`;
  }

  protected addThread(name: string, body: () => unknown): VirtualThread {
    const index = this.threadCount++;
    const thread = (this.threads[index] ??= new VirtualThread(index));
    thread.reset(name, body);
    return thread;
  }

  /** Threads that have not ended. */
  unfinished(): VirtualThread[] {
    return this.threads.slice(0, this.threadCount).filter(({ state }) => state !== State.finished);
  }

  /** Whether a step wrote: all that change do, but for an exchange that found something else than it expected. */
  hasWritten(step: number): boolean {
    const kind = this.stepKinds[step];
    if (kind === Step.write || kind === Step.store) return true;
    if (kind !== Step.change) return false;
    const argument = this.stepArguments[step];
    const arrow = typeof argument === "string" ? argument.indexOf(" -> ") : -1;
    return arrow === -1 || (argument as string).slice(0, arrow) === String(this.stepValues[step]);
  }

  /** A step that is about no place. */
  protected record(thread: number, kind: StepKind, value: unknown): void {
    const step = this.stepCount++;
    this.stepThreads[step] = thread;
    this.stepKinds[step] = kind;
    this.stepPlaces[step] = 0;
    this.stepValues[step] = value;
    this.stepArguments[step] = undefined;
  }

  /** Something came from outside, on the main thread, to one of its jobs. */
  happened(kind: StepKind, text: string, job: number | undefined): void {
    if (job !== undefined) this.stepJobs[this.stepCount] = job;
    this.record(0, kind, text);
  }
}
