/**
 * What `perf script --show-switch-events --ns` prints, as stretches on cores.
 *
 *            node 16788 [000]  1972.424115504: PERF_RECORD_SWITCH IN
 *      MainThread 16789/16790 [001]  1972.428023693: PERF_RECORD_SWITCH OUT preempt
 *
 * The name may hold blanks, and so may be anything; the number is the thread's, behind
 * the process's if both are there. Lines of other kinds are passed over.
 */
import type { CoreRun } from "../kernel-facts.js";

const LINE =
  /\s(?:\d+\/)?(\d+)\s+\[(\d+)\]\s+(\d+)\.(\d{3,9}):\s+PERF_RECORD_SWITCH(?:_CPU_WIDE)?\s+(IN|OUT)(\s+preempt)?/;
const LOST = /PERF_RECORD_LOST(?:_SAMPLES)?\b.*?lost\s+(\d+)/;

/** A thread was given a core, or gave it back. */
interface Arrival {
  readonly core: number;
  readonly beginMs: number;
}

export interface SwitchTextOptions {
  /** Milliseconds since the epoch at 0 of the kernel's clock. */
  readonly clockZeroMs: number;
  /** From when to when switches were recorded; whoever ran at the begin had its core since before. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Runs kept; of more, the oldest are lost. */
  readonly mostRuns: number;
}

/**
 * Reads the text line by line, in any pieces.
 *
 * A run is told only if both of its ends are known, or lie outside the recording: of a
 * thread whose line was lost nothing is made up.
 */
export class SwitchText {
  readonly #options: SwitchTextOptions;
  readonly #on = new Map<number, Arrival>();
  /** Threads whose first line was seen. */
  readonly #seen = new Set<number>();
  #runs: CoreRun[] = [];
  #rest = "";
  #lost = 0;
  #givenUp = 0;

  constructor(options: SwitchTextOptions) {
    this.#options = options;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const fields = LINE.exec(line);
    if (fields === null) {
      this.#lost += Number(LOST.exec(line)?.[1] ?? 0);
      return;
    }
    const tid = Number(fields[1]);
    const core = Number(fields[2]);
    const fraction = fields[4] as string;
    const monotonicMs = Number(fields[3]) * 1000 + Number(fraction) / 10 ** (fraction.length - 3);
    const atMs = this.#options.clockZeroMs + monotonicMs;
    if (fields[5] === "IN") {
      // If one is open, its end was lost: when it was is not known.
      this.#on.set(tid, { core, beginMs: atMs });
    } else {
      const arrival = this.#seen.has(tid) ? this.#on.get(tid) : (this.#on.get(tid) ?? this.#before(core));
      // On another core than it was given: lines in between were lost.
      if (arrival !== undefined && arrival.core === core) this.#add(tid, arrival, atMs, fields[6] !== undefined);
      this.#on.delete(tid);
    }
    this.#seen.add(tid);
  }

  #before(core: number): Arrival {
    return { core, beginMs: this.#options.fromMs };
  }

  #add(tid: number, { core, beginMs }: Arrival, endMs: number, wasPreempted: boolean): void {
    if (endMs <= beginMs) return;
    this.#runs.push({ core, tid, beginMs, endMs, wasPreempted });
    // In bulk: to take one off the front moves all others.
    if (this.#runs.length >= 2 * this.#options.mostRuns) this.#giveUp();
  }

  #giveUp(): void {
    const { mostRuns } = this.#options;
    if (this.#runs.length <= mostRuns) return;
    this.#givenUp += this.#runs.length - mostRuns;
    this.#runs = this.#runs.slice(-mostRuns);
  }

  /** @returns the runs in order of beginning, and how many lines and runs are missing */
  finish(): { readonly runs: readonly CoreRun[]; readonly missing: number } {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
    // Still on its core when the recording ended: not taken away, as far as is known.
    for (const [tid, arrival] of this.#on) this.#add(tid, arrival, this.#options.toMs, false);
    this.#on.clear();
    this.#giveUp();
    return { runs: this.#runs.toSorted((a, b) => a.beginMs - b.beginMs), missing: this.#lost + this.#givenUp };
  }
}
