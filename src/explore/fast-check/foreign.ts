/** What is used of fast-check, which the user hands over: `import fc from "fast-check"` fits. Versions 3 and 4 do. */

/** An arbitrary of fast-check, as far as its type tells what it draws. */
export interface Arbitrary<Value> {
  // Never called here.
  generate(...values: never[]): { readonly value: Value };
}

/** What makes properties. */
export interface FastCheckProperties {
  asyncProperty(...parts: never[]): unknown;
}

/** What checks them, too. */
export interface FastCheck extends FastCheckProperties {
  check(property: never, parameters?: never): unknown;
  stringify(value: unknown): string;
}

/** How a check ended. */
export interface CheckDetails {
  readonly failed: boolean;
  readonly numRuns: number;
  readonly numSkips: number;
  readonly numShrinks: number;
  readonly counterexample: readonly unknown[] | null;
  readonly counterexamplePath: string | null;
  readonly errorInstance?: unknown;
}

/** Thrown by `fc.pre`: the data are not to be run. */
export function isPreconditionFailure(error: unknown): boolean {
  return error instanceof Error && "interruptExecution" in error;
}
