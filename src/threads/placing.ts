/**
 * Where jobs go: which thread's line gets which job, and which jobs wait for room.
 *
 * Invariants
 * - A job waits in one queue only while no line may take it; as soon as one may, because
 *   an outcome was collected or a thread is ready for its module, somebody calls `placeQueued`.
 * - Jobs start in order of submission, as far as they are on one line and have one
 *   priority. While jobs of several priorities wait, lines get only one call more than
 *   their threads run: what waits on a line can't be overtaken.
 * - One job is placed at a time. To write its arguments runs code of the program, by
 *   getters and proxies, and that may submit jobs, cancel some, or ask for figures. What it
 *   submits waits in `#came`, what comes back from a thread that is replaced for it in `#back`,
 *   and a look for room that it causes is made up for, when the job in hand has its place:
 *   until then the record that it is written to is free, and the queue that it is taken from
 *   counts it.
 */
import { load, store } from "#atomics";

import { probe, ProbeKind } from "../core/probe.js";
import type { Call, CallTable } from "./call.js";
import { ConstrainedJobs } from "./constrained-jobs.js";
import type { Crew } from "./crew.js";
import { JobQueue, rankMs } from "./job-queue.js";
import * as at from "./line.js";
import type { ModuleRecord } from "./modules.js";
import { runningOn } from "./pool-statistics.js";
import type { Putting } from "./putting.js";
import { takeBack } from "./remains.js";
import { noThread } from "./thread-errors.js";
import type { PoolThread } from "./thread.js";

export interface PlacingOwner {
  readonly plan: { readonly size: number; readonly jobsPerThread: number };
  readonly table: CallTable;
  readonly crew: Crew;
  readonly putting: Putting;
  /** Fails a job. */
  failCall(call: Call, error: unknown): void;
  /** A job is on no line any more. */
  leave(call: Call): void;
}

export class Placing {
  readonly #owner: PlacingOwner;
  readonly #queue = new JobQueue();
  readonly #constrained = new ConstrainedJobs();
  /** By place: the next job there, if its thread is not there or can't run it yet. */
  readonly #unready = new Map<number, Call>();
  /** Jobs on lines that only the thread there can run, and that could as well be put to another. */
  readonly #posted = new Set<Call>();
  /** Jobs that were submitted while another was being placed. */
  readonly #came: Call[] = [];
  /** Jobs that came back from lines meanwhile: their queue may be one that is gone through now, which loses its place by that. */
  readonly #back: Call[] = [];
  #isPlacing = false;
  #isToLook = false;

  constructor(owner: PlacingOwner) {
    this.#owner = owner;
  }

  /** Whether no job waits for room. */
  get isEmpty(): boolean {
    return this.#queue.size === 0 && this.#constrained.isEmpty;
  }

  /** Whether jobs wait that differ in priority. */
  get #isByPriority(): boolean {
    return this.#queue.isByPriority || this.#constrained.isByPriority;
  }

  /** Finds a place for a new job, or has it wait for one. */
  admit(call: Call): void {
    if (this.#isPlacing) {
      this.#came.push(call);
      return;
    }
    this.#isPlacing = true;
    try {
      this.#admitNow(call);
      if (this.#isToLook || this.#came.length > 0) this.#catchUp();
    } finally {
      this.#isPlacing = false;
    }
  }

  /** There may be room. */
  placeQueued(): void {
    this.#isToLook = true;
    if (this.#isPlacing) return;
    this.#isPlacing = true;
    try {
      this.#catchUp();
    } finally {
      this.#isPlacing = false;
    }
  }

  /** Outcomes were collected, or have long not come: there may be room, and idle threads. */
  look(): void {
    if (this.#posted.size > 0) this.#reconsider();
    if (!this.isEmpty) this.placeQueued();
  }

  #catchUp(): void {
    for (;;) {
      this.#addInFront(this.#back.splice(0).filter((call) => !call.isSettled));
      const call = this.#came.shift();
      if (call !== undefined) {
        this.#admitNow(call);
      } else if (this.#isToLook) {
        this.#isToLook = false;
        this.#placeAll();
      } else {
        return;
      }
    }
  }

  #admitNow(call: Call): void {
    // Somebody who was told of it may have cancelled it.
    if (call.isSettled) return;
    if ((call.options?.priority ?? 0) !== 0 && !this.#isByPriority) this.#recall();
    const isHeldUp = this.#queue.size > 0 || (call.isConstrained && this.#constrained.holdsUp(call));
    if (!isHeldUp && this.#place(call)) return;
    if (call.isSettled) return;
    if (call.isConstrained) this.#constrained.add(call);
    else this.#queue.add(call);
    this.#showWaiting();
    probe.ring?.write(ProbeKind.poolQueue, this.#owner.crew.id, 0, this.#queue.size);
    // What held up others need not hold up this one.
    if (call.isConstrained || this.#isByPriority) this.#isToLook = true;
  }

  /** Has jobs wait that came before all those that wait. */
  waitInFront(calls: readonly Call[]): void {
    if (!this.#isPlacing) {
      this.#addInFront(calls);
    } else if (calls.length > 0) {
      this.#back.unshift(...calls);
      this.#isToLook = true;
    }
  }

  #addInFront(calls: readonly Call[]): void {
    if (calls.length === 0) return;
    this.#queue.addInFront(calls.filter((call) => !call.isConstrained));
    this.#constrained.addInFront(calls.filter((call) => call.isConstrained));
  }

  /** Takes out a job that waits. @returns whether it did */
  remove(call: Call): boolean {
    return this.#queue.remove(call) || this.#constrained.remove(call);
  }

  /** Takes out all that wait. */
  takeAll(): Call[] {
    const waiting = [...this.#queue];
    for (const call of waiting) this.#queue.remove(call);
    return [...waiting, ...this.#constrained.takeAll(), ...this.#back.splice(0), ...this.#came.splice(0)];
  }

  /** Takes out those that wait for the thread of a place because of their keys, and that `isMeant` says. */
  takeKeyed(place: number, isMeant: (call: Call) => boolean): Call[] {
    return this.#constrained.takeAt(place, isMeant);
  }

  /** A job is on no line any more. */
  left(call: Call): void {
    if (call.isPosted) this.#posted.delete(call);
  }

  // Placing

  /** Puts a job on a line, or among those that wait for its module. @returns false if no line may take it now */
  #place(call: Call): boolean {
    const wasPosted = call.isPosted;
    if (this.#tryToPlace(call)) return true;
    // That it needs an idle thread may have turned out only now.
    return !wasPosted && call.isPosted && !call.isSettled && this.#tryToPlace(call);
  }

  #tryToPlace(call: Call): boolean {
    if (call.affinity !== undefined) return this.#placeKeyed(call);
    const { plan, crew } = this.#owner;
    const { module } = call.task;
    let [least] = module.ready;
    if (least === undefined) {
      module.waiting.add(call);
      crew.loadSomewhere(module, call);
      return true;
    }
    if (module.ready.length > 1)
      for (const thread of module.ready) if (thread.inFlight < least.inFlight) least = thread;
    if (least.inFlight >= plan.jobsPerThread) {
      if (module.ready.length < plan.size) crew.growSoon(module);
      if (this.#isByPriority && least.inFlight > plan.jobsPerThread) return false;
    }
    if (call.isPosted) return this.#placePosted(call);
    if (this.#put(least, call)) return true;
    // Its ring has come round to a call that no other thread takes, perhaps not for long.
    if (least.keyed === 0 || call.isPosted) return false;
    return module.ready.some(
      // Not where one of them has shown that it needs an idle thread.
      (thread) =>
        !call.isPosted && !(this.#isByPriority && thread.inFlight > plan.jobsPerThread) && this.#put(thread, call),
    );
  }

  /** Only the thread of its line can run it, so that should do so soon. */
  #placePosted(call: Call): boolean {
    const thread = this.#idlest(call.task.module);
    if (!thread.isIdle && thread.inFlight >= this.#owner.plan.jobsPerThread) return false;
    if (!this.#put(thread, call)) return false;
    if (!call.isBound && !call.isSettled) this.#posted.add(call);
    return true;
  }

  #put(thread: PoolThread, call: Call): boolean {
    return this.#owner.putting.put(thread, call);
  }

  /** Of the threads that have a module: one that is idle, or else one that runs nothing, or has the fewest calls. */
  #idlest(module: ModuleRecord): PoolThread {
    const loadOf = (thread: PoolThread): number =>
      thread.isIdle ? -1 : 2 * thread.inFlight + (this.#isRunning(thread) ? 1 : 0);
    return module.ready.reduce((least, thread) => (loadOf(thread) < loadOf(least) ? thread : least));
  }

  /** Whether a thread runs a call, its own line's or one that it has stolen, or stands in. */
  #isRunning(thread: PoolThread): boolean {
    return thread.isStandingIn || runningOn(thread.line, this.#owner.table) > 0;
  }

  /** Puts a job on the line of its key's thread. @returns false if it can't be put there now */
  #placeKeyed(call: Call): boolean {
    const { crew, plan } = this.#owner;
    const thread = crew.threads[call.place];
    if (thread === undefined || !call.task.module.ready.includes(thread)) {
      this.#unready.set(call.place, call);
      return false;
    }
    if (this.#isByPriority && thread.inFlight > plan.jobsPerThread) return false;
    if (call.isPosted && thread.inFlight >= plan.jobsPerThread) return false;
    return this.#put(thread, call);
  }

  #placeAll(): void {
    do {
      const held = new Set<number | ModuleRecord>();
      const place = (call: Call): boolean => this.#place(call);
      this.#queue.takeEach((call) => {
        // Those for certain threads that come before it, so that neither kind waits for ever.
        if (!this.#constrained.isEmpty) this.#constrained.takeUntil(rankMs(call), held, place);
        // It may have been cancelled by what was run for those.
        if (call.isSettled || this.#place(call)) return true;
        if (!call.isPosted || call.isSettled) return call.isSettled;
        // It needs an idle thread: it does not hold up others.
        this.#queue.remove(call);
        this.#constrained.add(call);
        return true;
      });
      this.#constrained.takeUntil(Infinity, held, place);
    } while (this.#bringThreads());
    this.#showWaiting();
    probe.ring?.write(ProbeKind.poolQueue, this.#owner.crew.id, 0, this.#queue.size);
  }

  /** Tells threads whether jobs wait for one of them to become idle. */
  #showWaiting(): void {
    const { board } = this.#owner.crew;
    const isWaiting = this.isEmpty ? 0 : 1;
    if (board !== undefined && load(board.cells, at.BOARD_WAITING) !== isWaiting) {
      store(board.cells, at.BOARD_WAITING, isWaiting);
    }
  }

  /**
   * Sees to it that the threads of keys get what their next jobs need.
   *
   * @returns whether a job has failed for that, and the next one is to be tried
   */
  #bringThreads(): boolean {
    let hasFailed = false;
    for (const [place, call] of this.#unready) {
      this.#unready.delete(place);
      if (call.isSettled) continue;
      try {
        this.#owner.crew.bring(place, call.task.identity);
      } catch (error) {
        // The platform refuses threads. This job pays for the try.
        if (this.#constrained.remove(call)) hasFailed = true;
        this.#owner.failCall(call, noThread(call.task.identity, error));
      }
    }
    return hasFailed;
  }

  // Taking back

  /**
   * Takes back what waits on lines, as some job may go before it. That need not hold up any of
   * it: it may wait for other threads, be put elsewhere, or fail.
   */
  #recall(): void {
    this.#isToLook = true;
    const back = this.#owner.crew.threads.flatMap((thread) => (thread === undefined ? [] : this.withdrawFrom(thread)));
    this.#addInFront(back.toSorted((a, b) => a.submittedMs - b.submittedMs));
  }

  /** Takes back what waits on a thread's line and can be put elsewhere. */
  withdrawFrom(thread: PoolThread): Call[] {
    const { table } = this.#owner;
    // What was moved to the thread can't be moved again: it is run there.
    const stays = (number: number): boolean => table.of(number)?.isBound === true;
    const numbers = takeBack(thread.line, thread.filled, false, stays);
    const back = numbers.flatMap((number) => table.of(number) ?? []);
    for (const call of back) this.#takeOff(call);
    return back;
  }

  /** Takes a call back from its line. @returns false if it has been taken by a thread */
  withdraw(call: Call): boolean {
    const { cells } = (call.thread as PoolThread).line;
    // Only the pool fills records, so this can't change meanwhile.
    if (cells[call.record + at.CALL_NUMBER] !== call.number) return false;
    if (at.takeQueued(cells, call.record, at.WITHDRAWN) !== at.QUEUED) return false;
    this.#takeOff(call);
    return true;
  }

  /** No thread will take it from its line any more. */
  #takeOff(call: Call): void {
    if (call.isPosted) call.thread?.post({ kind: "drop", call: call.number }, []);
    this.#owner.leave(call);
  }

  /**
   * Puts jobs elsewhere whose threads run something else, while others are idle: such a
   * thread has stolen a call, at the moment at which it was given the job or before.
   */
  #reconsider(): void {
    const back: Call[] = [];
    for (const call of this.#posted) {
      const thread = call.thread as PoolThread;
      if (thread.runs(call.number) || !this.#isRunning(thread)) continue;
      if (call.task.module.ready.some((other) => other.isIdle) && this.withdraw(call)) back.push(call);
    }
    this.waitInFront(back);
  }
}
