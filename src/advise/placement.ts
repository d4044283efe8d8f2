/**
 * Decides where the calls of one task run: here, or on a thread. Pure: it is told what
 * was measured, and asks no clock.
 *
 * The model. A call takes this thread's event loop for `loopMs`, and lives for `lifeMs`
 * if it runs here: it waits for something of its own, and for the loop that the others
 * hold. Without the latter it takes `runMs`, which is for how long it keeps a thread.
 * `width` calls are under way at a time. Then a call costs, as time of the whole for each,
 *
 *     here        max(loopMs, lifeMs / width)                      waits overlap, work does not
 *     on threads  max(dispatchMs, runMs / min(width, threads) + wakeMs / width)
 *
 * The second is a guess until some calls went there: what they really took, divided by
 * the guess, corrects it from then on. So cores that others use, and arguments that are
 * slow to copy, count without being modelled.
 *
 * What keeps it near the better place
 * - A place is left only if the other is better by more than `MARGIN`, so figures that
 *   are nearly alike do not make it swing.
 * - Trials take a share of the calls at most, and half as many after each that was in vain.
 * - A sample that is far above the estimate counts for four times that at most, so that
 *   one pause of the garbage collector is no change of nature; two in a row are one.
 */

import { Smoothed, WEIGHT } from "./smoothed.js";

/** Where calls run. */
export type Place = "here" | "threads";

/** Why they do. */
export type Reason =
  | "not known yet"
  | "short"
  | "waits"
  | "one at a time"
  | "computes"
  | "faster here"
  | "faster on threads"
  | "no threads"
  | "can't cross";

/** What a call that ran here showed. */
export interface RunHere {
  /** For how long it held the event loop. */
  readonly loopMs: number;
  /** For how long it was on a core meanwhile; less than that if it blocked. */
  readonly cpuMs: number;
  /** From its beginning to its end. */
  readonly lifeMs: number;
  /** Of that, what it surely did not wait for the loop that others held; it may be all of it. */
  readonly leastRunMs: number;
  /** Whether it gave the event loop back before its end. */
  readonly gaveWay: boolean;
}

/** What a group of calls that ran elsewhere showed. */
export interface RunsElsewhere {
  readonly calls: number;
  /** For how long at least one of them was under way. */
  readonly busyMs: number;
  /** What a call ran there in the mean, if the executor tells. */
  readonly runMs: number | undefined;
}

/** The cost of a sampled call in place of one that is let through, with its own part of the spawning. */
const SAMPLE_MS = 0.01;
/** The same where the code that samples has left the caches, among calls that are so short. */
const COLD_SAMPLE_MS = 0.1;
/** The same of a call that waits, which is followed through all its life. */
const WAITING_SAMPLE_MS = 0.2;
/** Of the time of short calls, what samples may take. */
const SHARE_OF_SAMPLES = 0.02;
const MOST_BETWEEN_SAMPLES = 8192;
/** Time after which a sample is within that share, whatever the calls are like. */
export const SAMPLE_EVERY_MS: number = COLD_SAMPLE_MS / SHARE_OF_SAMPLES;
/** A call to a thread takes this loop that long, with its spawning, till measured (bench `dispatch`). */
const DISPATCH_MS = 0.004;
/** Whatever was measured, it takes that at least. */
const LEAST_DISPATCH_MS = DISPATCH_MS / 2;
/** A thread that sleeps begins so much later (bench `dispatch`, after a pause). */
const WAKE_MS = 0.1;
/** A call so short that it is never worth a thread, however many there are. */
const TINY_MS = DISPATCH_MS;
const MARGIN = 0.05;
/** A loop that would be held for longer by one call is kept free if that costs no more than the margin. */
const LONG_MS = 1;
/** Calls that run here before anything is decided; the shortest counts, as the first ones compile. */
const WARM_UP_CALLS = 4;
/** A first call so long is known well enough. */
const WARM_UP_MS = 20;
const OLD_WEIGHT = 1 / 2;
/** A trial that the model speaks against is made only if it says that threads take no more than so many times as long. */
const WORTH_A_TRIAL = 3;
const TRIAL_CALLS = 16;
/** A call more in a trial puts the next one off by so many. */
const SHARE_OF_TRIALS = 64;
/** The first ones sooner, as threads have to start, and to load the program. */
const FIRST_DISTANCE = 4 * TRIAL_CALLS;
const MOST_BETWEEN_TRIALS = 2 ** 16;
/** A call that runs for so many times as long as it holds the loop mostly waits. */
const MOSTLY_WAITING = 4;
/** A burst counts as so many calls at most. */
const BURST_WEIGHT = 8;
/** How much a width, or a length of calls, may change until what threads made of it is forgotten. */
const ANOTHER_LOAD = 2;
/** Places of which the costs differ by less are looked at anew. */
const NEARLY_ALIKE = 2;
const WIDTHS_BEFORE_LOOK = 8;
/** Calls on threads after which one runs here, for its figures. */
const CALLS_BEFORE_LOOK = 64;
/** The same for calls that would hold the loop long, or are far from being better off here. */
const CALLS_BEFORE_LONG_LOOK = 1024;
const LONG_LOOK_MS = 20;

export class Placement {
  readonly #threads: number;
  place: Place = "here";
  reason: Reason = "not known yet";
  /** Calls of which something was measured. */
  samples = 0;
  readonly #loop = new Smoothed(Infinity);
  readonly #life = new Smoothed(Infinity);
  readonly #run = new Smoothed(Infinity);
  /** What a call runs at the least, as far as it is seen here. */
  readonly #leastRun = new Smoothed(Infinity);
  readonly #cpu = new Smoothed(Infinity);
  /** How many are under way when one is decided on. */
  readonly width: Smoothed = new Smoothed(1);
  /** What calls on threads took, divided by what the model says. */
  #correction = 1;
  /** For which width and length of calls that holds. */
  #correctedFor: { readonly width: number; readonly runMs: number } | undefined = undefined;
  /** Whether it may give the loop back, so that its length says little of how it holds that. */
  #mayWait = false;
  /** Calls that were placed, and those that may pass. */
  #asked = 0;
  #toPass = 0;
  /** Of those, the ones that pass without a look at anything. */
  #unseen = 0;
  #isTrying = false;
  #trialLeft = 0;
  /** How many times as long its calls may take. */
  #trialRatio = 1;
  #isPutOff = false;
  /** Of the call before, how many were yet to be placed: with each of those it is one less. */
  #lastAtOnce = 0;
  #toTrial = FIRST_DISTANCE;
  #trialDistance = FIRST_DISTANCE;
  #toLook = CALLS_BEFORE_LOOK;
  /** Whether the figures of a call here are but what they can be at most. */
  #isBound = false;
  #isPinned = false;

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#asked - this.#toPass - this.#unseen;
  }

  /** @returns what a call holds the loop for, runs for, and computes, if that is known */
  get measured(): { readonly loopMs: number; readonly runMs: number; readonly cpuMs: number } | undefined {
    if (this.#loop.value === Infinity) return undefined;
    return { loopMs: this.#loop.value, runMs: this.#run.value, cpuMs: this.#cpu.value };
  }

  /** From now on they run here, whatever is measured. */
  pin(reason: "no threads" | "can't cross"): void {
    this.#isPinned = true;
    this.place = "here";
    this.reason = reason;
  }

  // Deciding

  /**
   * Whether a call may run here unmeasured, as if nobody decided. For calls so short that
   * deciding costs something.
   */
  passes(): boolean {
    if (this.#toPass === 0) {
      // Now, as others that come at once are asked about before this one is placed.
      this.#renew();
      if (!this.#isPinned) return false;
    }
    this.#toPass--;
    return true;
  }

  /** Whether a call passes as one of those that were let through before: nothing else is to be done for it. */
  passesUnseen(): boolean {
    if (this.#unseen === 0) return false;
    this.#unseen--;
    return true;
  }

  /** Whether the call that does not pass is measured here for sure, as it is too short to go anywhere: none of `next` is needed. */
  measuresHere(): boolean {
    if (this.samples < WARM_UP_CALLS || this.place !== "here" || this.#isTrying) return false;
    // What may give the loop back, as all that runs in steps does, is measured with its scope.
    if (this.#loop.value > TINY_MS || this.#mayWait) return false;
    this.#asked++;
    return true;
  }

  /** So many calls at most pass without a look at anything, if how many come at a time does not matter. */
  leaveUnseen(most: number): void {
    if (this.isWidthOfInterest) return;
    this.#unseen = Math.min(most, this.#toPass);
    this.#toPass -= this.#unseen;
  }

  #renew(): void {
    const isSettled = this.samples >= WARM_UP_CALLS && this.place === "here" && !this.#isTrying;
    if (!isSettled && !this.#isPinned) return;
    let count = this.#isPinned ? MOST_BETWEEN_SAMPLES : this.#betweenSamples() - 1;
    if (this.#loop.value > TINY_MS) count = Math.max(0, Math.min(count, Math.ceil(this.#toTrial)));
    this.#toPass = count;
    this.#toTrial -= count;
    this.#asked += count;
  }

  /** The next call is to be measured. */
  sampleNext(): void {
    const left = this.#toPass + this.#unseen;
    this.#toTrial += left;
    this.#asked -= left;
    this.#toPass = 0;
    this.#unseen = 0;
  }

  /**
   * Whether it matters how many come at a time. If they mostly wait, that does not tell
   * how many are under way, and for threads there is nothing to gain.
   */
  get isWidthOfInterest(): boolean {
    return !this.#isPinned && this.#loop.value > TINY_MS && !this.#isMostlyWaiting;
  }

  get #isMostlyWaiting(): boolean {
    return this.#run.value > MOSTLY_WAITING * this.#loop.value;
  }

  /** So many came at a time that were let through. */
  sawBurst(count: number): void {
    if (!this.isWidthOfInterest) return;
    for (let i = 0; i < Math.min(count, BURST_WEIGHT); i++) this.width.add(count);
    if (this.samples >= WARM_UP_CALLS) this.decide();
  }

  /**
   * The place of one call.
   *
   * @param width - calls under way, with this one
   * @param atOnce - of those, the ones that are yet to be placed
   */
  next(width: number, atOnce = 1): Place {
    this.#asked++;
    this.width.add(width);
    const isAnew = atOnce >= this.#lastAtOnce;
    this.#lastAtOnce = atOnce;
    if (this.#isPinned || this.samples < WARM_UP_CALLS) return "here";
    this.decide();
    if (this.place === "threads") return this.#isTimeToLook() ? "here" : "threads";
    return this.#isTrial(isAnew) ? "threads" : "here";
  }

  #sampleMs(): number {
    if (this.#isMostlyWaiting) return WAITING_SAMPLE_MS;
    return this.#loop.value > TINY_MS ? SAMPLE_MS : COLD_SAMPLE_MS;
  }

  #betweenSamples(): number {
    const calls = this.#sampleMs() / (SHARE_OF_SAMPLES * this.#loop.value);
    return Math.min(MOST_BETWEEN_SAMPLES, Math.ceil(calls));
  }

  /**
   * Once in a while one of those on threads runs here: whether it waits shows only here,
   * and an old figure of this place is no good where both are nearly alike.
   */
  #isTimeToLook(): boolean {
    if (--this.#toLook > 0) return false;
    const isNear = this.#mayWait || this.#isBound || this.hereMs() < NEARLY_ALIKE * this.threadsMs();
    const calls = this.#loop.value < LONG_LOOK_MS && isNear ? CALLS_BEFORE_LOOK : CALLS_BEFORE_LONG_LOOK;
    // Of the calls under way with it nothing can be said: it holds the loop that sees them end.
    this.#toLook = Math.max(calls, WIDTHS_BEFORE_LOOK * this.width.value);
    return true;
  }

  /**
   * A trial begins and ends with all calls that come at once: those that ran here would
   * keep the loop from seeing others end.
   */
  #isTrial(isAnew: boolean): boolean {
    if (isAnew && this.#trialLeft <= 0) this.#isTrying = this.#toTrial <= 0 && this.#beginsTrial();
    if (!this.#isTrying) this.#toTrial--;
    // A trial of more calls is followed by a longer time without.
    else if (--this.#trialLeft < 0) this.#toTrial += SHARE_OF_TRIALS * this.#trialRatio;
    return this.#isTrying;
  }

  /** As the model has it: what was seen of threads is to be seen anew. */
  #beginsTrial(): boolean {
    const hereMs = this.hereMs();
    if (this.#loop.value <= TINY_MS || this.#guess(this.#leastRun.value) > WORTH_A_TRIAL * hereMs) {
      this.#toTrial = TRIAL_CALLS * SHARE_OF_TRIALS;
      return false;
    }
    // It is not known how long calls run that may have waited for the loop only. The more a
    // trial may cost, the rarer it is, and the later the first one.
    const ratio = Math.max(1, this.#guess() / hereMs);
    if (ratio > WORTH_A_TRIAL && !this.#isPutOff) {
      this.#isPutOff = true;
      this.#toTrial = this.#trialDistance * ratio;
      return false;
    }
    this.#isPutOff = false;
    this.#trialRatio = ratio;
    this.#trialLeft = TRIAL_CALLS;
    this.#trialDistance = Math.min(MOST_BETWEEN_TRIALS, 2 * this.#trialDistance);
    this.#toTrial = this.#trialDistance * ratio;
    return true;
  }

  /** What a call costs here. */
  hereMs(): number {
    return Math.max(this.#loop.value, this.#life.value / this.width.value);
  }

  #guess(runMs: number = this.#run.value): number {
    const width = Math.max(1, this.width.value);
    return Math.max(DISPATCH_MS, runMs / Math.min(width, this.#threads) + WAKE_MS / width);
  }

  /** What a call costs on threads. */
  threadsMs(): number {
    const known = this.#correctedFor;
    if (known !== undefined && (differs(known.width, this.width.value) || differs(known.runMs, this.#run.value))) {
      this.#correctedFor = undefined;
      this.#correction = 1;
    }
    return Math.max(LEAST_DISPATCH_MS, this.#guess() * this.#correction);
  }

  decide(): void {
    const [hereMs, threadsMs] = [this.hereMs(), this.threadsMs()];
    if (threadsMs <= hereMs * (1 - MARGIN)) this.place = "threads";
    else if (hereMs <= threadsMs * (1 - MARGIN)) this.place = "here";
    // Alike: then a long call leaves the loop to others, and a short one stays where it is.
    else if (this.#loop.value >= LONG_MS && !this.#isMostlyWaiting) this.place = "threads";
    if (this.place === "threads") {
      this.#endTrial();
      this.sampleNext();
    }
    this.reason = this.#why();
  }

  #endTrial(): void {
    this.#isTrying = false;
    this.#trialLeft = 0;
  }

  #why(): Reason {
    const isWaiting = this.#cpu.value < this.#run.value / 2;
    if (this.place === "threads") return isWaiting ? "faster on threads" : "computes";
    if (this.#loop.value <= 10 * DISPATCH_MS && this.#run.value < WAKE_MS) return "short";
    if (isWaiting) return "waits";
    if (this.width.value < 1.5) return "one at a time";
    return "faster here";
  }

  // Learning

  ranHere({ loopMs, cpuMs, lifeMs, leastRunMs, gaveWay }: RunHere): void {
    if (gaveWay) this.#mayWait = true;
    this.samples++;
    if (this.samples <= WARM_UP_CALLS) {
      this.#loop.value = Math.min(this.#loop.value, loopMs);
      this.#life.value = Math.min(this.#life.value, lifeMs);
      this.#run.value = Math.min(this.#run.value, leastRunMs);
      this.#leastRun.value = this.#run.value;
      this.#cpu.value = Math.min(this.#cpu.value, cpuMs);
      if (loopMs >= WARM_UP_MS) this.samples = Math.max(this.samples, WARM_UP_CALLS);
      if (this.samples === WARM_UP_CALLS && !this.#isPinned) this.decide();
      return;
    }
    if (this.#isBound && lifeMs < this.#run.value) this.#scaleTo(lifeMs);
    this.#isBound = false;
    // What is known of here is old if they run elsewhere.
    const weight = this.place === "here" ? WEIGHT : OLD_WEIGHT;
    if (this.#loop.add(loopMs, weight)) this.sampleNext();
    this.#life.add(lifeMs, weight);
    this.#leastRun.add(leastRunMs, weight);
    // Between the two nothing is known, and what was known before stands.
    this.#run.add(Math.min(lifeMs, Math.max(leastRunMs, this.#run.value)), weight);
    this.#cpu.add(cpuMs, weight);
  }

  ranElsewhere({ calls, busyMs, runMs }: RunsElsewhere): void {
    this.samples += calls;
    const eachMs = busyMs / calls;
    // However they were spread, a call can't have run for longer than this.
    const mostMs = Math.min(this.width.value, this.#threads) * eachMs;
    this.#learnLength(runMs ?? mostMs, runMs !== undefined);
    const correction = Math.min(64, Math.max(1 / 16, eachMs / this.#guess()));
    // Of a trial all counts: what was known before is old.
    const isAnew = this.#correctedFor === undefined || this.place === "here";
    this.#correction = isAnew ? correction : this.#correction + (correction - this.#correction) / 2;
    this.#correctedFor = { width: this.width.value, runMs: this.#run.value };
    const before = this.place;
    this.decide();
    if (this.place === "threads" && before === "here") this.#trialDistance = FIRST_DISTANCE;
    if (this.place === "here" && before === "threads") this.#toTrial = this.#trialDistance;
  }

  /** @param isExact - or at most so long */
  #learnLength(ms: number, isExact: boolean): void {
    const before = this.#run.value;
    if (isExact) this.#scaleTo(before + (ms - before) / 2);
    else if (ms < before) this.#scaleTo(ms);
    else return;
    this.#isBound = !isExact;
  }

  /** How a call divides is seen only here. One that may wait may do nothing else when it takes longer. */
  #scaleTo(runMs: number): void {
    const share = runMs / this.#run.value;
    this.#life.value += runMs - this.#run.value;
    this.#run.value = runMs;
    if (share > 1 && this.#mayWait) return;
    this.#loop.value *= share;
    this.#cpu.value *= share;
    this.#life.value = Math.max(this.#life.value, this.#loop.value);
  }
}

function differs(one: number, other: number): boolean {
  return one > other * ANOTHER_LOAD || other > one * ANOTHER_LOAD;
}
