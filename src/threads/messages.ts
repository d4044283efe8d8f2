/**
 * What the two ends of a thread's port say to each other, beside what goes by their
 * line. Plain data throughout. A thread that wants the pool to look at its outcomes
 * posts a number.
 */
import type { EncodedValue } from "./error-codec.js";
import type { TypeScriptLoader } from "./registry.js";

/** To the thread. */
export type ToThread =
  /** Import a module for its tasks. The boot code answers this one, as the library may not be there yet. */
  | { readonly kind: "load"; readonly module: string; readonly typeScriptLoader: TypeScriptLoader | undefined }
  /** The number by which calls name a task. */
  | {
      readonly kind: "define";
      readonly number: number;
      readonly module: string;
      readonly key: string;
      readonly takesScope: boolean;
      /** Whether calls have a list of arguments each, see `lists.ts`. */
      readonly isOfLists: boolean;
      /** How many unnamed tasks of the module the pool's thread knows: positions must mean the same. */
      readonly unnamed: number;
    }
  /** The arguments of a call whose record says so; posted before that is published. */
  | {
      readonly kind: "arguments";
      readonly call: number;
      readonly values: readonly unknown[];
      /** Whether there are shared objects among them, which are to be put in their places. */
      readonly hasShared: boolean;
    }
  /** The call whose arguments were posted goes elsewhere, or is cancelled. */
  | { readonly kind: "drop"; readonly call: number }
  /** The answer to a question. */
  | {
      readonly kind: "reply";
      readonly number: number;
      readonly outcome: { readonly value: unknown; readonly hasShared: boolean } | { readonly thrown: EncodedValue };
    }
  /** A signal that calls have among their arguments aborted. */
  | { readonly kind: "abort"; readonly id: number; readonly reason: EncodedValue }
  /** The calls that had these signals have ended. */
  | { readonly kind: "forget"; readonly ids: readonly number[] }
  /** Take no more calls: the line's word says so; this is for a thread that waits in its event loop. */
  | { readonly kind: "stop" }
  /** The call should end; `reason` is for its error's message. The call's cancel word says so already. */
  | { readonly kind: "cancel"; readonly call: number; readonly reason: string }
  /** Record into this memory, or stop recording. */
  | { readonly kind: "ring"; readonly memory: SharedArrayBuffer | undefined }
  /** See `given.ts`. */
  | { readonly kind: "given"; readonly name: string; readonly value: unknown }
  /** Show there that the event loop turns, or stop that. */
  | { readonly kind: "pulse"; readonly memory: SharedArrayBuffer | undefined };

/** From the thread. */
export type FromThread =
  /** The import of a module begins. */
  | { readonly kind: "importing"; readonly module: string }
  | { readonly kind: "loaded"; readonly module: string }
  | { readonly kind: "loadFailed"; readonly module: string; readonly error: RawError }
  /** The operating system's number of the thread. */
  | { readonly kind: "kernelThread"; readonly id: number }
  /** It took a call that it can't run. */
  | { readonly kind: "back"; readonly number: number }
  /** It was idle, and found calls of these functions only, which it can't run. */
  | { readonly kind: "passOn"; readonly functions: readonly number[] }
  /** A job calls a function of the pool's thread. */
  | {
      readonly kind: "question";
      readonly callback: number;
      readonly number: number;
      readonly args: readonly unknown[];
      readonly hasShared: boolean;
    }
  /** See `wanted.ts`. */
  | { readonly kind: "wanted"; readonly request: unknown; readonly hasShared: boolean }
  /** Such a call failed, and nobody awaits it. */
  | { readonly kind: "unheard"; readonly thrown: EncodedValue }
  /** It was to stop, and runs nothing any more. */
  | { readonly kind: "drained" }
  /** Outcomes that the line does not carry. */
  | { readonly kind: "done"; readonly call: number; readonly value: unknown; readonly hasShared: boolean }
  | { readonly kind: "failed"; readonly call: number; readonly thrown: EncodedValue }
  /** The call's task was not declared when its module was imported. */
  | { readonly kind: "noSuchTask"; readonly call: number; readonly known: readonly string[] }
  /** The module's import was stopped at `what`, which is work of the program. */
  | { readonly kind: "parked"; readonly module: string; readonly what: string };

/** An error as the boot code, which has no library, takes it apart. */
export interface RawError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
}

/** What a thread is told when it starts. */
export interface ThreadSetup {
  /** Where its line is in the heap. */
  readonly line: number;
  readonly board: number;
  /** How many threads the pool can have. */
  readonly size: number;
  /** Which of them it is. */
  readonly number: number;
  /** Cores that the process may keep busy. */
  readonly cores: number;
  /** Calls that it may run at once, all but one of them waiting for something. */
  readonly jobsAtOnce: number;
}
