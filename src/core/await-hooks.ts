/**
 * Whose code goes on after any `await`, as the platform tells it: for plain async
 * functions, of which this library sees nothing between two of its own verbs.
 *
 * The platform carries a value along wherever code goes on that was begun with it: here
 * the job or scope whose code that is. It says when such code goes on, and when it gives
 * the thread back.
 */
import { hostModule } from "./host-thread.js";

interface AsyncHooks {
  createHook?(callbacks: { before(id: number): void; after(id: number): void }): { enable(): void; disable(): void };
  readonly AsyncLocalStorage?: new () => {
    getStore(): number | undefined;
    enterWith(value: number | undefined): void;
    disable(): void;
  };
}

/** Told of code that goes on; `run` is the platform's number of that. */
export interface AwaitListener {
  /** @param subject - whose code it is; `undefined` if it was begun in no known code */
  goesOn(run: number, subject: number | undefined): void;
  givesBack(run: number): void;
}

export interface AwaitHooks {
  /** Whose code the platform takes this to be. */
  current(): number | undefined;
  /** What is begun from here on, until it is set back, is code of `subject`. */
  enter(subject: number | undefined): void;
  stop(): void;
}

/** Why the platform does not tell, in words; `undefined` if it does. */
export function noAwaitHooks(): string | undefined {
  const { versions } = (globalThis as { process?: { versions?: Readonly<Record<string, string>> } }).process ?? {};
  // Both have the module, and never call the hooks (measured, November 2026).
  if (versions?.["bun"] !== undefined) return "Bun does not tell when code goes on after an await";
  if ("Deno" in globalThis) return "Deno does not tell when code goes on after an await";
  const hooks = hostModule("node:async_hooks") as AsyncHooks | undefined;
  if (hooks?.createHook === undefined || hooks.AsyncLocalStorage === undefined) {
    return "this runtime does not tell when code goes on after an await";
  }
  return undefined;
}

/**
 * **Cost** Each time that code goes on 200 to 350 ns, whoever's it is; measured on Node
 * 20 to 26 (November 2026).
 *
 * @returns `undefined` where the platform does not tell
 */
export function startAwaitHooks(listener: AwaitListener): AwaitHooks | undefined {
  if (noAwaitHooks() !== undefined) return undefined;
  const { AsyncLocalStorage, createHook } = hostModule("node:async_hooks") as Required<AsyncHooks>;
  const context = new AsyncLocalStorage();
  const hook = createHook({
    before: (run) => listener.goesOn(run, context.getStore()),
    after: (run) => listener.givesBack(run),
  });
  hook.enable();
  return {
    current: () => context.getStore(),
    enter: (subject) => context.enterWith(subject),
    stop: () => {
      hook.disable();
      context.disable();
    },
  };
}
