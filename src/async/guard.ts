/**
 * Guards, which hold a lock for whoever has them, and blocks, which hold one for
 * as long as a scope is open.
 *
 * A guard says nothing about when it will be released: any code that has it may
 * do so. So two requests under one scope prove nothing, for the scope's jobs, and
 * the promises inside one job, run side by side.
 *
 * A block is a function given to `with(fn)`, `withLock(fn)` and the like that
 * takes a scope. Its guard is released when that scope has ended, and the scope
 * ends after everything in it. So what waits inside a block can't be helped by
 * the block's own guard: the one fact from which nested use is judged.
 *
 * Invariants of `Blocks`
 * - A block stands in `#open` from before its code runs until its scope has ended.
 * - `blocked` counts the open blocks whose `waiting` is above 0.
 */
import { MisuseError } from "../core/errors.js";
import { probe, type ProbedResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { scope, type Scope } from "./scope.js";

/**
 * What is held until it is released; `using` releases it at the end of the block.
 *
 * @since 0.1.0
 */
export interface Guard extends Disposable {
  /** True until it is released. */
  readonly isHeld: boolean;
  /** Gives back what is held, to whoever waits longest. Doing it again does nothing. */
  release(): void;
}

/** The part of a guard that all locks share. */
export abstract class HeldGuard implements Guard {
  isHeld = true;

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.giveBack();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Called once for each time that the guard came to hold something. */
  protected abstract giveBack(): void;
}

/** A function that runs with a lock held, and its scope. */
export interface Block {
  readonly node: CancelNode;
  readonly guard: Guard;
  isOpen: boolean;
  /** Requests for the same lock that wait inside it and won't give up by themselves. */
  waiting: number;
  /** Called when it closes, for those who have told others of it. */
  onClose?: Set<() => void>;
}

const NONE: readonly Block[] = [];

/** The blocks that one lock has now. */
export class Blocks {
  readonly #open = new Map<CancelNode, Block>();
  readonly #listed: Map<CancelNode, Block> | undefined;
  /** Open blocks that can't end before a request for the same lock has been granted. */
  blocked = 0;

  /** @param listed - where its open blocks stand too, together with those of other locks */
  constructor(listed?: Map<CancelNode, Block>) {
    this.#listed = listed;
  }

  /** Blocks whose guard can't be released before a wait under `node` has ended, the innermost first. */
  around(node: CancelNode | undefined): readonly Block[] {
    if (this.#open.size === 0) return NONE;
    const around: Block[] = [];
    for (let outer = node; outer !== undefined; outer = outer.parent) {
      const block = this.#open.get(outer);
      // A condition may have released it for the time of a wait.
      if (block?.guard.isHeld === true) around.push(block);
    }
    return around;
  }

  /** A request that waits inside `around` begins to wait. */
  waitBegins(around: readonly Block[]): void {
    for (const block of around) if (++block.waiting === 1 && block.isOpen) this.blocked++;
  }

  /** It waits no more. */
  waitEnds(around: readonly Block[]): void {
    for (const block of around) if (--block.waiting === 0 && block.isOpen) this.blocked--;
  }

  /**
   * Runs `fn` and releases `guard` when it has ended: with a scope of its own, and
   * as a block, if it declares a parameter.
   *
   * @param resource - what the guard holds, for who records
   */
  async run<Result>(
    guard: Guard,
    name: string,
    fn: (scope: Scope) => Result,
    cancel: Cancel | undefined,
    resource: ProbedResource,
  ): Promise<Awaited<Result>> {
    let block: Block | undefined;
    try {
      if (fn.length === 0) return await (fn as () => Result)();
      return await scope(
        (inner) => {
          block = { node: cancelNodeOf(inner) as CancelNode, guard, isOpen: true, waiting: 0 };
          this.#open.set(block.node, block);
          this.#listed?.set(block.node, block);
          probe.ring?.heldInBlock(resource, block.node.id);
          return fn(inner);
        },
        { name },
        cancel,
      );
    } finally {
      if (block !== undefined) this.#close(block);
      guard.release();
    }
  }

  #close(block: Block): void {
    this.#open.delete(block.node);
    this.#listed?.delete(block.node);
    block.onClose?.forEach((close) => close());
    block.isOpen = false;
    if (block.waiting > 0) this.blocked--;
  }
}

/** True if `node` is `outer` or stands inside it. */
export function isWithin(node: CancelNode | undefined, outer: CancelNode | undefined): boolean {
  for (let inner = node; inner !== undefined; inner = inner.parent) if (inner === outer) return true;
  return false;
}

/** Refuses anything but a function. */
export function requireFunction(verb: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `${verb} expected a function, but ${describeKind(value)} came`);
}

/** Refuses anything but a whole number from `least` to `most`. */
export function requireWhole(what: string, value: unknown, least: number, most: number = Infinity): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} must be a whole number from ${least} ${most === Infinity ? "on" : `to ${most}`}, but ${describeKind(value)} came`,
  );
}

/** Refuses anything but an object of options. */
export function requireOptions(maker: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `${maker} expected options, but ${describeKind(value)} came`);
}
