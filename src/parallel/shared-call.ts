/**
 * A call that is shared out: its memory, its helpers, what they give back.
 *
 * The caller takes part itself, in slices. Between two it has helpers called again that gave
 * way to others. When no part is left it lets nobody come any more, and waits for those that
 * are here: blocked, or in turns of its event loop.
 */
import { nowMs } from "#clock";
import { hasWaitAsync } from "#atomics";

import { type CancelNode, CancelListener, cancelNodeOf } from "../async/cancel.js";
import type { AnyTask, Executor, RunOptions } from "../async/executor.js";
import type { Scope } from "../async/scope.js";
import { SharedMemoryError, TransferError, WorkerLostError } from "../core/errors.js";
import { probe } from "../core/probe.js";
import type { SharedArray } from "../shared/array.js";
import { heap, type Life } from "../shared/heap.js";
import { freePayload } from "../shared/payload.js";
import { decodeThrown } from "../threads/error-codec.js";
import { contextHere } from "../threads/remotes.js";
import { titleOf } from "./asked.js";
import { type CallMemory, giveMemory, takeMemory, type Telling } from "./call-memory.js";
import { costOfCall } from "./costs.js";
import type { ParticipantFigures } from "./explain.js";
import { begins, countHelpers, ends } from "./figures.js";
import { readBack } from "./given-back.js";
import { sharedOut, SleepersOf } from "./at-once.js";
import type { ItemCallback } from "./loops.js";
import { nameOf, undeclared } from "./function-names.js";
import { Participant, type PartLoop, type PartsDone, type Work } from "./part.js";
import { loopOf } from "./part-loops.js";
import type { Begun, Call, SharedForm } from "./run.js";
import { CALLER, type Gone, MOST_PARTS, type ShareCounts, type Shares } from "./shares.js";
import {
  callThreads,
  forgetModule,
  ownerOf,
  READY_MS,
  sharingWith,
  stopThread,
  type TakeBack,
  type Team,
} from "./team.js";
import { seams } from "./testing.js";
import { nextTurn, settledWithin } from "./turns.js";
import type { Worth } from "./worth.js";

/** So long takes a part. */
const PART_US = 10;
/** Who waits for helpers looks so often whether their threads still run. */
const LOOK_MS = 100;
/** A caller that does no parts itself waits so long for somebody to be there. */
const PATIENCE_MS = 20;

/** How many items a part has. */
function partItemsOf(call: Call, left: number, itemUs: number, participants: number): number {
  const wanted = Math.min(PART_US / Math.max(itemUs, 1e-6), left / (4 * participants));
  const least = Math.ceil(left / MOST_PARTS);
  return Math.ceil(Math.max(1, wanted, least) / call.blockItems) * call.blockItems;
}

/** Calls something when a call is cancelled. */
class OnCancel extends CancelListener {
  readonly #call: () => void;

  constructor(call: () => void) {
    super();
    this.#call = call;
  }

  override onCancel(): void {
    this.#call();
  }
}

/** What the job does that stands for a call's helpers: they are there. */
function helpersAreHere(): void {}

/**
 * The helpers of a call as its scope sees them: a job elsewhere, which ends when all have left.
 * So dumps show it, and if they don't leave in the grace time of a cancellation they are stopped
 * by force, as is all that threads do for a scope.
 */
class Presence implements Executor {
  readonly name = "threads that help";
  readonly #stopThem: () => void;
  #letGo: () => void = () => undefined;
  /** Has the job end. */
  end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => (this.end = resolve));
  #begin: () => void = () => undefined;
  /** Settles when the job has begun: then a cancellation is heard. */
  readonly begun: Promise<void> = new Promise<void>((resolve) => (this.#begin = resolve));

  constructor(stopThem: () => void) {
    this.#stopThem = stopThem;
  }

  async run<Result>(_task: AnyTask, _args: readonly unknown[], options: RunOptions): Promise<Result> {
    const listener = new OnCancel(() => {
      const { graceOver } = options;
      graceOver.addEventListener("abort", this.#stopThem, { once: true });
      this.#letGo = () => graceOver.removeEventListener("abort", this.#stopThem);
      if (graceOver.aborted) this.#stopThem();
    });
    cancelNodeOf(options.cancel)?.listen(listener);
    options.onStart();
    this.#begin();
    // It stands in no queue, and has no thread.
    const { ring } = probe;
    ring?.started(options.jobId, true);
    ring?.suspended(options.jobId);
    await this.#ended;
    listener.stopListening();
    this.#letGo();
    return undefined as Result;
  }
}

export class SharedCall {
  readonly shares: Shares;
  readonly work: Work;
  readonly own: Participant;
  readonly helpers: number;
  readonly parts: number;
  readonly values: [number, unknown][];
  readonly #call: Call;
  readonly #team: Team;
  readonly #form: SharedForm;
  readonly #from: number;
  /** Whether arrays are copied. That takes its time whatever helpers there are, and is weighed by itself. */
  readonly #isCopied: boolean;
  readonly #beganMs: number;
  readonly #memory: CallMemory;
  readonly #way: Telling;
  readonly #worth: Worth;
  readonly #done: PartsDone[] = [];
  /** Threads that have ended while they were here. */
  readonly #lost = new Set<string>();
  readonly #cancel: CancelNode | undefined;
  readonly #stop: OnCancel;
  #tellCancelled: () => void = () => undefined;
  readonly #cancelled: Promise<void> = new Promise<void>((resolve) => (this.#tellCancelled = resolve));
  readonly #presence: Presence | undefined;
  /** Take back helpers that were called for this call only. */
  readonly #takeBack = new Map<number, TakeBack>();
  /** What each participant did, once all is over. */
  #counts: readonly ShareCounts[] = [];
  readonly #sleepers: SleepersOf;
  #isClosed = false;
  /** Why nobody can help: threads can't be made ready, or told what there is to do. */
  #refusal: { readonly error: unknown } | undefined = undefined;
  /** Whether it will say something of what sharing out costs. */
  #isMeasured: boolean;
  /** So long one thread would have worked on it; known once all has succeeded. */
  #workUs: number | undefined = undefined;

  /**
   * Puts the arrays where all threads see them, and all else that helpers need to know.
   *
   * @param isSpared - whether this thread does no part
   * @param s - the call's own scope, if it can be cancelled
   */
  static open(call: Call, team: Team, begun: Begun, isSpared = false, s?: Scope): SharedCall {
    const form = call.share();
    try {
      return new SharedCall(call, form, team, begun, isSpared, s);
    } catch (error) {
      form.end(begun.done, false);
      throw error;
    }
  }

  private constructor(call: Call, form: SharedForm, team: Team, begun: Begun, isSpared: boolean, s: Scope | undefined) {
    this.#isCopied = (call.copiedBytes ?? 0) > 0;
    this.#beganMs = this.#isCopied ? nowMs() : (begun.beganMs ?? nowMs());
    this.#call = call;
    this.#form = form;
    this.#team = team;
    this.#sleepers = new SleepersOf(team);
    this.#from = begun.done;
    this.#cancel = cancelNodeOf(s);
    this.values = begun.values;
    const left = call.length - begun.done;
    const partItems = partItemsOf(call, left, begun.itemUs, team.helpers + 1);
    const parts = Math.ceil(left / partItems);
    this.helpers = Math.min(team.helpers, isSpared ? parts : parts - 1);
    this.parts = parts;
    // A helper that stays is in the context of the call that it was called for. So where the program
    // carries one, each call has its own.
    const owner = ownerOf(team);
    const participants = 1 + Math.max(team.helpers, team.alone);
    const memory = contextHere() === undefined ? takeMemory(owner, "told", participants) : undefined;
    const sharing = sharingWith(team);
    this.#worth = begun.worth ?? (memory?.shares.hasStayed === true ? sharing.present : sharing.called);
    // First of all: those that sleep wake up while all else is made ready.
    if (memory !== undefined) for (let one = 1; one <= this.helpers; one++) memory.shares.expects(one, this.#sleepers);
    // Long parts end when they do: of them nothing can be learnt of what sharing out takes.
    this.#isMeasured = this.helpers > 0 && call.isCoarse !== true;
    this.work = {
      name: titleOf(call),
      loop: call.kind,
      functions: call.functions.map(nameOf),
      data: form.data,
      first: begun.done,
      end: call.length,
      partItems,
      isSearch: call.isSearch === true,
    };
    const isTold = memory !== undefined && (this.helpers === 0 || this.#isTold(owner, memory));
    this.#way = isTold ? "told" : "once";
    this.#memory = this.#way === "told" ? (memory as CallMemory) : takeMemory(owner, "once", participants);
    ({ shares: this.shares } = this.#memory);
    try {
      this.shares.begin(parts, heap().slot);
      this.own = new Participant(this.shares, CALLER, this.work, this.#ownLoop());
    } catch (error) {
      giveMemory(ownerOf(team), this.#way, this.#memory);
      throw error;
    }
    this.#stop = new OnCancel(() => {
      this.shares.stop();
      this.shares.tellCaller();
      this.#tellCancelled();
    });
    // Code of the program has run since it was looked at last: what is encoded may have getters.
    if (this.isCancelled) this.#stop.onCancel();
    else this.#cancel?.listen(this.#stop);
    if (s !== undefined && this.helpers > 0) {
      this.#presence = new Presence(() => this.#stopThreads());
      s.spawn(helpersAreHere, [], { on: this.#presence, name: `${this.work.name}, helpers` });
    }
    begins(this);
    sharedOut(team);
  }

  /** Whether what there is to do can be told in shared memory; if not, that is given back. */
  #isTold(owner: object, memory: CallMemory): boolean {
    const { name, loop, data, isSearch } = this.work;
    let isTold = false;
    try {
      const telling = memory.tellings.of({ name, loop, functions: this.#call.functions, data, isSearch });
      if (telling === undefined) return false;
      memory.shares.tell(telling, this.work);
      isTold = true;
    } finally {
      if (!isTold) {
        giveMemory(owner, "told", memory);
      }
    }
    return true;
  }

  get #cells(): SharedArray<"int32"> {
    return this.#memory.cells;
  }

  #ownLoop(): PartLoop {
    const { kind, functions } = this.#call;
    const loop = loopOf(kind, functions as unknown as readonly ItemCallback[], this.#form.data);
    const { beforeOwnPart } = seams;
    if (beforeOwnPart === undefined) return loop;
    return (from, to) => {
      beforeOwnPart(this.shares);
      return loop(from, to);
    };
  }

  // Helpers

  get isCancelled(): boolean {
    return this.#cancel?.isCancelled === true;
  }

  /** Settles when its scope knows of helpers, so that they may come; at once if it has none. */
  async becomesKnown(): Promise<void> {
    if (this.#presence !== undefined) await Promise.race([this.#presence.begun, this.#cancelled]);
  }

  /** Has all of them come. */
  callHelpers(): void {
    if (this.isCancelled) return;
    this.#callThem(Array.from({ length: this.helpers }, (_, i) => i + 1));
  }

  /** As `callHelpers`, once they are ready. If they can't be, the call fails by that, unless it is over by then. */
  async callHelpersAfter(ready: Promise<void>): Promise<void> {
    this.#isMeasured = false;
    try {
      await ready;
      if (!this.#isClosed) this.callHelpers();
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** There is no sense in going on: the call fails. */
  #refuse(error: unknown): void {
    // Over or cancelled: then nobody misses them.
    if (this.#isClosed || this.isCancelled) return;
    this.#refusal ??= { error };
    this.shares.stop();
  }

  /** Has those come; who is still there from the call before need not be called. */
  #callThem(participants: readonly number[]): void {
    const { shares, work } = this;
    const called = participants.filter((participant) => {
      shares.open(participant);
      // Who comes for another call knows nothing of this one, if it is not told in shared memory.
      return this.#way === "once" || shares.invite(participant, this.#sleepers);
    });
    countHelpers(called.length, participants.length - called.length);
    if (called.length === 0) return;
    const once = this.#way === "once" ? { once: { call: shares.call, work } } : {};
    const takeBack = callThreads(this.#team, { cells: this.#cells, participants: called, ...once }, (error) => {
      const why = `what ${work.name} works with can't be passed to threads: ${error.message}`;
      this.#refuse(new TransferError(why, { cause: error }));
    });
    // Who is told in shared memory may as well come for the next call.
    if (this.#way === "once")
      called.forEach((participant, i) => this.#takeBack.set(participant, takeBack[i] as TakeBack));
  }

  /** Between two slices: has those called again that gave way to other calls. They come behind those. */
  goOn(): void {
    this.#isMeasured = false;
    const again: number[] = [];
    try {
      for (let gone = this.shares.takeGone(true); gone !== undefined; gone = this.shares.takeGone(true)) {
        this.#collect(gone);
        again.push(gone.participant);
      }
    } catch (error) {
      this.shares.stop();
      throw error;
    }
    if (again.length > 0) this.#callThem(again);
  }

  /**
   * Settles when all helpers have come and gone, or nobody is there for a while, as the pool has other
   * things to do, or its threads take long to get ready; or the call is cancelled.
   *
   * @param called - settles when they have been called, if that takes time
   */
  async helpersEnd(called: Promise<void> | undefined): Promise<void> {
    await settledWithin(READY_MS, Promise.race([called, this.#cancelled]));
    let seenMs = nowMs();
    while (!this.isCancelled) {
      const times = this.shares.timesLeft;
      this.goOn();
      if (!this.shares.hasExpected) return;
      const now = nowMs();
      if (this.shares.hasPresent) seenMs = now;
      else if (now - seenMs >= PATIENCE_MS) return;
      await this.#someLeave(times, PATIENCE_MS);
      this.#lookForLost();
      if (this.#lost.size > 0) return;
    }
  }

  /** Settles once somebody has left since it was so often, or after so long. */
  async #someLeave(times: number, mostMs: number): Promise<void> {
    if (!hasWaitAsync) return nextTurn();
    const leaving = this.shares.leavingAfter(times);
    if (leaving === undefined) return;
    await settledWithin(mostMs, leaving);
  }

  /** Lets nobody come any more. @returns whether anybody is here who still has to leave */
  #close(): boolean {
    if (!this.#isClosed) {
      this.#isClosed = true;
      for (const takeBack of this.#takeBack.values()) takeBack();
    }
    return this.shares.close() > this.#lost.size;
  }

  /** Lets no helper come any more, and blocks until all that came have left. */
  waitForHelpers(): void {
    for (;;) {
      const times = this.shares.timesLeft;
      if (!this.#close()) return;
      if (this.shares.seesLeaving(times)) continue;
      this.shares.waitForLeaving(times, LOOK_MS);
      this.#lookForLost();
    }
  }

  /** As `waitForHelpers`, in turns of the event loop. */
  async helpersLeave(): Promise<void> {
    try {
      for (;;) {
        const times = this.shares.timesLeft;
        if (!this.#close()) return;
        if (this.shares.seesLeaving(times)) continue;
        await this.#someLeave(times, LOOK_MS);
        this.#lookForLost();
      }
    } finally {
      this.#presence?.end();
    }
  }

  #stopThreads(): void {
    // A thread that has ended may have had the slot of one that runs now.
    for (const life of this.shares.present()) if (!heap().hasEnded(life)) stopThread(this.#team, life.slot);
  }

  #lookForLost(): void {
    const keyOf = ({ slot, state }: Life): string => `${slot} ${state}`;
    for (const life of this.shares.present()) {
      // It may have left and ended since, so whether it is there is asked once more.
      if (this.#lost.has(keyOf(life)) || !heap().hasEnded(life)) continue;
      if (!this.shares.present().some((one) => keyOf(one) === keyOf(life))) continue;
      this.#lost.add(keyOf(life));
      // The others end what they have in hand, and until then are waited for.
      this.shares.stop();
    }
  }

  // What they gave back

  #collect({ participant, thread, us, hasFailed, result }: Gone): void {
    if (hasFailed) throw noMemoryFor(this.work.name);
    if (result === undefined) {
      this.#done.push({ participant, thread, ms: us / 1000, values: [] });
      return;
    }
    const own = heap();
    const others: PartsDone = { participant, thread, ms: us / 1000, values: [] };
    let done: PartsDone;
    try {
      done = readBack(result, others);
    } finally {
      freePayload(own, result.payload, own.slot);
    }
    this.#done.push(done);
    const { missing } = done;
    // One by one: as arguments, some ten thousand are more than the stack has room for.
    if (missing === undefined) for (const value of done.values) this.values.push(value as [number, unknown]);
    else if (missing.declared === undefined) forgetModule(this.#team, missing.module);
  }

  /**
   * Once all helpers have left: takes what they gave back, and throws what the first part threw
   * that did. **Throws** also when the call is cancelled; `SKEIN_WORKER_LOST` if a thread ended
   * while it worked on a part.
   */
  requireSuccess(): void {
    this.#cancel?.checkpoint();
    if (this.#lost.size > 0) {
      throw new WorkerLostError("SKEIN_WORKER_LOST", `a thread ended while it worked on a part of ${this.work.name}`);
    }
    for (let gone = this.shares.takeGone(); gone !== undefined; gone = this.shares.takeGone()) this.#collect(gone);
    const own = this.own.done();
    this.#done.push(own);
    for (const value of own.values) this.values.push(value as [number, unknown]);
    let first = this.own.thrown;
    for (const { thrown, thread } of this.#done) {
      if (thrown === undefined || (first !== undefined && first.part <= thrown.part)) continue;
      first = { part: thrown.part, error: decodeThrown(thrown.error, (stack) => `${stack}\n    on thread ${thread}`) };
    }
    // What was found before it counts, as if all had been done in order.
    const { first: firstItem, partItems, isSearch } = this.work;
    const isFound = (part: number): boolean =>
      isSearch && this.values.some(([from]) => from < firstItem + part * partItems);
    if (first !== undefined && !isFound(first.part)) throw first.error;
    if (this.#refusal !== undefined) throw this.#refusal.error as Error;
    for (const { missing } of this.#done) {
      if (missing?.declared !== undefined) throw undeclared(this.#call.functions, missing, missing.declared);
    }
    const workUs = this.#done.reduce((sum, { ms }) => sum + ms, 0) * 1000;
    // What began a call says less than all of it: there caches are cold, and data may be other. But where
    // several work each takes longer than alone, so this only ever makes it less.
    if (!isSearch) costOfCall(this.#call).isAtMost(this.work.end - firstItem, workUs);
    this.#workUs = this.#aloneUs(workUs);
  }

  /** How long one thread would have worked on what these did together in so long. */
  #aloneUs(workUs: number): number {
    const { first, end, isSearch } = this.work;
    const aloneUs = isSearch ? undefined : costOfCall(this.#call).wholeUs(end - first);
    // Several who read much of the same memory take longer, each, but no longer than one after another; if it is more, items were dearer.
    if (aloneUs === undefined || aloneUs * (this.helpers + 1) < workUs) return workUs;
    return Math.min(aloneUs, workUs);
  }

  /** For dumps. */
  describe(): string {
    return `${this.work.name}: ${this.shares.left()} parts left of ${this.parts}, ${1 + this.helpers} participants`;
  }

  /** All is over, however it ended: gives everything back. */
  end(isWhole: boolean): void {
    this.#stop.stopListening();
    this.own.leave();
    const counts = this.shares.counts();
    this.#counts = counts;
    ends(this, sumOf(counts, "parts"), sumOf(counts, "steals"));
    if (this.#isCopied) this.#tellWorth();
    try {
      this.#form.end(this.#from, isWhole);
    } finally {
      this.#giveBack();
    }
  }

  #giveBack(): void {
    const own = heap();
    try {
      // Of a call that failed nobody wants what was given back.
      for (let gone = this.shares.takeGone(); gone !== undefined; gone = this.shares.takeGone()) {
        if (gone.result !== undefined) freePayload(own, gone.result.payload, own.slot);
      }
      giveMemory(ownerOf(this.#team), this.#way, this.#memory);
    } finally {
      if (!this.#isCopied) this.#tellWorth();
    }
  }

  /** What sharing out has cost: with all that comes before the first part and behind the last one. */
  #tellWorth(): void {
    if (!this.#isMeasured || this.#workUs === undefined) this.#worth.tookAnyTime();
    else this.#worth.took((nowMs() - this.#beganMs) * 1000, this.#workUs, this.helpers + 1);
  }

  /** Once all is over: its memory may be another call's by then. */
  figures(): ParticipantFigures[] {
    // One that gave way has been here several times.
    const figures = new Map<number, ParticipantFigures>();
    for (const { participant, thread, ms } of this.#done) {
      const { parts, steals } = this.#counts[participant] as ShareCounts;
      figures.set(participant, { thread, ms: ms + (figures.get(participant)?.ms ?? 0), parts, steals });
    }
    return [...figures.values()].sort((a, b) => b.parts - a.parts);
  }
}

function sumOf(counts: readonly ShareCounts[], which: keyof ShareCounts): number {
  return counts.reduce((sum, count) => sum + count[which], 0);
}

/** A helper that can't give back what it did leaves all the same: the call would lack its parts, and nobody would know. */
function noMemoryFor(call: string): Error {
  return new SharedMemoryError(
    "SKEIN_OUT_OF_SHARED_MEMORY",
    `there is no shared memory left in which a helper of ${call} could give back what it did. ` +
      "Dispose of shared objects that are no longer needed; liveSharedObjects() lists them",
  );
}
