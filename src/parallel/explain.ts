/** What was chosen for calls, and why. */

/** What one participant of a call did. */
export interface ParticipantFigures {
  /** `threadIndex` of its thread; of one that gave way, and came again on another, the last. */
  readonly thread: number;
  readonly parts: number;
  /** How often it took from another's range. */
  readonly steals: number;
  /** For how long it worked; looks for parts included, but not those for branches of joins. */
  readonly ms: number;
}

/** What was chosen for one call, and what came of it. */
export interface Explanation {
  readonly call: string;
  readonly items: number;
  /** Measured, in microseconds an item. */
  readonly itemUs: number;
  /** Where the items were worked on: all on the calling thread, or on several. */
  readonly place: "here" | "threads";
  /** Why, in words. */
  readonly why: string;
  /** How many items the caller did before it was decided. */
  readonly itemsBefore: number;
  /** Items of one part; 0 if it was not shared out. */
  readonly partItems: number;
  /** The most active first. */
  readonly participants: readonly ParticipantFigures[];
  /** From sharing it out to its end; 0 if it was not. */
  readonly ms: number;
  /**
   * How long it would take however many shared in it: one part of a loop, the longest chain of joins and
   * branches of a call. The work, which more threads divide, is what all participants took. 0 if it had no parts.
   */
  readonly spanMs: number;
}

const listeners = new Set<(explanation: Explanation) => void>();

/** Where a call that begins now tells what it does; `undefined` if nobody asks. */
export function explaining(): ((explanation: Explanation) => void) | undefined {
  if (listeners.size === 0) return undefined;
  const now = [...listeners];
  return (explanation) => {
    for (const listener of now) listener(explanation);
  };
}

/**
 * Runs `body`, and tells what was chosen for each call of an algorithm that began
 * meanwhile: how many items there were and what each cost, whether threads were worth it,
 * who did how much.
 *
 * @example
 * ```ts
 * const { calls } = await parallel.explain(() => parallel.sum([1, 2, 3]));
 * console.log(calls[0]?.place); // here
 * ```
 *
 * @since 0.2.0
 */
export async function explain<Result>(
  body: () => Result,
): Promise<{ readonly result: Awaited<Result>; readonly calls: readonly Explanation[] }> {
  const calls: Explanation[] = [];
  const listener = (explanation: Explanation): void => void calls.push(explanation);
  listeners.add(listener);
  try {
    return { result: await body(), calls };
  } finally {
    listeners.delete(listener);
  }
}
