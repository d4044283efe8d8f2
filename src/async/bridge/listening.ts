/** Listening to what emits events, be it Node's kind or the web's, and stopping at once. */
import { MisuseError } from "../../core/errors.js";
import { describeKind } from "../cancel.js";

/** The part of Node's `EventEmitter` that listening needs. */
export interface EmitterLike {
  on(name: string, listener: (...args: unknown[]) => void): unknown;
  off(name: string, listener: (...args: unknown[]) => void): unknown;
}

/** The part of the web's `EventTarget` that listening needs. */
export interface TargetLike {
  addEventListener(name: string, listener: (event: unknown) => void): unknown;
  removeEventListener(name: string, listener: (event: unknown) => void): unknown;
}

export function isEmitter(source: unknown): source is EmitterLike {
  return has(source, "on") && has(source, "off");
}

function isTarget(source: unknown): source is TargetLike {
  return has(source, "addEventListener") && has(source, "removeEventListener");
}

function has(source: unknown, method: string): boolean {
  return (
    typeof source === "object" && source !== null && typeof (source as Record<string, unknown>)[method] === "function"
  );
}

/** What to do when an event comes: with its arguments from an emitter, with the event alone from a target. */
export type Listeners = readonly { readonly name: string; readonly listener: (...args: unknown[]) => void }[];

/** Adds all listeners; the result takes them off again, however often it is called. */
export function listen(source: EmitterLike | TargetLike, listeners: Listeners): () => void {
  const added: (() => void)[] = [];
  const stop = (): void => {
    for (const remove of added.splice(0)) remove();
  };
  try {
    for (const { name, listener } of listeners) {
      if (isEmitter(source)) {
        source.on(name, listener);
        added.push(() => source.off(name, listener));
      } else {
        source.addEventListener(name, listener);
        added.push(() => source.removeEventListener(name, listener));
      }
    }
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

export function requireSource(verb: string, source: unknown, name: unknown): void {
  if (!isEmitter(source) && !isTarget(source)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${verb} expected an EventEmitter or an EventTarget, but ${describeKind(source)} came`,
    );
  }
  if (typeof name !== "string" || name === "") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${verb} expected the name of an event, but ${describeKind(name)} came`,
    );
  }
}

/** The events that count as failures: those named, else an emitter's "error" unless that is what is listened to. */
export function failingEvents(
  source: unknown,
  name: string,
  errorOn: string | readonly string[] | undefined,
): readonly string[] {
  if (errorOn === undefined) return isEmitter(source) && name !== "error" ? ["error"] : [];
  return typeof errorOn === "string" ? [errorOn] : errorOn;
}

/** The error that a failing event brings. */
export function errorOf(name: string, brought: unknown): Error {
  if (brought instanceof Error) return brought;
  const inner = typeof brought === "object" && brought !== null && "error" in brought ? brought.error : undefined;
  return inner instanceof Error ? inner : new Error(`the event "${name}" came`, { cause: brought });
}
