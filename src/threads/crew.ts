/**
 * The threads of a pool: starts them, prepares them for jobs, has them import modules,
 * and ends those that are idle, worn out or not needed any more.
 *
 * A thread's way: started -> prepared (pinned to its cores, its start hook run) -> ready
 * for the tasks of each module that it has imported -> retiring (takes no more calls, tells
 * when it has none) -> ended; it may end at any moment of that.
 */
import { add, store } from "#atomics";
import { setAlarm, setIdleAlarm } from "#clock";
import { host } from "#host";

import type { TaskIdentity } from "../async/executor.js";
import { MisuseError } from "../core/errors.js";
import { probe, ProbeKind } from "../core/probe.js";
import { nextIdentity } from "../core/thread.js";
import { heap } from "../shared/heap.js";
import type { Call } from "./call.js";
import * as at from "./line.js";
import { Board, Line } from "./line.js";
import type { ModuleRecord, Modules } from "./modules.js";
import { noThread } from "./thread-errors.js";
import type { PoolPlan } from "./thread-pool.js";
import { PoolThread, type ThreadOwner } from "./thread.js";

/** Jobs have waited for so long when one more thread is started for them. */
const GROW_AFTER_MS = 2;
/** Threads of a pool that closes may take so long to get out what they have printed. */
const MOST_LAST_WORDS_MS = 1000;
/** Looks in the time after which an idle thread ends. */
const IDLE_LOOKS = 4;

export interface CrewOwner extends ThreadOwner {
  /** Jobs that have not settled. */
  readonly unsettled: number;
  readonly isArmed: boolean;
  /** There is one more thread, to be told what the others have been. */
  threadStarted(thread: PoolThread): void;
  /** Jobs that waited for a module can be placed. */
  moduleReady(module: ModuleRecord): void;
  /** Fails the jobs that wait for a module, which a thread could not import: those with keys only if they wait for that thread. */
  failWaiting(module: ModuleRecord, error: unknown, thread: PoolThread): void;
  /** Fails one job that is on no line. */
  failCall(call: Call, error: unknown): void;
  /** Takes back what waits on a thread's line, to place it elsewhere. */
  takeBackFrom(thread: PoolThread): void;
  /** Runs the start hook on a thread. */
  runHook(thread: PoolThread): Promise<unknown>;
}

export class Crew {
  /** By their places on the board. */
  readonly threads: (PoolThread | undefined)[] = [];
  /** All there are. A line outlives its threads. */
  readonly lines: Line[] = [];
  /** By place. */
  readonly #lineAt: (Line | undefined)[] = [];
  board: Board | undefined = undefined;
  alive = 0;
  retired = 0;
  readonly #plan: PoolPlan;
  readonly #owner: CrewOwner;
  readonly #modules: Modules;
  /** The pool, as recordings know it. */
  readonly id: number = nextIdentity();
  #lastNumber = 0;
  /** Of the modules for which a thread may be started: what calls that off. */
  readonly #growing = new Map<ModuleRecord, () => void>();
  #stopIdleLook: (() => void) | undefined = undefined;
  /** Once it ends all threads, and gives their lines back: none is started any more. */
  #isStopped = false;
  /** Of each place, how many calls its thread had run at the last look, and for how many looks it ran none. */
  readonly #idle: { runs: number; looks: number }[] = [];

  constructor(plan: PoolPlan, owner: CrewOwner, modules: Modules) {
    this.#plan = plan;
    this.#owner = owner;
    this.#modules = modules;
  }

  // Starting

  /** Starts a thread if there may be one more. Throws what the platform says if it refuses. */
  start(): PoolThread | undefined {
    if (this.#isStopped) return undefined;
    const { size } = this.#plan;
    let number = 0;
    // One that was stopped and has not ended yet counts too.
    while (this.threads[number] !== undefined) number++;
    return number < size ? this.#startAt(number) : undefined;
  }

  #startAt(number: number): PoolThread {
    const { size, name, idleMs, minSize } = this.#plan;
    const inHeap = heap();
    this.board ??= Board.make(inHeap, size);
    let line = this.#lineAt[number];
    if (line === undefined) {
      line = Line.make(inHeap);
      this.#lineAt[number] = line;
      this.lines.push(line);
      store(this.board.cells, at.BOARD_LINES + number, line.offset / 16);
    }
    const thread = new PoolThread(this.#owner, `${name}-${++this.#lastNumber}`, number, line, this.board, this.#plan);
    // The pool sleeps until a line wakes it: this one must be able to.
    if (this.#owner.isArmed) thread.arm();
    this.threads[number] = thread;
    this.alive++;
    const ring = probe.ring;
    if (ring !== undefined) ring.write(ProbeKind.poolGrow, this.id, thread.index, ring.text(name));
    this.#owner.threadStarted(thread);
    const hook = this.#plan.onThreadStart;
    if (hook !== undefined) thread.load(hook);
    if (idleMs !== Infinity && this.alive > minSize) this.#lookForIdle();
    return thread;
  }

  /** Has a thread import the module, unless one does for each job that waits for it. */
  loadSomewhere(module: ModuleRecord, call: Call): void {
    const { identity } = call.task;
    let loading = 0;
    let least: PoolThread | undefined;
    for (const thread of this.threads) {
      if (thread === undefined || !thread.isAlive) continue;
      if (thread.isLoading(module.url) || thread.importedBefore.includes(module.url)) loading++;
      else if (least === undefined || thread.inFlight < least.inFlight) least = thread;
    }
    if (loading >= Math.min(module.waiting.size, this.#plan.size)) return;
    try {
      if (least === undefined || least.inFlight > 0) least = this.start() ?? least;
    } catch (error) {
      if (least === undefined && loading === 0) {
        // The platform refuses threads. This job pays for the try; the next one tries again.
        module.waiting.delete(call);
        this.#owner.failCall(call, noThread(identity, error));
        return;
      }
    }
    least?.load(identity);
  }

  /**
   * Has the thread of a place import a task's module, and starts it if there is none. One
   * that is about to end does not. Throws what the platform says if it refuses.
   */
  bring(place: number, task: TaskIdentity): void {
    const thread = this.threads[place] ?? (this.#isStopped ? undefined : this.#startAt(place));
    const { module } = task;
    if (thread?.isAlive !== true || thread.isLoading(module) || thread.importedBefore.includes(module)) return;
    thread.load(task);
  }

  /** The thread of a line. */
  threadOf(line: Line): PoolThread | undefined {
    for (const thread of this.threads) if (thread?.line === line) return thread;
    return undefined;
  }

  /** Those threads that have the module are busy: if that lasts, another one is to import it. */
  growSoon(module: ModuleRecord): void {
    if (this.#growing.has(module)) return;
    const look = (): void => {
      this.#growing.delete(module);
      if (!module.ready.every((thread) => thread.inFlight > 0) || this.#owner.unsettled <= module.ready.length) return;
      this.#grow(module);
      if (module.ready.length < this.#plan.size) this.growSoon(module);
    };
    this.#growing.set(module, setAlarm(look, GROW_AFTER_MS));
  }

  stopGrowing(): void {
    for (const stop of this.#growing.values()) stop();
    this.#growing.clear();
  }

  #grow(module: ModuleRecord): void {
    const [task] = module.tasks;
    if (task === undefined) return;
    for (const thread of this.threads) {
      if (thread === undefined || !thread.isAlive || module.ready.includes(thread)) continue;
      if (thread.isLoading(module.url) || module.failed.has(thread)) continue;
      if (!thread.importedBefore.includes(module.url)) thread.load(task.identity);
      return;
    }
    try {
      this.start()?.load(task.identity);
    } catch {
      // The threads there are will do.
    }
  }

  // Preparing

  moduleLoaded(thread: PoolThread, url: string): void {
    if (!thread.isAlive) {
      // It is about to end: who waited for this waits for another thread.
      this.#owner.moduleReady(this.#modules.of(url));
      return;
    }
    if (thread.isPrepared) {
      this.#ready(thread, url);
      return;
    }
    if (!thread.importedBefore.includes(url)) thread.importedBefore.push(url);
    const { onThreadStart: hook } = this.#plan;
    if (hook === undefined || hook.module === url) void this.#prepare(thread);
  }

  async #prepare(thread: PoolThread): Promise<void> {
    const { onThreadStart: hook, cores } = this.#plan;
    try {
      // Without either it is prepared at once.
      if (cores !== undefined) await this.#pin(thread, cores);
      if (hook !== undefined) {
        thread.define(this.#modules.numbered(hook));
        await this.#owner.runHook(thread);
      }
    } catch (error) {
      this.hookFailed(thread, error);
      return;
    }
    thread.isPrepared = true;
    for (const url of thread.importedBefore.splice(0)) this.#ready(thread, url);
  }

  /** A thread could not be prepared: it ends, and those that waited for it have paid for the try. */
  hookFailed(thread: PoolThread, error: unknown): void {
    const urls = [...thread.importedBefore, ...thread.modulesUnderWay()];
    thread.tellFailed(undefined, error);
    thread.isRetiring = true;
    void thread.terminate();
    for (const url of urls) this.#owner.failWaiting(this.#modules.of(url), error, thread);
  }

  /** Starts all threads and has them import what these tasks need. Throws what keeps one from it. */
  async ready(identities: readonly TaskIdentity[]): Promise<void> {
    while (this.start() !== undefined);
    const threads = this.threads.filter((thread) => thread?.isAlive === true) as PoolThread[];
    await Promise.all(
      identities.flatMap((identity) => {
        const module = this.#modules.numbered(identity).module;
        return threads.map(async (thread) => {
          if (module.ready.includes(thread)) return;
          const imported = new Promise<void>((resolve, reject) => {
            thread.whenReady.push({ url: module.url, resolve, reject });
          });
          if (!thread.isLoading(module.url) && !thread.importedBefore.includes(module.url)) thread.load(identity);
          await imported;
        });
      }),
    );
  }

  async #pin(thread: PoolThread, cores: readonly number[]): Promise<void> {
    const id = thread.kernelThreadId;
    const why =
      id === undefined ? "this platform does not tell the numbers of its threads" : await host.pinThread(id, cores);
    if (why === undefined) return;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `thread "${thread.name}" can't be pinned to the cores ${cores.join(", ")}: ${why}. Leave \`cores\` out to let it run on all`,
    );
  }

  #ready(thread: PoolThread, url: string): void {
    if (!thread.isAlive) return;
    const module = this.#modules.of(url);
    for (const task of module.tasks) thread.define(task);
    module.ready.push(thread);
    thread.tellReady(url);
    this.#owner.moduleReady(module);
  }

  // Ending

  /** Ends a thread when it has run what it runs; others take what waits on its line. */
  retire(thread: PoolThread): void {
    if (!thread.isAlive) return;
    if (!thread.isPrepared) {
      // It runs no job, and if it could import nothing so far it would not hear of it either.
      thread.isRetiring = true;
      void thread.terminate();
      return;
    }
    this.#modules.forget(thread);
    thread.retire();
    this.#owner.takeBackFrom(thread);
  }

  /** Replaces threads that are worn out. */
  recycle(): void {
    const { recycleAfterJobs, recycleAboveMb } = this.#plan;
    if (recycleAfterJobs === Infinity && recycleAboveMb === Infinity) return;
    for (const thread of this.threads) {
      if (thread === undefined || !thread.isAlive || !thread.isPrepared) continue;
      if (thread.count(at.RUNS) >= recycleAfterJobs || thread.count(at.HEAP_MB) > recycleAboveMb) this.retire(thread);
    }
  }

  #lookForIdle(): void {
    this.#stopIdleLook ??= setIdleAlarm(() => {
      this.#stopIdleLook = undefined;
      this.#endIdle();
      if (this.alive > this.#plan.minSize) this.#lookForIdle();
    }, this.#plan.idleMs / IDLE_LOOKS);
  }

  #endIdle(): void {
    // Those that are on their way out have not ended yet.
    let spare = this.threads.filter((thread) => thread?.isAlive === true).length - this.#plan.minSize;
    // The last ones first: who comes first is the one that stays.
    for (const thread of this.threads.toReversed()) {
      if (thread === undefined || !thread.isAlive || spare <= 0) continue;
      const idle = (this.#idle[thread.number] ??= { runs: -1, looks: 0 });
      const runs = thread.count(at.RUNS);
      const isStarting = thread.modulesUnderWay().length > 0 || thread.importedBefore.length > 0;
      const isIdle = runs === idle.runs && !thread.isRunning && !isStarting;
      idle.looks = isIdle ? idle.looks + 1 : 0;
      idle.runs = runs;
      if (idle.looks < IDLE_LOOKS) continue;
      spare--;
      this.retire(thread);
    }
  }

  /** A thread has ended: its place is free. */
  ended(thread: PoolThread): void {
    thread.passAll();
    this.threads[thread.number] = undefined;
    this.#idle.length = Math.min(this.#idle.length, thread.number);
    this.alive--;
    probe.ring?.write(ProbeKind.poolShrink, this.id, thread.index);
    if (thread.isRetiring) this.retired++;
    if (this.board === undefined) return;
    add(this.board.cells, at.BOARD_AWAKE, -thread.count(at.IS_COUNTED));
  }

  /**
   * Wakes one thread that is parked, if there is one.
   *
   * @param module - that can run its tasks; of any if omitted
   */
  wakeOne(module?: ModuleRecord): void {
    (module?.ready ?? this.threads).some((thread) => thread?.wake());
  }

  /** Ends all threads, which have nothing to run any more, but perhaps to print. */
  async close(): Promise<void> {
    const ending = this.threads.flatMap((thread) => {
      if (thread === undefined) return [];
      // One that has not begun does not hear of it, and has nothing to say.
      if (!thread.isPrepared || !thread.isAlive) return [thread.terminate()];
      thread.retire();
      return [thread.ended];
    });
    let stopLimit: (() => void) | undefined;
    const limit = new Promise<void>((resolve) => {
      const look = (): void => {
        // Those that stand in do what a call of this program's has yet to end with.
        if (this.threads.some((thread) => thread?.isStandingIn === true))
          stopLimit = setAlarm(look, MOST_LAST_WORDS_MS);
        else resolve();
      };
      stopLimit = setAlarm(look, MOST_LAST_WORDS_MS);
    });
    await Promise.race([Promise.all(ending), limit]);
    stopLimit?.();
    await this.stop();
  }

  /** Ends all threads at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.stopGrowing();
    this.#stopIdleLook?.();
    await Promise.all(
      this.threads.flatMap((thread) => {
        if (thread === undefined) return [];
        thread.isRetiring = true;
        return thread.terminate();
      }),
    );
    // Each has ended: nobody reads them any more.
    const inHeap = heap();
    for (const { offset } of [...this.lines, ...(this.board === undefined ? [] : [this.board])]) {
      inHeap.free(inHeap.handleOf(offset));
    }
    this.lines.length = 0;
    this.#lineAt.length = 0;
    this.board = undefined;
  }
}
