/**
 * Jobs in steps: the code of a generator task, which gives way at each `yield`.
 *
 * A `yield` is a checkpoint. `yield` of a promise waits for it, and its value is
 * what the `yield` expression gives, so asynchronous code can be written in steps
 * as well.
 */
import { describeKind } from "./cancel.js";
import type { CancelNode } from "./cancel.js";
import { MisuseError } from "../core/errors.js";

/** What a generator task's function returns. */
export type Steps<Result> = Generator<unknown, Result, never>;

/** The result of a job whose code returned `Returned`. */
export type JobResult<Returned> =
  Returned extends Generator<unknown, infer Result, never> ? Awaited<Result> : Awaited<Returned>;

/** Where the next step begins. */
type Resume = { readonly kind: "value"; readonly value: unknown } | { readonly kind: "error"; readonly error: unknown };

/** How a step ended. */
export type StepOutcome =
  | { readonly kind: "ready" }
  | { readonly kind: "waiting"; readonly until: Promise<unknown> }
  | { readonly kind: "done"; readonly value: unknown };

const BEGIN: Resume = { kind: "value", value: undefined };

/** True for what a generator function returned. Asynchronous generators are streams, not steps. */
export function isSteps(value: unknown): value is Steps<unknown> {
  // What most functions return is told apart without a look at its tag.
  if (typeof value !== "object" || value === null) return false;
  return Object.prototype.toString.call(value) === "[object Generator]";
}

/** One job's steps: a generator, and what its next step begins with. */
export class Stepper {
  readonly #steps: Steps<unknown>;
  readonly #cancel: CancelNode | undefined;
  #resume: Resume = BEGIN;
  #wasToldOfCancel = false;

  constructor(steps: Steps<unknown>, cancel: CancelNode | undefined) {
    this.#steps = steps;
    this.#cancel = cancel;
  }

  /** Runs one step. Throws what the code throws. */
  step(): StepOutcome {
    // Told once, at the next checkpoint after the cancellation, so that the code
    // can clean up in steps; what it throws then ends the job as cancelled.
    if (!this.#wasToldOfCancel && this.#cancel?.isCancelled === true) {
      this.#wasToldOfCancel = true;
      this.#resume = { kind: "error", error: this.#cancel.makeError() };
    }
    const resume = this.#resume;
    this.#resume = BEGIN;
    const { done, value } =
      resume.kind === "error" ? this.#steps.throw(resume.error) : this.#steps.next(resume.value as never);
    if (done === true) return { kind: "done", value };
    return value instanceof Promise ? { kind: "waiting", until: value } : { kind: "ready" };
  }

  /** What the step after a wait begins with. */
  resumeWith(resume: Resume): void {
    this.#resume = resume;
  }

  /** Ends the code where it stands; its `finally` blocks run, as far as they do not wait. */
  stop(): void {
    this.#steps.return(undefined);
  }
}

/** Runs all steps one after the other, waiting where they wait. */
export async function runSteps(steps: Steps<unknown>, cancel: CancelNode | undefined): Promise<unknown> {
  const stepper = new Stepper(steps, cancel);
  for (;;) {
    const outcome = stepper.step();
    if (outcome.kind === "done") return outcome.value;
    if (outcome.kind === "waiting") stepper.resumeWith(await settled(outcome.until));
  }
}

/** The outcome of a promise as the beginning of a step. Never rejects. */
export async function settled(promise: Promise<unknown>): Promise<Resume> {
  try {
    return { kind: "value", value: await promise };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** Refuses what is no step function's result, for executors that run only steps. */
export function requireSteps(value: unknown, name: string): Steps<unknown> {
  if (isSteps(value)) return value;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `job "${name}" can't be sliced: its task returned ${describeKind(value)}, not a generator. Declare it as function* and yield where it may be interrupted`,
  );
}
