/** Checks of what callers pass, in one wording for the whole room. */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";

/** Refuses what is not a whole number from `least` on, or Infinity. */
export function requireCount(what: string, value: unknown, least = 1): number {
  if (typeof value === "number" && value >= least && (value === Infinity || Number.isSafeInteger(value))) return value;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} must be a whole number from ${least} on, or Infinity, but ${describeKind(value)} came`,
  );
}

/** Refuses what is not a number of milliseconds from 0 on; Infinity is one. */
export function requireMs(what: string, value: unknown): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} must be a number of milliseconds from 0 on, but ${describeKind(value)} came`,
  );
}

/** Refuses what can't be compared: NaN, or no number. */
export function requirePriority(value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a priority must be a number, but ${describeKind(value)} came`);
}

export function requireFunction(what: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `${what} must be a function, but ${describeKind(value)} came`);
}
