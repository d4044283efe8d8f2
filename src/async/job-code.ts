/** What a scope's job runs: code on this thread, or elsewhere. */
import { nowMs } from "#clock";

import { TimeoutError } from "../core/errors.js";
import { CancelNode } from "./cancel.js";
import type { Affinity, AnyTask, Executor, RunOptions } from "./executor.js";
import type { JobCode, ScopeJob } from "./job.js";
import { isSteps, runSteps } from "./steps.js";

/** What the spawner asks for beyond the task and where it runs. */
interface Asked {
  readonly priority?: number;
  readonly transfer?: readonly object[];
  readonly affinity?: Affinity;
  readonly timeoutMs?: number;
}

interface SpawningScope extends CancelNode {
  /** Begins the grace time of a job that is cancelled by itself. @returns what ends it */
  beginGraceOf(job: ScopeJob): () => void;
}

const NOTHING: readonly object[] = [];

/** So many jobs of a task have the stack of their own spawning; the next ones share the last of these. */
const OWN_SITES = 64;

/** Where a scope has spawned jobs elsewhere, by task. To take a stack costs as much as all else that a job does here. */
export class SpawnSites {
  readonly #sites = new Map<unknown, { count: number; last: Error }>();

  /** The stack now, or one of before. Its message says which. */
  of(fn: unknown): Error {
    const site = this.#sites.get(fn);
    if (site === undefined) {
      const first = new Error("spawned");
      this.#sites.set(fn, { count: 1, last: first });
      return first;
    }
    if (++site.count <= OWN_SITES) site.last = new Error("spawned");
    else if (site.count === OWN_SITES + 1) site.last = sharedFrom(site.last);
    return site.last;
  }
}

function sharedFrom(site: Error): Error {
  const shared = new Error("spawned as others of its task were");
  shared.stack = (site.stack ?? "").replace(site.message, shared.message);
  return shared;
}

/**
 * A task run by an executor: what runs it, what cancels it alone, and what the executor is
 * told of it, in one object, since of these there may be a hundred thousand.
 */
export class CodeElsewhere extends CancelNode implements JobCode, RunOptions {
  jobId = 0;
  readonly priority: number;
  readonly transfer: readonly object[];
  readonly affinity: Affinity | undefined;
  readonly spawnSite: Error;
  readonly #fn: unknown;
  readonly #args: readonly unknown[];
  readonly #on: Executor;
  readonly #timeoutMs: number | undefined;
  readonly #scope: SpawningScope;
  #job: ScopeJob | undefined = undefined;
  #stopGrace: (() => void) | undefined = undefined;
  #graceOver: AbortController | undefined = undefined;
  #isGraceOver = false;

  constructor(
    name: string,
    scope: SpawningScope,
    fn: unknown,
    args: readonly unknown[],
    on: Executor,
    asked: Asked,
    spawnSite: Error,
  ) {
    super(name, scope);
    this.priority = asked.priority ?? 0;
    this.transfer = asked.transfer ?? NOTHING;
    this.affinity = asked.affinity;
    this.spawnSite = spawnSite;
    this.#fn = fn;
    this.#args = args;
    this.#on = on;
    this.#timeoutMs = asked.timeoutMs;
    this.#scope = scope;
  }

  get node(): this {
    return this;
  }

  get cancel(): this {
    return this;
  }

  /** Made if somebody asks for it, which is when the job is cancelled. */
  get graceOver(): AbortSignal {
    this.#graceOver ??= new AbortController();
    if (this.#isGraceOver) this.#graceOver.abort();
    return this.#graceOver.signal;
  }

  /** The executor may keep it, and call it as it is. */
  get onStart(): () => void {
    return () => {
      this.#job?.running();
      if (this.#timeoutMs !== undefined) this.setDeadline(nowMs() + this.#timeoutMs);
    };
  }

  run(job: ScopeJob): unknown {
    this.#job = job;
    this.jobId = job.id;
    const running = this.#on.run(this.#fn as AnyTask, this.#args, this);
    return this.#timeoutMs === undefined ? running : this.#timed(running);
  }

  async #timed(running: Promise<unknown>): Promise<unknown> {
    try {
      return await running;
    } catch (error) {
      // Its own timeout ended it: that is a failure, not a cancellation.
      if (this.origin === this && this.reason instanceof TimeoutError && this.isOwnCancellation(error)) {
        throw new TimeoutError(`job "${this.name}" did not end within ${this.#timeoutMs} ms`);
      }
      throw error;
    }
  }

  stopByForce(): void {
    this.#isGraceOver = true;
    this.#graceOver?.abort();
  }

  protected override whenCancelled(): void {
    // Cancelled by itself, so that no scope's grace time begins.
    if (this.origin === this && this.#job !== undefined) this.#stopGrace = this.#scope.beginGraceOf(this.#job);
  }

  /** The job is over. */
  override detach(): void {
    this.#stopGrace?.();
    super.detach();
  }
}

/**
 * A function run as it is, on this thread. A class of its own, since of these there
 * may be a hundred thousand: a closure with its context weighs three times as much.
 */
export class PlainCode implements JobCode {
  readonly #fn: (...args: unknown[]) => unknown;
  readonly #args: readonly unknown[];

  constructor(fn: (...args: unknown[]) => unknown, args: readonly unknown[]) {
    this.#fn = fn;
    this.#args = args;
  }

  get node(): undefined {
    return undefined;
  }

  get stopByForce(): undefined {
    return undefined;
  }

  run(job: ScopeJob): unknown {
    const fn = this.#fn; // called without a receiver
    const args = this.#args;
    // To spread none takes longer than most of what a job needs beside its promises.
    return completed(args.length === 0 ? fn() : fn(...args), job.owner);
  }
}

/** A generator task runs its steps to the end; any other has been run by the call. */
export function completed(returned: unknown, cancel: CancelNode): unknown {
  return isSteps(returned) ? runSteps(returned, cancel) : returned;
}
