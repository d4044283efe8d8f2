/**
 * Where tasks are found again: one registry per thread, on a symbol of the global
 * registry, so that two copies of the library in one program share it.
 */
import { MisuseError } from "../core/errors.js";

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** The tasks of one module. */
export interface ModuleTasks {
  readonly byKey: Map<string, AnyFunction>;
  /** How many of them are known by position only. */
  unnamed: number;
}

/** How TypeScript modules are made importable on a thread: the loader's entry points. */
export interface TypeScriptLoader {
  readonly esm: string;
  readonly cjs: string;
}

export interface Registry {
  /** Raised when the registry's shape or the messages between threads change. */
  readonly protocol: number;
  /** By URL of the declaring module. */
  readonly modules: Map<string, ModuleTasks>;
  /** On a thread of a pool: takes over the thread's port once the library is loaded. */
  serve:
    | ((port: unknown, setup: unknown, receive: (message: unknown) => void) => (message: unknown) => void)
    | undefined;
  /** Set by `skein run`: TypeScript modules go through this loader, on every thread. */
  typeScriptLoader: TypeScriptLoader | undefined;
}

const PROTOCOL = 3;
const REGISTRY = Symbol.for("skein/v1");

/** The registry of this thread; made when first asked for. */
export function registry(): Registry {
  const globals = globalThis as Record<PropertyKey, unknown>;
  const known = globals[REGISTRY] as Registry | undefined;
  if (known === undefined) {
    const made: Registry = { protocol: PROTOCOL, modules: new Map(), serve: undefined, typeScriptLoader: undefined };
    globals[REGISTRY] = made;
    return made;
  }
  if (known.protocol !== PROTOCOL) {
    throw new MisuseError(
      "SKEIN_VERSION_MISMATCH",
      `two versions of skein that don't work together are loaded (protocols ${known.protocol} and ${PROTOCOL}). ` +
        "`npm ls skein` shows where they come from; make them one",
    );
  }
  return known;
}
