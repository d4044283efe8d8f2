/**
 * Whose code runs after an `await`: of which job. The platform carries that along, at
 * a price: a promise costs a few times as much. So it is asked for in runs that are
 * to be told, and only there.
 */

interface Storage {
  run<Result>(job: number, body: () => Result): Result;
  getStore(): number | undefined;
  disable(): void;
}

interface Host {
  getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: new () => Storage } | undefined;
}

const { process: host } = globalThis as { readonly process?: Host };

export class JobContext {
  readonly #storage: Storage | undefined;

  /** @param isWanted - otherwise nothing is known of any code */
  constructor(isWanted: boolean) {
    const make = isWanted ? host?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage : undefined;
    this.#storage = make === undefined ? undefined : new make();
  }

  /** Calls what is, with all that comes of it, the code of a job. */
  run<Result>(job: number, body: () => Result): Result {
    return this.#storage === undefined ? body() : this.#storage.run(job, body);
  }

  /** Whose code this is; `undefined` if it is that of no job, or not known. */
  get current(): number | undefined {
    return this.#storage?.getStore();
  }

  /** Nothing is carried along any more. */
  end(): void {
    this.#storage?.disable();
  }
}
