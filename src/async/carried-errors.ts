/**
 * Leaves out each error that another of them carries, as its cause or among its
 * errors: who catches a job's failure and throws an error around it, or passes it
 * on, tells of one failure.
 *
 * **Cost** Linear in the errors and in what they carry.
 *
 * @returns those left, each once, in their order; of errors that carry each other
 *   in a circle at least one is among them, or carried by one that is
 */
export function withoutCarried(errors: readonly unknown[]): unknown[] {
  const carried = new Set<unknown>();
  const kept = new Set<unknown>();
  for (const error of errors) {
    // All that this one carries was found from whichever carries it. And as it is
    // not kept, nothing is dropped for its sake: of a circle the first is kept.
    if (carried.has(error)) continue;
    kept.add(error);
    const carriers = [error];
    for (const carrier of carriers) {
      for (const inner of carriedBy(carrier)) {
        if (inner === error || carried.has(inner)) continue;
        carried.add(inner);
        carriers.push(inner);
      }
    }
  }
  return [...kept].filter((error) => !carried.has(error));
}

function carriedBy(error: unknown): readonly unknown[] {
  try {
    if (!(error instanceof Error)) return [];
    const { cause, errors, error: later, suppressed: earlier } = error as unknown as Record<string, unknown>;
    const several: readonly unknown[] = Array.isArray(errors) ? errors : [];
    // Only errors: a value such as a text is not the other's because it is equal.
    return [cause, later, earlier, ...several].filter((inner) => inner instanceof Error);
  } catch {
    return []; // its properties can't even be read, and the scope must settle all the same
  }
}
