/** Runs programs of a few steps in every order that their threads could take. */

/** A thread: each `yield` ends a step that nothing comes between. `false` means that it sleeps, for as long as it yields that. */
export type Thread = Generator<boolean | undefined, void>;

/** One run: its threads, and a look at its end. */
export interface Program {
  readonly threads: readonly Thread[];
  /** Throws if what the threads have left is wrong. */
  readonly check: () => void;
}

export interface Outcome {
  /** Orders that were run. */
  readonly runs: number;
  /** The first order in which threads slept for ever, as indexes of threads. */
  readonly hung: readonly number[] | undefined;
}

/**
 * Runs `make()` again and again, each time in another order, until all have been.
 *
 * A thread that sleeps is asked again after each step of another; when all that
 * have not ended sleep, the run hangs.
 */
export function everyInterleaving(make: () => Program): Outcome {
  let runs = 0;
  let hung: readonly number[] | undefined;
  /** Choices still to be made otherwise: of each step the threads that could have gone. */
  const path: { readonly could: readonly number[]; at: number }[] = [];
  for (;;) {
    const order = runOnce(make(), path);
    runs++;
    if (order !== undefined) hung ??= order;
    while (path.length > 0) {
      const last = path.at(-1) as { readonly could: readonly number[]; at: number };
      if (++last.at < last.could.length) break;
      path.pop();
    }
    if (path.length === 0) return { runs, hung };
  }
}

/** @returns the order, if the run hung */
function runOnce(
  { threads, check }: Program,
  path: { readonly could: readonly number[]; at: number }[],
): number[] | undefined {
  const ended = threads.map(() => false);
  const slept = threads.map(() => false);
  const order: number[] = [];
  for (let step = 0; ; step++) {
    const could = threads.map((_, index) => index).filter((index) => ended[index] !== true && slept[index] !== true);
    if (could.length === 0) {
      if (ended.every(Boolean)) {
        check();
        return undefined;
      }
      return order;
    }
    path[step] ??= { could, at: 0 };
    const { could: those, at } = path[step] as { could: readonly number[]; at: number };
    const index = those[at] as number;
    order.push(index);
    const { done, value } = (threads[index] as Thread).next();
    ended[index] = done === true;
    if (done !== true && value === false) {
      slept[index] = true;
    } else {
      // What it did may have woken others.
      slept.fill(false);
    }
  }
}
