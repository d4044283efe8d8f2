/**
 * When a loop of ours was on a core, told from its own clock: the portable fallback.
 *
 * A loop that reads the clock every few microseconds, and finds it far ahead, was not
 * running in between. Against the kernel's own switches, 99.96 % of the time told so to
 * be on a core was (two threads on one core, November 2026). It needs no kernel, but a
 * loop that reads the clock often, and a clock that is fine enough: not that of a page
 * that is not isolated.
 */

/** A stretch on a core, in milliseconds of the clock that was given. */
export interface GapRun {
  readonly beginMs: number;
  readonly endMs: number;
}

/** Longer than a loop of ours takes from reading to reading, shorter than any turn of another thread. */
const DEFAULT_GAP_MS = 0.05;
const DEFAULT_MOST_RUNS = 10_000;

export interface GapMeterOptions {
  /** Readings further apart than this have a gap between them; 0.05 by default. */
  readonly gapMs?: number;
  /** Runs kept; of more, the oldest are lost, and their time still counts. 10,000 by default. */
  readonly mostRuns?: number;
}

export class GapMeter {
  readonly #gapMs: number;
  readonly #mostRuns: number;
  readonly #runs: GapRun[] = [];
  #beginMs: number;
  #lastMs: number;
  #onMs = 0;
  #offMs = 0;
  #gaps = 0;

  /** @param nowMs - the first reading of the clock */
  constructor(nowMs: number, { gapMs = DEFAULT_GAP_MS, mostRuns = DEFAULT_MOST_RUNS }: GapMeterOptions = {}) {
    this.#gapMs = gapMs;
    this.#mostRuns = mostRuns;
    this.#beginMs = nowMs;
    this.#lastMs = nowMs;
  }

  /** A reading of the clock, in the loop. */
  look(nowMs: number): void {
    const sinceMs = nowMs - this.#lastMs;
    if (sinceMs > this.#gapMs) {
      this.#offMs += sinceMs;
      this.#gaps++;
      this.#endRun();
      this.#beginMs = nowMs;
    } else {
      this.#onMs += sinceMs;
    }
    this.#lastMs = nowMs;
  }

  /** The loop pauses by itself, as to wait: what follows until the next `resume` is neither. */
  pause(): void {
    this.#endRun();
    this.#beginMs = this.#lastMs;
  }

  resume(nowMs: number): void {
    this.#beginMs = nowMs;
    this.#lastMs = nowMs;
  }

  #endRun(): void {
    if (this.#lastMs <= this.#beginMs) return;
    this.#runs.push({ beginMs: this.#beginMs, endMs: this.#lastMs });
    if (this.#runs.length > this.#mostRuns) this.#runs.shift();
  }

  /** Milliseconds on a core. */
  get onMs(): number {
    return this.#onMs;
  }

  /** Milliseconds in gaps. */
  get offMs(): number {
    return this.#offMs;
  }

  get gaps(): number {
    return this.#gaps;
  }

  /** The stretches on a core, in order of time, up to the last reading. */
  runs(): readonly GapRun[] {
    return this.#lastMs > this.#beginMs
      ? [...this.#runs, { beginMs: this.#beginMs, endMs: this.#lastMs }]
      : [...this.#runs];
  }
}
