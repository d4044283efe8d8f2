/**
 * One call of an algorithm: first here, with the clock in hand; if what is left is worth
 * it, shared out among threads, of which this one is one.
 *
 * Never slower: a call begins on this thread, by itself, and measures what an item costs,
 * unless it knows that from before. It is shared out only when what is left takes longer
 * than threads take to come. So a short call costs what its loop does, and a clock's look.
 *
 * Whoever comes takes parts of some microseconds (`shares.ts`). The caller takes part,
 * in slices with turns of its event loop between them, or to the end in the blocking form.
 */
import { nowMs, setTurn } from "#clock";

import { type Cancel, CancelListener, cancelNodeOf } from "../async/cancel.js";
import { type AnyTask, type TaskIdentity, taskIdentity } from "../async/executor.js";
import { scope } from "../async/scope.js";
import { SharedMemoryError, WorkerLostError } from "../core/errors.js";
import type { SharedArray } from "../shared/array.js";
import { heap, type Life } from "../shared/heap.js";
import { arrival } from "../shared/object.js";
import { bytesOfPayload, freePayload } from "../shared/payload.js";
import { decodeValue } from "../shared/value-codec.js";
import { decodeThrown } from "../threads/error-codec.js";
import { noSuchTask } from "../threads/thread-errors.js";
import { type Asked, titleOf } from "./asked.js";
import { type CallForm, type CallMemory, giveMemory, isHelperThere, takeMemory } from "./call-memory.js";
import { costOf } from "./costs.js";
import { HelperJobs } from "./helper-jobs.js";
import { Rest } from "./here.js";
import { begins, countCallHere, countHelpers, ends } from "./figures.js";
import { type Explanation, explaining, type ParticipantFigures } from "./explain.js";
import { callLoop, type FunctionName, nameOf, Participant, type PartLoop, type PartsDone, type Work } from "./part.js";
import type { ItemCallback } from "./loops.js";
import { type LoopKind, loopOf } from "./part-loops.js";
import { CALLER, MOST_PARTS, type ShareCounts, type Shares } from "./shares.js";
import { callBlocked, forgetModule, ownerOf, type Team, whenReady } from "./team.js";
import { seams } from "./testing.js";
import { bytesOfWork, tell } from "./told.js";
import { LEAST_US, type Worth, worth } from "./worth.js";

/** What is to be done with items 0 to `length`. */
export interface Call {
  readonly asked: Asked;
  /** Which of several steps of an algorithm it is, if there are. */
  readonly phase?: string;
  /** Whether no other thread sees what it works on. */
  readonly isHere?: boolean;
  readonly kind: LoopKind;
  /** The program's functions that it calls. */
  readonly functions: readonly AnyTask[];
  readonly length: number;
  /** What tells calls apart that cost differently, beside their function; the kind if omitted. */
  readonly costKey?: string | undefined;
  /** Microseconds an item, where items are too large to try one. */
  readonly expectedItemUs?: number;
  /** Whether a part takes so long that an event loop should not be held up by it: helpers do them, if there are any. */
  readonly isCoarse?: boolean;
  /** Whether what is behind items that give something need not be done. */
  readonly isSearch?: boolean;
  /** Ranges begin and end at multiples of this, but for the end of all. */
  readonly blockItems: number;
  /** Bytes that have to be copied so that other threads see the arrays, and back; none if omitted. */
  readonly copiedBytes?: number;
  /** The loop of this kind on the arrays as they were given. */
  readonly here: PartLoop;
  /** Puts the arrays where all threads see them; called once, and only if the call is shared out. */
  share(): SharedForm;
  /** All is over, however it ended. */
  end?(): void;
}

export interface SharedForm {
  /** What the loop of this kind takes, on any thread. */
  readonly data: readonly unknown[];
  /** Brings back what was made of items `from` on, and lets go of copies. Called also if the call failed. */
  end(from: number, isWhole: boolean): void;
}

/** What loops gave, each with the first item of its range, in order. */
export type Values = readonly (readonly [from: number, value: unknown])[];

/** A call is measured in pieces of so long. */
const PROBE_US = 10;
/** So long takes a part. */
const PART_US = 10;
/** The event loop has its turn after so long. */
const SLICE_MS = 4;
/** Of a byte: to take memory for it, to copy it there or back, to free it (November 2026). */
const COPY_US = 0.000_25;
/** A blocked caller looks so often whether those it waits for still run. */
const LOOK_MS = 100;

/** What a call did before it was decided whether to share out the rest. */
export interface Begun {
  readonly done: number;
  readonly values: [number, unknown][];
  readonly itemUs: number;
}

const usNow = (): number => nowMs() * 1000;

/** What sharing out costs, as far as is known. Short calls don't ask: to find out takes as long as they do. */
function worthOf(call: Call, form: CallForm): Worth {
  const team = teamFor(call);
  if (form === "jobs" && team.pool !== undefined) return worth.jobs;
  return team.helpers > 0 && isHelperThere(ownerOf(team)) ? worth.present : worth.called;
}

function isWorth(call: Call, form: CallForm, us: number): boolean {
  return us >= LEAST_US && worthOf(call, form).has(us);
}

/** Works here until all is done, or what is left is worth sharing out. */
function begin(call: Call, form: CallForm): Begun {
  const { length, blockItems, here, isSearch = false } = call;
  const values: [number, unknown][] = [];
  const { itemsBefore } = seams;
  if (itemsBefore !== undefined) return beginAsTold(call, itemsBefore);
  if (call.expectedItemUs !== undefined && isWorth(call, form, call.expectedItemUs * length)) {
    return { done: 0, values, itemUs: call.expectedItemUs };
  }
  const cost = costOf(call.costKey ?? call.kind, call.functions[0]);
  const add = (from: number, to: number): void => {
    const value = callLoop(here, from, to);
    if (value !== undefined) values.push([from, value]);
  };
  const isDue = cost.isDue();
  let { itemUs } = cost;
  if (length === 0) return { done: 0, values, itemUs: itemUs ?? 0 };
  if (itemUs !== undefined && !isDue) {
    if (isWorth(call, form, itemUs * length)) return { done: 0, values, itemUs };
    // What takes longer is measured anyway: two looks at the clock are little against it.
    if (itemUs * length < PROBE_US) {
      add(0, length);
      return { done: length, values, itemUs };
    }
  }
  let done = 0;
  let blocks = itemUs === undefined ? 1 : Math.max(1, Math.floor(PROBE_US / itemUs / blockItems));
  while (done < length) {
    const from = done;
    done = Math.min(length, from + blocks * blockItems);
    const beganUs = usNow();
    add(from, done);
    const tookUs = usNow() - beganUs;
    const isBelieved = cost.took(done - from, tookUs);
    itemUs = tookUs / (done - from);
    if (isSearch && values.length > 0) return { done: length, values, itemUs };
    if (isBelieved && tookUs >= PROBE_US && isWorth(call, form, itemUs * (length - done))) break;
    // Not all that is left at once, as it may be other than what came first; but as much as
    // has been done, so that most of it is done in few pieces.
    blocks *= 2;
  }
  if (done === length && itemUs !== undefined && itemUs * length >= LEAST_US)
    worthOf(call, form).stayed(itemUs * length);
  return { done, values, itemUs: itemUs ?? 0 };
}

/** Why this thread does the rest alone, in words; `undefined` if it is to be shared out. */
function whyAlone(call: Call, team: Team, helpers: number, { done, itemUs }: Begun): string | undefined {
  if (helpers === 0) {
    return `there is nobody to help: ${
      team.helpers === 0
        ? "this thread has no pool with more than one thread"
        : "threads have yet to start, or to import something, and this one is blocked meanwhile"
    }`;
  }
  const copyUs = (call.copiedBytes ?? 0) * COPY_US;
  const savedUs = (call.length - done) * itemUs * (1 - 1 / (helpers + 1));
  if (savedUs > copyUs || seams.itemsBefore !== undefined) return undefined;
  return `${helpers} helpers would save ${savedUs.toPrecision(2)} µs, and to copy the arrays to where they see them takes ${copyUs.toPrecision(2)}; a SharedArray is there already`;
}

/** As `begin`, without a clock. */
function beginAsTold({ length, blockItems, here, isSearch = false }: Call, items: number): Begun {
  const done = Math.min(length, Math.ceil(items / blockItems) * blockItems);
  const value = done === 0 ? undefined : here(0, done);
  const isFound = isSearch && value !== undefined;
  return { done: isFound ? length : done, values: value === undefined ? [] : [[0, value]], itemUs: 0 };
}

/** How many items a part has. */
function partItemsOf(call: Call, left: number, itemUs: number, participants: number): number {
  const wanted = Math.min(PART_US / Math.max(itemUs, 1e-6), left / (4 * participants));
  const least = Math.ceil(left / MOST_PARTS);
  return Math.ceil(Math.max(1, wanted, least) / call.blockItems) * call.blockItems;
}

const inOrder = (values: [number, unknown][]): Values => values.sort(([a], [b]) => a - b);

function teamFor({ asked: { team }, isHere }: Call): Team {
  return isHere === true ? { ...team, helpers: 0, alone: 0 } : team;
}

/**
 * Runs a call. What it gives at once is all done; a promise settles when all is done, or
 * nothing of it goes on any more.
 */
export function run(call: Call, cancel: Cancel | undefined): Values | Promise<Values> {
  let isUnderway = false;
  try {
    cancelNodeOf(cancel)?.checkpoint();
    const begun = begin(call, "jobs");
    if (begun.done === call.length) return doneHere(call, begun, "jobs");
    isUnderway = true;
    return runToEnd(call, begun, cancel);
  } finally {
    if (!isUnderway) call.end?.();
  }
}

function doneHere(call: Call, begun: Begun, form: CallForm): Values {
  countCallHere();
  explaining()?.(explanationHere(call, begun, form));
  return begun.values;
}

async function runToEnd(call: Call, begun: Begun, cancel: Cancel | undefined): Promise<Values> {
  try {
    return await runOpen(call, begun, cancel);
  } finally {
    call.end?.();
  }
}

async function runOpen(call: Call, begun: Begun, cancel: Cancel | undefined): Promise<Values> {
  const note = explaining();
  const team = teamFor(call);
  const { pool } = team;
  const isSpared = (call.isCoarse === true || begun.itemUs >= SLICE_MS * 1000) && team.alone > 0;
  const why = whyAlone(call, team, isSpared ? team.alone : team.helpers, begun);
  if (why !== undefined) return runAlone(call, begun, why, cancel);
  if (pool === undefined) return runNested(call, team, begun, cancel);
  const shared = new SharedCall(call, isSpared ? { ...team, helpers: team.alone } : team, begun, "jobs", isSpared);
  const beganMs = nowMs();
  let isWhole = false;
  let helpers: HelperJobs | undefined;
  try {
    await scope(
      async (s) => {
        const stop = new Stop(shared.shares);
        cancelNodeOf(s)?.listen(stop);
        const jobs = new HelperJobs(s, pool, shared);
        helpers = jobs;
        const callHelpers = (): void => jobs.call(shared.helpers);
        const ready = shared.helpers === 0 ? undefined : whenReady(team, call.functions);
        if (ready === undefined) callHelpers();
        // No job of this scope: a call that is over before threads are there does not wait for them.
        const called = ready?.then(callHelpers);
        // Where a part takes long the event loop is spared, and another thread does it.
        if (isSpared && shared.helpers > 0) {
          await called;
          await nextTurn();
          await jobs.ended();
        } else {
          called?.catch((error: unknown) => {
            // Over or cancelled: then nobody misses them.
            if (!shared.isClosed && !s.isCancelled) void s.spawn(() => Promise.reject(error as Error));
          });
        }
        do await nextTurn();
        while (!shared.own.run(nowMs() + SLICE_MS));
        shared.close();
        await jobs.close();
        stop.stopListening();
        s.checkpoint();
        shared.requireSuccess();
      },
      { name: titleOf(call) },
      cancel,
    );
    isWhole = true;
  } catch (error) {
    throw (await helpers?.failureOf(error)) ?? error;
  } finally {
    shared.end(isWhole);
  }
  note?.(explanation(call, begun, shared, nowMs() - beganMs));
  return inOrder(shared.values);
}

/** The rest of it on this thread, in slices. */
async function runAlone(call: Call, begun: Begun, why: string, cancel: Cancel | undefined): Promise<Values> {
  const note = explaining();
  const beganMs = nowMs();
  const rest = new Rest(call, begun);
  const node = cancelNodeOf(cancel);
  do await nextTurn();
  while (!rest.run(nowMs() + SLICE_MS, node));
  countCallHere();
  note?.(explanationOf(call, begun, "here", why, nowMs() - beganMs));
  return rest.values;
}

/** As `run`, but blocks this thread until all is done. */
export function runSync(call: Call): Values {
  try {
    const begun = begin(call, "blocked");
    return begun.done === call.length ? doneHere(call, begun, "blocked") : runSyncOpen(call, begun);
  } finally {
    call.end?.();
  }
}

function runSyncOpen(call: Call, begun: Begun): Values {
  const note = explaining();
  const team = teamFor(call);
  // A pool that has yet to start, or to import something, needs this thread's event loop for it.
  const isReady = team.helpers > 0 && whenReady(team, call.functions) === undefined;
  const beganMs = nowMs();
  const why = whyAlone(call, team, isReady ? team.helpers : 0, begun);
  if (why !== undefined) {
    const rest = new Rest(call, begun);
    rest.run(Infinity);
    countCallHere();
    note?.(explanationOf(call, begun, "here", why, nowMs() - beganMs));
    return rest.values;
  }
  const shared = new SharedCall(call, team, begun, "blocked");
  let isWhole = false;
  try {
    try {
      shared.callHelpers(team);
      shared.own.run(Infinity);
    } finally {
      shared.waitForHelpers();
    }
    shared.collectResults();
    shared.requireSuccess();
    isWhole = true;
  } finally {
    shared.end(isWhole);
  }
  note?.(explanation(call, begun, shared, nowMs() - beganMs));
  return inOrder(shared.values);
}

/** `run` on a pool's thread: helpers are asked for, and this thread waits for those that came. */
async function runNested(call: Call, team: Team, begun: Begun, cancel: Cancel | undefined): Promise<Values> {
  const note = explaining();
  const beganMs = nowMs();
  const shared = new SharedCall(call, team, begun, "blocked");
  const stop = new Stop(shared.shares);
  const node = cancelNodeOf(cancel);
  node?.listen(stop);
  let isWhole = false;
  try {
    try {
      shared.callHelpers(team);
      while (!shared.own.run(nowMs() + SLICE_MS)) await nextTurn();
    } finally {
      shared.waitForHelpers();
    }
    node?.checkpoint();
    shared.collectResults();
    shared.requireSuccess();
    isWhole = true;
  } finally {
    stop.stopListening();
    shared.end(isWhole);
  }
  note?.(explanation(call, begun, shared, nowMs() - beganMs));
  return inOrder(shared.values);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTurn(resolve);
  });
}

/** Has no part begun any more when a scope is cancelled. */
class Stop extends CancelListener {
  readonly #shares: Shares;

  constructor(shares: Shares) {
    super();
    this.#shares = shares;
  }

  override onCancel(): void {
    this.#shares.stop();
  }
}

/** A call that is shared out. */
class SharedCall {
  readonly cells: SharedArray<"int32">;
  readonly shares: Shares;
  readonly work: Work;
  readonly own: Participant;
  readonly helpers: number;
  readonly parts: number;
  readonly values: [number, unknown][];
  readonly done: PartsDone[] = [];
  isClosed = false;
  readonly #call: Call;
  readonly #team: Team;
  readonly #form: SharedForm;
  readonly #from: number;
  readonly #beganMs: number;
  readonly #memory: CallMemory;
  readonly #worth: Worth;
  readonly #memoryOf: CallForm;
  /** What there is to do, for helpers of a blocked caller; `undefined` if there are none, or they can't be told so. */
  readonly #bytes: Uint8Array | undefined;
  /** The payload of these bytes; 0 if there is none. */
  #told = 0;

  constructor(call: Call, team: Team, begun: Begun, form: CallForm, isSpared = false) {
    this.#call = call;
    this.#team = team;
    this.#from = begun.done;
    this.values = begun.values;
    const left = call.length - begun.done;
    const partItems = partItemsOf(call, left, begun.itemUs, team.helpers + 1);
    const parts = Math.ceil(left / partItems);
    this.helpers = Math.min(team.helpers, isSpared ? parts : parts - 1);
    this.parts = parts;
    this.#form = call.share();
    this.work = {
      name: titleOf(call),
      loop: call.kind,
      functions: call.functions.map(nameOf),
      data: this.#form.data,
      first: begun.done,
      end: call.length,
      partItems,
      isSearch: call.isSearch === true,
    };
    if (form === "blocked" && this.helpers > 0) this.#bytes = bytesOfWork(this.work);
    this.#memoryOf = form === "blocked" && this.#bytes === undefined ? "once" : form;
    this.#worth = worthOf(call, form);
    this.#memory = takeMemory(ownerOf(team), this.#memoryOf, 1 + Math.max(team.helpers, team.alone));
    ({ cells: this.cells, shares: this.shares } = this.#memory);
    this.shares.begin(parts, heap().slot);
    this.own = new Participant(this.shares, CALLER, this.work, this.#ownLoop(), false);
    begins(this);
    this.#beganMs = nowMs();
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

  close(): void {
    this.isClosed = true;
    this.shares.close();
  }

  /** Takes what a helper gave. */
  collect(done: PartsDone | undefined): void {
    if (done === undefined) return;
    this.done.push(done);
    const { missing } = done;
    // One by one: as arguments, some ten thousand are more than the stack has room for.
    if (missing === undefined) for (const value of done.values) this.values.push(value as [number, unknown]);
    else if (missing.declared === undefined) forgetModule(this.#team, missing.module);
  }

  /** Throws what the first part threw that did. */
  requireSuccess(): void {
    const own = this.own.done();
    this.done.push(own);
    for (const value of own.values) this.values.push(value as [number, unknown]);
    let first = this.own.thrown;
    for (const { thrown, thread } of this.done) {
      if (thrown === undefined || (first !== undefined && first.part <= thrown.part)) continue;
      first = { part: thrown.part, error: decodeThrown(thrown.error, (stack) => `${stack}\n    on thread ${thread}`) };
    }
    // What was found before it counts, as if all had been done in order.
    const { first: firstItem, partItems, isSearch } = this.work;
    const isFound = (part: number): boolean =>
      isSearch && this.values.some(([from]) => from < firstItem + part * partItems);
    if (first !== undefined && !isFound(first.part)) throw first.error;
    for (const { missing } of this.done) {
      if (missing?.declared !== undefined) throw undeclared(this.#call, missing, missing.declared);
    }
    // Long parts end when they do: of them nothing can be learnt of what sharing out takes.
    if (this.helpers > 0 && this.#call.isCoarse !== true) {
      const workMs = this.done.reduce((sum, { ms }) => sum + ms, 0);
      this.#worth.took((nowMs() - this.#beganMs) * 1000, workMs * 1000, this.helpers + 1);
    }
  }

  /** Lets no helper come any more, and blocks until all that came have left. **Throws** `SKEIN_WORKER_LOST` if a thread ended instead. */
  waitForHelpers(): void {
    const lost = new Set<string>();
    const keyOf = ({ slot, state }: Life): string => `${slot} ${state}`;
    while (this.shares.close() > lost.size) {
      this.shares.waitForOneToLeave(LOOK_MS);
      for (const life of this.shares.present()) {
        // It may have left and ended since, so whether it is there is asked once more.
        if (lost.has(keyOf(life)) || !heap().hasEnded(life)) continue;
        if (!this.shares.present().some((one) => keyOf(one) === keyOf(life))) continue;
        lost.add(keyOf(life));
        // The others end what they have in hand, and until then are waited for.
        this.shares.stop();
      }
    }
    if (lost.size === 0) return;
    throw new WorkerLostError("SKEIN_WORKER_LOST", `a thread ended while it worked on a part of ${this.work.name}`);
  }

  /**
   * Calls helpers that leave their results with the parts, as nobody can settle promises while
   * this thread is blocked; those that are still there from the call before need not be called.
   */
  callHelpers(team: Team): void {
    const { cells, helpers, shares, work } = this;
    const bytes = this.#bytes;
    if (bytes !== undefined) {
      shares.work = tell(cells.offset, bytes);
      this.#told = shares.work.payload;
    }
    const participants: number[] = [];
    for (let participant = 1; participant <= helpers; participant++) {
      shares.open(participant);
      if (bytes === undefined || shares.invite(participant)) participants.push(participant);
    }
    countHelpers(participants.length, helpers - participants.length);
    if (participants.length === 0) return;
    callBlocked(team, { cells, participants, ...(bytes === undefined && { once: { call: shares.call, work } }) });
  }

  /** Once all helpers have left: takes what they gave back. */
  collectResults(): void {
    for (const { participant, thread, us, hasFailed } of this.shares.gone()) {
      if (hasFailed) throw noMemoryFor(this.work.name);
      this.done.push({ participant, thread, ms: us / 1000, values: [] });
    }
    const own = heap();
    for (let result = this.shares.takeResult(); result !== undefined; result = this.shares.takeResult()) {
      const { payload, byteLength } = result;
      try {
        this.collect(decodeValue(bytesOfPayload(own, payload, byteLength), arrival as never) as PartsDone);
      } finally {
        freePayload(own, payload, own.slot);
      }
    }
  }

  /** For dumps. */
  describe(): string {
    return `${this.work.name}: ${this.shares.left()} parts left of ${this.parts}, ${1 + this.helpers} participants`;
  }

  end(isWhole: boolean): void {
    const counts = this.shares.counts();
    ends(this, sumOf(counts, "parts"), sumOf(counts, "steals"));
    try {
      this.#form.end(this.#from, isWhole);
    } finally {
      const own = heap();
      if (this.#told !== 0) freePayload(own, this.#told, own.slot);
      this.#dropResults();
      giveMemory(ownerOf(this.#team), this.#memoryOf, this.#memory);
    }
  }

  /** Of a call that failed nobody wants them. */
  #dropResults(): void {
    const own = heap();
    for (let result = this.shares.takeResult(); result !== undefined; result = this.shares.takeResult()) {
      freePayload(own, result.payload, own.slot);
    }
  }

  figures(): ParticipantFigures[] {
    const counts = this.shares.counts();
    // One that gave way has been here several times.
    const figures = new Map<number, ParticipantFigures>();
    for (const { participant, thread, ms } of this.done) {
      const { parts, steals } = counts[participant] as ShareCounts;
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

function undeclared(call: Call, { module, key }: FunctionName, declared: readonly string[]): Error {
  const identities = call.functions.map((fn) => taskIdentity(fn) as TaskIdentity);
  return noSuchTask(identities.find((one) => one.module === module && one.key === key) as TaskIdentity, declared);
}

/** Of a call that was over before anything was left to share out. */
function explanationHere(call: Call, begun: Begun, form: CallForm): Explanation {
  const { done, itemUs } = begun;
  const allUs = call.length * itemUs;
  const leastUs = allUs < LEAST_US ? LEAST_US : worthOf(call, form).us;
  const why =
    done === 0 || allUs < leastUs
      ? `${call.length} items of ${itemUs.toPrecision(2)} µs are ${allUs.toPrecision(2)} µs; threads are worth it from ${Math.round(leastUs)} µs`
      : "it was over before there was enough left to share out";
  return explanationOf(call, begun, "here", why, 0);
}

/** Of one that was shared out. */
function explanation(call: Call, begun: Begun, shared: SharedCall, ms: number): Explanation {
  const { done, itemUs } = begun;
  const left = call.length - done;
  const why = `${left} items were left after ${done}, at ${itemUs.toPrecision(2)} µs each ${(left * itemUs).toPrecision(2)} µs: that was worth it`;
  const figures = { participants: shared.figures(), partItems: shared.work.partItems };
  // A single part is nobody's to help with.
  if (shared.helpers === 0)
    return { ...explanationOf(call, begun, "here", "what was left is one part", ms), ...figures };
  return { ...explanationOf(call, begun, "threads", why, ms), ...figures };
}

function explanationOf(
  call: Call,
  { done, itemUs }: Begun,
  place: Explanation["place"],
  why: string,
  ms: number,
): Explanation {
  const counts = { items: call.length, itemUs, itemsBefore: done, participants: [], partItems: 0 };
  return { call: titleOf(call), ...counts, place, why, ms };
}
