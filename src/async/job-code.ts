/** What a scope's job runs: code on this thread, and the node that cancels code elsewhere. */
import { CancelNode } from "./cancel.js";
import type { JobCode, ScopeJob } from "./job.js";
import { isSteps, runSteps } from "./steps.js";

/** What cancels a job on an executor. */
export class ElsewhereNode extends CancelNode {
  /** Called when the job is cancelled by itself, so that no scope's grace time begins. */
  onOwnCancel: (() => void) | undefined = undefined;

  protected override whenCancelled(): void {
    if (this.origin === this) this.onOwnCancel?.();
  }
}

/**
 * A function run as it is, on this thread. A class of its own, since of these there
 * may be a hundred thousand: a closure with its context weighs three times as much.
 */
export class PlainCode implements JobCode {
  readonly #fn: (...args: unknown[]) => unknown;
  readonly #args: readonly unknown[];

  constructor(fn: (...args: unknown[]) => unknown, args: readonly unknown[]) {
    this.#fn = fn;
    this.#args = args;
  }

  get node(): undefined {
    return undefined;
  }

  get stopByForce(): undefined {
    return undefined;
  }

  run(job: ScopeJob): unknown {
    const fn = this.#fn; // called without a receiver
    return completed(fn(...this.#args), job.owner);
  }
}

/** A generator task runs its steps to the end; any other has been run by the call. */
export function completed(returned: unknown, cancel: CancelNode): unknown {
  return isSteps(returned) ? runSteps(returned, cancel) : returned;
}
