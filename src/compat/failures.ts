import { reportToOwner } from "../core/report.js";

/**
 * The failures of jobs that run for one caller, who gets the first; later ones
 * have nobody left to hear them and go to the program's owner, so that none is
 * swallowed (law 4).
 */
export class Failures {
  readonly #what: string;
  #first: { readonly error: unknown } | undefined = undefined;
  readonly #later: unknown[] = [];

  /** @param what - whose failures, in words */
  constructor(what: string) {
    this.#what = what;
  }

  add(error: unknown): void {
    if (this.#first === undefined) this.#first = { error };
    else if (error !== this.#first.error) this.#later.push(error);
  }

  /** Throws the first failure, if there was one. Called once, when no job runs any more. */
  throwFirst(): void {
    if (this.#later.length > 0) {
      reportToOwner(
        `${this.#later.length} more failed in ${this.#what}, after the failure that its caller got`,
        new AggregateError(this.#later),
      );
    }
    if (this.#first !== undefined) throw this.#first.error;
  }
}
