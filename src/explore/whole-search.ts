/**
 * A search that is made of several, each of the same program with other data: to who
 * looks after it, it is one.
 */
import type { Coverage } from "./coverage.js";
import { exploreFor, type ExploreReport } from "./explore.js";
import { hostMs } from "./host-time.js";
import type { ExploreOptions } from "./options.js";
import { OTHER_TOKEN, type SearchState, type Watch, watch, type WatchedSearch } from "./overseer.js";
import type { ExploredProgram } from "./run-program.js";
import { type DataPath, dataPathOf, programHash, readToken } from "./token.js";

/** From the most. */
const STRENGTH = ["complete", "bounded", "sampled"] as const;

export class WholeSearch {
  readonly name: string;
  /** By which it goes. */
  readonly options: ExploreOptions;
  schedules = 0;
  /** Searches of which it is made, that have ended. */
  parts = 0;
  readonly warnings: Set<string> = new Set();
  /** Why it is not to be done at all; `undefined` if it is. */
  readonly passBy: string | undefined;
  /** What alone is to be run, and where its data come from. */
  readonly replay: { readonly token: string; readonly data: DataPath } | undefined;
  readonly #watch: Watch;
  readonly #endMs: number;
  #steps = 0;
  /** What the part covered that covered least. */
  #weakest: Coverage | undefined;
  #current: WatchedSearch | undefined;

  constructor(name: string, options: ExploreOptions) {
    this.name = name;
    this.#watch = watch({ name, options, now: () => this.#now() });
    this.options = this.#watch.options;
    this.#endMs = hostMs() + (this.options.budgetMs ?? Infinity);
    const { token } = this.options;
    const data = token === undefined ? undefined : dataPathOf(token);
    this.replay = token === undefined || data === undefined ? undefined : { token, data };
    this.passBy = this.#watch.passBy ?? (token === undefined ? undefined : this.#tokenPassesBy(token, options.token));
  }

  /** **Throws** `SKEIN_INVALID_ARGUMENT` for a token that is none. */
  #tokenPassesBy(token: string, ownToken: string | undefined): string | undefined {
    const { program } = readToken(token);
    const isMine = this.replay !== undefined && (program === undefined || program === programHash(this.name));
    return isMine || token === ownToken ? undefined : OTHER_TOKEN;
  }

  get isTimeOver(): boolean {
    return hostMs() >= this.#endMs;
  }

  get coverage(): Coverage {
    const { kind } = this.#weakest ?? { kind: "sampled" };
    const text = `${kind} for each of ${this.parts} sets of data: ${this.schedules} schedules`;
    return { kind, text, preemptions: this.#weakest?.preemptions };
  }

  /** A part: the program with some data. */
  explore(options: ExploreOptions, program: ExploredProgram): Promise<ExploreReport> {
    const watchPart = (search: WatchedSearch): Watch => {
      this.#current = search;
      return {
        options: search.options,
        passBy: undefined,
        turn: () => this.#watch.turn(),
        end: ({ state, report }) => {
          this.#current = undefined;
          this.parts++;
          this.schedules += state.schedules;
          this.#steps = Math.max(this.#steps, state.steps);
          for (const warning of report?.warnings ?? []) this.warnings.add(warning);
          if (report !== undefined) this.#noteCoverage(report.coverage);
        },
      };
    };
    return exploreFor(watchPart, { ...options, name: this.name }, program);
  }

  /** Something was found, or the search could not be made. @returns it */
  failed<Thrown>(error: Thrown): Thrown {
    this.#watch.end({ state: this.#now(), report: undefined, error, passedBy: undefined });
    return error;
  }

  /** It is over, and nothing was found. */
  passed(): void {
    this.#watch.end({ state: this.#now(), report: this.#report(), error: undefined, passedBy: undefined });
  }

  /** It is not done. */
  leave(): void {
    this.#watch.end({ state: this.#now(), report: this.#report(), error: undefined, passedBy: this.passBy });
  }

  #noteCoverage(coverage: Coverage): void {
    const isWeaker =
      this.#weakest === undefined || STRENGTH.indexOf(coverage.kind) > STRENGTH.indexOf(this.#weakest.kind);
    if (isWeaker) this.#weakest = coverage;
  }

  #report(): ExploreReport {
    const { schedules, coverage } = this;
    return { schedules, steps: this.#steps, coverage, outcomes: {}, warnings: [...this.warnings] };
  }

  #now(): SearchState {
    const part = this.#current?.now();
    return {
      schedules: this.schedules + (part?.schedules ?? 0),
      steps: Math.max(this.#steps, part?.steps ?? 0),
      strategy: part?.strategy ?? "",
      coverage: this.coverage,
      leftMs: this.#endMs - hostMs(),
      isShortening: part?.isShortening ?? false,
    };
  }
}
