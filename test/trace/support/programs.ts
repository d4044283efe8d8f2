/**
 * Random programs as the library would record them, with the truth of what they
 * did: the model that timelines are checked against.
 *
 * One thread spawns jobs, opens scopes and waits; some jobs run on workers. Each
 * choice comes from a sequence of random numbers.
 */
import type { Outcome } from "skein/trace";
import { idOn, ThreadScript } from "./traces.js";

export interface TrueSpan {
  readonly id: number;
  readonly what: "job" | "scope" | "wait";
  readonly name: string;
  readonly around: number;
  readonly thread: number;
  readonly beginMs: number;
  endMs: number;
  outcome: Outcome | undefined;
  startedMs: number | undefined;
  ranOn: number | undefined;
  /** The job whose own scope it is. */
  readonly job: number | undefined;
}

export interface TrueStep {
  readonly subject: number;
  readonly thread: number;
  readonly beginMs: number;
  endMs: number;
}

export interface Program {
  readonly threads: readonly ThreadScript[];
  readonly spans: ReadonlyMap<number, TrueSpan>;
  readonly steps: readonly TrueStep[];
  readonly durationMs: number;
}

const OUTCOMES: readonly Outcome[] = ["done", "failed", "cancelled", "abandoned"];
const TICK_MS = 0.25;

/** @param random - gives a whole number from 0 to `below - 1` */
export function makeProgram(random: (below: number) => number, turns: number, workers: number): Program {
  return new ProgramMaker(random, workers).make(turns);
}

class ProgramMaker {
  readonly #random: (below: number) => number;
  readonly #threads: readonly ThreadScript[];
  readonly #now: number[];
  readonly #numbers: number[];
  readonly #spans = new Map<number, TrueSpan>();
  readonly #steps: TrueStep[] = [];
  /** What main will do in a later turn, and not before a moment. */
  #pending: { readonly fromMs: number; readonly act: () => void }[] = [];
  readonly #openScopes: number[] = [];
  /** How many steps are inside each other now. */
  #depth = 0;

  constructor(random: (below: number) => number, workers: number) {
    this.#random = random;
    this.#threads = Array.from({ length: workers + 1 }, (_, index) => new ThreadScript(index));
    this.#now = this.#threads.map(() => 0);
    this.#numbers = this.#threads.map(() => 0);
  }

  make(turns: number): Program {
    for (let i = 0; i < turns; i++) this.#turn();
    const durationMs = Math.max(...this.#now) + TICK_MS;
    for (const span of this.#spans.values()) if (span.endMs === Infinity) span.endMs = durationMs;
    return { threads: this.#threads, spans: this.#spans, steps: this.#steps, durationMs };
  }

  /** Time passes on a thread. */
  #tick(thread: number): number {
    this.#now[thread] = (this.#now[thread] ?? 0) + TICK_MS * (1 + this.#random(4));
    return this.#now[thread];
  }

  #script(thread: number): ThreadScript {
    return this.#threads[thread] as ThreadScript;
  }

  #newId(thread: number): number {
    this.#numbers[thread] = (this.#numbers[thread] ?? 0) + 1;
    return idOn(thread, this.#numbers[thread]);
  }

  #begin(what: TrueSpan["what"], thread: number, name: string, around: number, job?: number): TrueSpan {
    const id = this.#newId(thread);
    const span: TrueSpan = {
      id,
      what,
      name,
      around,
      thread,
      beginMs: this.#tick(thread),
      endMs: Infinity,
      outcome: undefined,
      startedMs: undefined,
      ranOn: undefined,
      job,
    };
    this.#spans.set(id, span);
    const script = this.#script(thread);
    if (what === "job") script.spawn(span.beginMs, id, name, around);
    else if (what === "scope") script.open(span.beginMs, id, name, around);
    else script.wait(span.beginMs, id, name, around);
    return span;
  }

  #end(span: TrueSpan): void {
    span.endMs = this.#tick(span.thread);
    span.outcome = OUTCOMES[this.#random(OUTCOMES.length)];
    const script = this.#script(span.thread);
    if (span.what === "job") script.end(span.endMs, span.id, span.outcome);
    else if (span.what === "scope") script.close(span.endMs, span.id, span.outcome);
    else script.wake(span.endMs, span.id, span.outcome);
  }

  /** One turn of main's event loop: something pending, or a new scope. */
  #turn(): void {
    const ready = this.#pending.filter(({ fromMs }) => fromMs <= (this.#now[0] ?? 0));
    const chosen = ready[this.#random(ready.length + 1)];
    if (chosen === undefined) {
      if (this.#openScopes.length < 3) this.#scope(0, 0);
      else this.#tick(0);
      return;
    }
    this.#pending = this.#pending.filter((pending) => pending !== chosen);
    chosen.act();
  }

  #later(act: () => void, fromMs = 0): void {
    this.#pending.push({ fromMs, act });
  }

  /** Opens a scope and runs the first step of its body. */
  #scope(thread: number, around: number, job?: TrueSpan): void {
    const scope = this.#begin("scope", thread, job?.name ?? `scope ${this.#random(3)}`, around, job?.id);
    if (thread === 0) this.#openScopes.push(scope.id);
    const isDone = this.#step(thread, scope.id, () => this.#body(thread, scope.id));
    const end = (): void => {
      if (!isDone) this.#script(thread).stop(this.#tick(thread), scope.id);
      if (thread === 0) this.#openScopes.splice(this.#openScopes.indexOf(scope.id), 1);
      this.#end(scope);
    };
    if (thread === 0) this.#later(end);
    else end();
  }

  /** A synchronous step. @returns true if the code was done at its end */
  #step(thread: number, subject: number, act: () => void, isResumed = false): boolean {
    const step: TrueStep = { subject, thread, beginMs: this.#tick(thread), endMs: 0 };
    if (isResumed) this.#script(thread).resume(step.beginMs, subject);
    else this.#script(thread).start(step.beginMs, subject);
    this.#depth++;
    act();
    this.#depth--;
    step.endMs = this.#tick(thread);
    this.#steps.push(step);
    const isDone = this.#random(2) === 0;
    if (isDone) this.#script(thread).stop(step.endMs, subject);
    else this.#script(thread).suspend(step.endMs, subject);
    return isDone;
  }

  /** What code does in a step. */
  #body(thread: number, scope: number): void {
    for (let acts = this.#random(4); acts > 0; acts--) {
      const choice = this.#random(4);
      if (choice === 0 && thread === 0) this.#jobHere(scope);
      else if (choice === 1 && thread === 0) this.#jobElsewhere(scope);
      else if (choice === 2) this.#wait(thread, scope);
      else if (this.#openScopes.length < 6 && this.#depth < 5) this.#scope(thread, scope);
    }
  }

  #wait(thread: number, scope: number): void {
    const wait = this.#begin("wait", thread, `wait ${this.#random(3)}`, scope);
    if (thread === 0) this.#later(() => this.#end(wait));
    else this.#end(wait);
  }

  #jobHere(scope: number): void {
    const job = this.#begin("job", 0, `job ${this.#random(3)}`, scope);
    this.#later(() => {
      if (this.#random(5) === 0) {
        this.#end(job); // cancelled before its start
        return;
      }
      job.ranOn = 0;
      const hasScope = this.#random(3) === 0;
      const isDone = this.#step(0, job.id, () => (hasScope ? this.#scope(0, scope, job) : this.#body(0, scope)));
      job.startedMs = this.#steps.at(-1)?.beginMs;
      if (isDone) this.#end(job);
      else this.#later(() => this.#goOn(job, scope));
    });
  }

  /** A job goes on that waited: it is seen, or only its end is. */
  #goOn(job: TrueSpan, scope: number): void {
    if (this.#random(3) === 0) {
      this.#script(0).stop(this.#tick(0), job.id);
      this.#end(job);
      return;
    }
    const isDone = this.#step(0, job.id, () => this.#body(0, scope), true);
    if (isDone) this.#end(job);
    else this.#later(() => this.#goOn(job, scope));
  }

  #jobElsewhere(scope: number): void {
    const job = this.#begin("job", 0, `task ${this.#random(3)}`, scope);
    const workers = this.#threads.length - 1;
    if (workers === 0) return; // waits for a thread until the program is over
    this.#later(() => {
      const queuedMs = this.#tick(0);
      this.#script(0).queue(queuedMs, job.id);
      const worker = 1 + this.#random(workers);
      this.#now[worker] = Math.max(this.#now[worker] ?? 0, queuedMs);
      job.ranOn = worker;
      const isDone = this.#step(worker, job.id, () => {
        if (this.#random(2) === 0) this.#scope(worker, 0, job);
      });
      job.startedMs = this.#steps.at(-1)?.beginMs;
      if (!isDone) this.#script(worker).stop(this.#tick(worker), job.id);
      this.#later(() => this.#end(job), this.#now[worker]);
    });
  }
}
