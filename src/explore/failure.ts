/** What a run can show to be wrong. */
import { MisuseError } from "../core/errors.js";

export type FailureKind =
  | "assertion"
  | "deadlock"
  | "leak"
  | "race"
  | "livelock"
  | "lost wake-up"
  | "misuse"
  | "lock order"
  | "nondeterminism"
  | "outcome";

export interface Failure {
  readonly kind: FailureKind;
  /** What happened, in a sentence. */
  readonly message: string;
  readonly cause?: unknown;
  /** Steps of the run that show it. */
  readonly steps?: readonly number[];
}

/** How an error that came out of the program counts. */
export function failureOf(error: unknown, where: string): Failure {
  const { code, name, message } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly name?: unknown;
    readonly message?: unknown;
  };
  const text = typeof message === "string" ? message : String(error);
  if (code === "SKEIN_DEADLOCK") return { kind: "deadlock", message: `${where}: ${text}`, cause: error };
  const isMisuse = typeof code === "string" && code.startsWith("SKEIN_") && isMisuseError(error);
  return { kind: isMisuse ? "misuse" : "assertion", message: `${where}: ${text || String(name)}`, cause: error };
}

/** What is wrong with a thread's body that returned a promise; `undefined` for any other result. */
export function returnedPromise(result: unknown, name: string): Failure | undefined {
  if (typeof (result as { then?: unknown } | undefined)?.then !== "function") return undefined;
  return {
    kind: "misuse",
    message: `thread "${name}" returned a promise: a thread's body is synchronous; use t.job for what is not`,
  };
}

function isMisuseError(error: unknown): boolean {
  return error instanceof MisuseError;
}
