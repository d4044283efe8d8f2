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
import { nowMs } from "#clock";

import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import type { AnyTask } from "../async/executor.js";
import { type Scope, scope } from "../async/scope.js";
import { type Asked, titleOf } from "./asked.js";
import { type Cost, costOfCall, PROBE_US, SHORT_US } from "./costs.js";
import { Rest } from "./here.js";
import { countCallHere } from "./figures.js";
import { type Explanation, explaining } from "./explain.js";
import { stayedHere, worthWith } from "./at-once.js";
import { callLoop, type PartLoop } from "./part.js";
import type { LoopKind } from "./part-loops.js";
import { SharedCall } from "./shared-call.js";
import { sharingWith, type Team, whenReady } from "./team.js";
import { seams } from "./testing.js";
import { nextTurn, SLICE_MS, turnIfDue } from "./turns.js";
import { COPY_US, LEAST_US, type Worth } from "./worth.js";

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
  /** What items cost; that of its kind with its function if omitted. */
  readonly cost?: Cost;
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

/** What a call did before it was decided whether to share out the rest. */
export interface Begun {
  readonly done: number;
  readonly values: [number, unknown][];
  readonly itemUs: number;
  /** When it was decided to share out the rest, or helpers were woken for that; if somebody looked at the clock. */
  readonly beganMs?: number;
  /** By what it was decided to share out the rest, if anybody asked. */
  readonly worth?: Worth | undefined;
  /** From what on it would have been. */
  readonly leastUs?: number;
}

const usNow = (): number => nowMs() * 1000;

/** What sharing out costs, as far as is known, if so long a call is worth that. Short ones don't ask: to find out takes as long as they do. */
function worthFor(call: Call, us: number): Worth | undefined {
  if (us < LEAST_US) return undefined;
  const worth = worthWith(teamFor(call));
  return worth.has(us) ? worth : undefined;
}

/** Works here until all is done, or what is left is worth sharing out. */
function begin(call: Call): Begun {
  const sharing = sharingWith(call.asked.team);
  const { wakingUs } = sharing;
  if (wakingUs === 0) return beginHere(call);
  // It was this call for which they were woken; it takes that with it, also if it stays.
  sharing.wakingUs = 0;
  const begun = beginHere(call);
  return { ...begun, beganMs: (begun.beganMs ?? nowMs()) - wakingUs / 1000 };
}

function beginHere(call: Call): Begun {
  const { length, blockItems, here, isSearch = false } = call;
  const values: [number, unknown][] = [];
  const { itemsBefore } = seams;
  if (itemsBefore !== undefined) return beginAsTold(call, itemsBefore);
  if (call.expectedItemUs !== undefined) {
    const worth = worthFor(call, call.expectedItemUs * length);
    if (worth !== undefined) return { done: 0, values, itemUs: call.expectedItemUs, worth, beganMs: nowMs() };
  }
  const cost = costOfCall(call);
  const add = (from: number, to: number): void => {
    const value = callLoop(here, from, to);
    if (value !== undefined) values.push([from, value]);
  };
  const isDue = cost.isDue();
  let { itemUs } = cost;
  if (length === 0) return { done: 0, values, itemUs: itemUs ?? 0 };
  let firstUs = PROBE_US;
  if (itemUs !== undefined && !isDue) {
    const worth = cost.isSure ? worthFor(call, itemUs * length) : undefined;
    if (worth !== undefined) return { done: 0, values, itemUs, worth, beganMs: nowMs() };
    // What takes longer is measured anyway: two looks at the clock are little against it.
    if (itemUs * length < SHORT_US) {
      add(0, length);
      return { done: length, values, itemUs };
    }
    // In few pieces, where it is known well that it would not be shared out.
    if (cost.isSure) firstUs = LEAST_US;
  }
  let done = 0;
  let allUs = 0;
  let blocks = itemUs === undefined ? 1 : Math.max(1, Math.floor(firstUs / itemUs / blockItems));
  while (done < length) {
    const from = done;
    done = Math.min(length, from + blocks * blockItems);
    const beganUs = usNow();
    add(from, done);
    const tookUs = usNow() - beganUs;
    allUs += tookUs;
    const isBelieved = cost.took(done - from, tookUs);
    itemUs = tookUs / (done - from);
    if (isSearch && values.length > 0) return { done: length, values, itemUs };
    const worth = isBelieved && tookUs >= PROBE_US ? worthFor(call, itemUs * (length - done)) : undefined;
    if (worth !== undefined) return { done, values, itemUs, worth, beganMs: nowMs() };
    // Not all that is left at once, as it may be other than what came first; but as much as
    // has been done, so that most of it is done in few pieces.
    blocks *= 2;
  }
  cost.tookAll(length, allUs);
  itemUs ??= 0;
  if (itemUs * length < LEAST_US) return { done, values, itemUs };
  const team = teamFor(call);
  const worth = worthWith(team);
  const leastUs = worth.us;
  stayedHere(team, cost, itemUs * length, worth, true);
  return { done, values, itemUs, leastUs };
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
    const begun = begin(call);
    if (begun.done === call.length) return doneHere(call, begun);
    isUnderway = true;
    return runToEnd(call, begun, cancel);
  } finally {
    if (!isUnderway) call.end?.();
  }
}

function doneHere(call: Call, begun: Begun): Values {
  countCallHere();
  explaining()?.(explanationHere(call, begun));
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
  const isSpared = (call.isCoarse === true || begun.itemUs >= SLICE_MS * 1000) && team.alone > 0;
  const helping = isSpared ? { ...team, helpers: team.alone } : team;
  const why = whyAlone(call, team, helping.helpers, begun);
  if (why !== undefined) return runAlone(call, begun, why, cancel);
  const onThreads = async (s?: Scope): Promise<Values> => {
    const beganMs = nowMs();
    const shared = SharedCall.open(call, helping, begun, isSpared, s);
    await runShared(call, helping, shared, isSpared);
    note?.(explanation(call, begun, shared, nowMs() - beganMs));
    await turnIfDue();
    return inOrder(shared.values);
  };
  if (cancel === undefined) return onThreads();
  let underway: Promise<Values> | undefined;
  try {
    return await scope(async (s) => (underway = onThreads(s)), { name: titleOf(call) }, cancel);
  } finally {
    // A scope gives up on what does not end in its grace time. But as long as a helper is there, which nobody can
    // stop on a pool's thread, it writes to arrays that are given back when this call is over.
    await underway?.catch(() => undefined);
  }
}

async function runShared(call: Call, team: Team, shared: SharedCall, isSpared: boolean): Promise<void> {
  let isWhole = false;
  try {
    try {
      await shared.becomesKnown();
      const ready = shared.helpers === 0 || shared.isCancelled ? undefined : whenReady(team, call.functions);
      if (ready === undefined) shared.callHelpers();
      // Not waited for: a call that is over before threads are there does without them.
      const called = ready === undefined ? undefined : shared.callHelpersAfter(ready);
      // Where a part takes long the event loop is spared, and another thread does it.
      if (isSpared) await shared.helpersEnd(called);
      while (!shared.own.run(nowMs() + SLICE_MS)) {
        shared.goOn();
        await nextTurn();
      }
    } finally {
      await shared.helpersLeave();
    }
    while (shared.shares.hasLeft && !shared.own.run(nowMs() + SLICE_MS)) await nextTurn();
    shared.requireSuccess();
    isWhole = true;
  } finally {
    shared.end(isWhole);
  }
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
    const begun = begin(call);
    return begun.done === call.length ? doneHere(call, begun) : runSyncOpen(call, begun);
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
  const shared = SharedCall.open(call, team, begun);
  let isWhole = false;
  try {
    try {
      shared.callHelpers();
      while (!shared.own.run(nowMs() + SLICE_MS)) shared.goOn();
    } finally {
      shared.waitForHelpers();
    }
    if (shared.shares.hasLeft) shared.own.run(Infinity);
    shared.requireSuccess();
    isWhole = true;
  } finally {
    shared.end(isWhole);
  }
  note?.(explanation(call, begun, shared, nowMs() - beganMs));
  return inOrder(shared.values);
}

/** Of a call that was over before anything was left to share out. */
function explanationHere(call: Call, begun: Begun): Explanation {
  const { done, itemUs, leastUs = LEAST_US } = begun;
  const allUs = call.length * itemUs;
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
  const participants = shared.figures();
  // Of each the mean of its parts, as single ones are not timed.
  const spanMs = participants.reduce((most, one) => Math.max(most, one.parts === 0 ? 0 : one.ms / one.parts), 0);
  const figures = { participants, partItems: shared.work.partItems, spanMs };
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
  return { call: titleOf(call), ...counts, place, why, ms, spanMs: 0 };
}
