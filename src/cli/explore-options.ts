/** Values of the options of `skein explore`, from how they are typed. */
import { InvalidArgumentError } from "commander";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** "10s" in milliseconds. */
export function durationOf(text: string): number {
  const { count, unit = "" } = /^(?<count>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)$/.exec(text)?.groups ?? {};
  const ms = Number(count) * (UNITS_MS[unit] ?? Number.NaN);
  if (!(ms > 0)) {
    throw new InvalidArgumentError("A time is a number and its unit, as 10s, 500ms, 2m or 1h.");
  }
  return ms;
}

export function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("A count of schedules is a whole number from 1.");
  }
  return count;
}

export function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError("A seed is a whole number.");
  }
  return seed;
}
