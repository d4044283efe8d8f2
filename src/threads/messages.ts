/** What the two ends of a thread's port say to each other. Plain data throughout. */
import type { EncodedValue } from "./error-codec.js";
import type { TypeScriptLoader } from "./registry.js";

/** To the thread. */
export type ToThread =
  /** Import a module for its tasks. The boot code answers this one, as the library may not be there yet. */
  | { readonly kind: "load"; readonly module: string; readonly typeScriptLoader: TypeScriptLoader | undefined }
  | {
      readonly kind: "run";
      /** Number of the call on this thread, from 1 up. */
      readonly call: number;
      readonly jobId: number;
      readonly name: string;
      readonly module: string;
      readonly key: string;
      readonly takesScope: boolean;
      /** How many unnamed tasks of the module the spawning thread knows: positions must mean the same. */
      readonly unnamed: number;
      readonly args: readonly unknown[];
      /** Whether there are shared objects among them, which are to be put in their places. */
      readonly hasShared: boolean;
    }
  /** The call should end; `reason` is for its error's message. */
  | { readonly kind: "cancel"; readonly call: number; readonly reason: string }
  /** Record into this memory, or stop recording. Rings are numbered. */
  | { readonly kind: "ring"; readonly memory: SharedArrayBuffer | undefined; readonly number: number };

/** From the thread. */
export type FromThread =
  | { readonly kind: "loaded"; readonly module: string }
  | { readonly kind: "loadFailed"; readonly module: string; readonly error: RawError }
  | { readonly kind: "started"; readonly call: number }
  | { readonly kind: "done"; readonly call: number; readonly value: unknown; readonly hasShared: boolean }
  | { readonly kind: "failed"; readonly call: number; readonly thrown: EncodedValue }
  /** The call is not known here: the task was not declared when its module was imported. */
  | { readonly kind: "noSuchTask"; readonly call: number; readonly known: readonly string[]; readonly unnamed: number }
  /** A text of this thread's probe records in the ring of that number. */
  | { readonly kind: "text"; readonly text: string; readonly ring: number }
  /** The module's import was stopped at `what`, which is work of the program. */
  | { readonly kind: "parked"; readonly module: string; readonly what: string };

/** An error as the boot code, which has no library, takes it apart. */
export interface RawError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
}

// The cells that a thread shares with the thread that owns it, as Int32 indexes.
/** Number of the call that should end now, 0 if none. The owner alone writes it. */
export const CANCELLED_CALL = 0;
export const CANCEL_CELLS_BYTES = 4;
