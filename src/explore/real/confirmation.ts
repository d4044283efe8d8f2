/** Runs on real threads, as a search asks for them. */
import type { CallerPlace } from "../../threads/call-site.js";
import type { Execution } from "../execution.js";
import type { ExploreOptions } from "../options.js";
import type { Recording } from "./recording.js";
import { type Impossible, RealThreads } from "./real-threads.js";
import type { ProgramPlace } from "./role.js";
import { difference, type Expected } from "./verdict.js";

/**
 * What came of a schedule on real threads: each with a heap of its own, on memory that
 * they share, by the platform's Atomics.
 *
 * @since 0.2.0
 */
export interface Confirmation {
  /** `confirmed`: each step gave the same, and the run ended in the same way. */
  readonly verdict: "confirmed" | "not confirmed" | "not possible";
  /** What was different; why it is not possible. */
  readonly text: string;
}

/** How long things may take: many times what they do, on a busy machine too. */
export interface RealLimits {
  /** To load the program's module on all threads. */
  readonly loadingMs: number;
  readonly runMs: number;
}

const LIMITS: RealLimits = { loadingMs: 20_000, runMs: 10_000 };

/** Where threads find the program that this call of `explore` was given. */
export function placeOf(options: ExploreOptions, caller: CallerPlace | undefined): ProgramPlace | Impossible {
  const name = options.name ?? "program";
  if (options.program !== undefined) {
    const { module, export: path } = options.program;
    return { module: String(module), path, site: "", name };
  }
  if (caller === undefined) {
    return "this engine does not tell from where explore is called: export the program, and name it by the option `program`";
  }
  return { module: caller.module, path: undefined, site: caller.text, name };
}

/** The threads of one search. */
export class Confirming {
  readonly #place: ProgramPlace | Impossible;
  readonly #memory: "sc" | "js";
  readonly #limits: RealLimits;
  #threads: RealThreads | undefined;

  constructor(place: ProgramPlace | Impossible, memory: "sc" | "js", limits: RealLimits = LIMITS) {
    this.#place = place;
    this.#memory = memory;
    this.#limits = limits;
  }

  /** Follows the run that the execution has just made. */
  async confirm(run: Execution, recording: Recording, usesJobs: boolean, expected: Expected): Promise<Confirmation> {
    const impossible = this.#whyNot(run, usesJobs);
    if (impossible !== undefined) return { verdict: "not possible", text: impossible };
    const threads = await this.#threadsFor(run);
    if (typeof threads === "string") return { verdict: "not possible", text: threads };
    const ending = await threads.follow(run, recording, this.#limits.runMs);
    if (typeof ending === "string") return { verdict: "not confirmed", text: ending };
    const different = difference(run, expected, ending);
    if (different !== undefined) return { verdict: "not confirmed", text: different };
    return {
      verdict: "confirmed",
      text: `${run.stepCount} steps on ${run.threadCount} threads gave the same, and the run ended in the same way`,
    };
  }

  #whyNot(run: Execution, usesJobs: boolean): Impossible | undefined {
    if (usesJobs) return "the program has jobs, which are of one event loop: no thread but that is involved";
    if (this.#memory === "js")
      return 'with memory: "js" reads may see older values, which real threads show by chance alone';
    if (run.shared?.watches === true)
      return "the program watches memory of its own making, which other threads would not have";
    if (run.failure?.kind === "nondeterminism") return "the program does not do the same each time";
    return undefined;
  }

  async #threadsFor(run: Execution): Promise<RealThreads | Impossible> {
    if (typeof this.#place === "string") return this.#place;
    if (this.#threads !== undefined && this.#threads.roles < run.threadCount) await this.close();
    if (this.#threads !== undefined) return this.#threads;
    const threads = await RealThreads.start(run, this.#place, this.#limits.loadingMs);
    if (typeof threads !== "string") this.#threads = threads;
    return threads;
  }

  async close(): Promise<void> {
    await this.#threads?.close();
    this.#threads = undefined;
  }
}
