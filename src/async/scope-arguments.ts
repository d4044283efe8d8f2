/** Checks of what scopes and jobs are given: misuse is told where it happens, with what was expected. */
import { MisuseError } from "../core/errors.js";
import { CancelNode, describeKind } from "./cancel.js";

function misuse(message: string): MisuseError {
  return new MisuseError("SKEIN_INVALID_ARGUMENT", message);
}

/** @param what - who expected it, and what for, such as `defer expected a function` */
export function requireFunction(what: string, value: unknown): asserts value is (...args: never[]) => unknown {
  if (typeof value !== "function") throw misuse(`${what}, but ${describeKind(value)} came`);
}

/** Refuses what is no options object, a scope or signal in its place above all: it would cancel nothing. */
export function requireScopeOptions(options: unknown): void {
  if (typeof options === "object" && options !== null) {
    if (!(options instanceof CancelNode) && !(options instanceof AbortSignal)) return;
    throw misuse(
      `a scope expected options second, but ${describeKind(options)} came; what cancels it is third: scope(body, {}, s)`,
    );
  }
  throw misuse(
    `a scope expected options, such as { timeoutMs: 500 }, after its body, but ${describeKind(options)} came`,
  );
}

/** @param name - of the option */
export function requireDuration(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0)) return;
  throw misuse(`${name} must be a number of milliseconds from 0 on, but ${describeKind(value)} came`);
}

export function requireDeadline(deadlineMs: unknown): void {
  if (deadlineMs === undefined || (typeof deadlineMs === "number" && !Number.isNaN(deadlineMs))) return;
  throw misuse(`a deadline must be a number of milliseconds, but ${describeKind(deadlineMs)} came`);
}

export function requireAffinity(affinity: unknown): void {
  const isKey = typeof affinity === "string" || (typeof affinity === "number" && !Number.isNaN(affinity));
  if (affinity === undefined || isKey) return;
  throw misuse(`affinity must be a string or a number, but ${describeKind(affinity)} came`);
}

export function requireExecutor(on: unknown): void {
  if (on === undefined) return;
  if (typeof on === "object" && on !== null && typeof (on as { run?: unknown }).run === "function") return;
  throw misuse(`the option on expected an executor, such as threads(), but ${describeKind(on)} came`);
}
