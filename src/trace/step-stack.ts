/**
 * The synchronous steps of one thread, from its records.
 *
 * Invariant: the open steps are nested, the innermost last, as the calls on the
 * thread are. Those that were open at a gap stand before those begun after it.
 */
import type { Edge, StepSpan } from "./spans.js";

/** A place where records are missing. */
interface Gap {
  readonly beginMs: number;
}

/** From where on a step surely ran that ends now and whose beginning is not known. */
interface KnownFrom {
  readonly atMs: number;
  readonly edge: Edge;
}

interface OpenStep {
  readonly subject: number;
  readonly beginMs: number;
  /** The first gap since the last sign of it: until that began, it surely ran. */
  gap: Gap | undefined;
}

export class StepStack {
  readonly #thread: number;
  readonly #open: OpenStep[] = [];
  readonly #closed: StepSpan[] = [];
  /** The end of the last gap that may hide a beginning, or where the records begin. */
  #knownFrom: KnownFrom;
  #lastMs: number;

  constructor(thread: number, fromMs: number) {
    this.#thread = thread;
    this.#knownFrom = { atMs: fromMs, edge: "outside" };
    this.#lastMs = fromMs;
  }

  /** Records are missing between these two moments. */
  gap(beginMs: number, endMs: number): void {
    const gap: Gap = { beginMs };
    for (const step of this.#open) step.gap ??= gap;
    this.#knownFrom = { atMs: endMs, edge: "dropped" };
    this.#lastMs = endMs;
  }

  start(subject: number, atMs: number): void {
    this.#open.push({ subject, beginMs: atMs, gap: undefined });
    this.#lastMs = atMs;
  }

  /** The thread is given back now, so the step lasted until now. */
  suspend(subject: number, atMs: number): void {
    const place = this.#open.findLastIndex((step) => step.subject === subject);
    const step = this.#open[place];
    if (step !== undefined && step.gap === undefined) {
      this.#closeAbove(place);
      this.#open.pop();
      this.#close(step, atMs, "seen", true);
    } else {
      // Begun where nothing is known: what began since then was inside it. One that was
      // open before may have ended in the gap, and this be a later step of the same code.
      this.#closeAbove(this.#open.findLastIndex(({ gap }) => gap !== undefined));
      const { atMs: beginMs, edge: begin } = this.#knownFrom;
      this.#closed.push({ subject, thread: this.#thread, beginMs, endMs: atMs, begin, end: "seen", isSuspended: true });
    }
    this.#lastMs = atMs;
  }

  /** The code is done: at the end of its step, if it never gave the thread back; else at any time. */
  stop(subject: number, atMs: number): void {
    const place = this.#open.findLastIndex((step) => step.subject === subject);
    const step = this.#open[place];
    // After a gap it may be the one as well as the other, so the step stays as it is.
    if (step !== undefined && step.gap === undefined) {
      this.#closeAbove(place);
      this.#open.pop();
      this.#close(step, atMs, "seen", false);
    }
    this.#lastMs = atMs;
  }

  /** @returns all steps, those still open as they are when the records end at `toMs` */
  finish(toMs: number): readonly StepSpan[] {
    for (const step of this.#open.reverse()) {
      if (step.gap === undefined) this.#close(step, toMs, "outside", false);
      else this.#closeUnseen(step);
    }
    this.#open.length = 0;
    return this.#closed;
  }

  /** The steps inside the one at `place` have ended, without a record that is known. */
  #closeAbove(place: number): void {
    while (this.#open.length > place + 1) this.#closeUnseen(this.#open.pop() as OpenStep);
  }

  #closeUnseen(step: OpenStep): void {
    this.#close(step, step.gap?.beginMs ?? this.#lastMs, "dropped", false);
  }

  #close(step: OpenStep, endMs: number, end: Edge, isSuspended: boolean): void {
    const { subject, beginMs } = step;
    this.#closed.push({ subject, thread: this.#thread, beginMs, endMs, begin: "seen", end, isSuspended });
  }
}
