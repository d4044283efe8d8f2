/**
 * Waiting for the first of several operations.
 *
 * The cases are first tried in turn; if none can be done now, each is parked in
 * its structure's queue. Whoever makes one possible claims and settles it, and
 * that, in the same turn, takes all others back: one commits, the losers leave no
 * trace (law 26). No second phase is needed because all of this happens in one
 * turn of one thread.
 *
 * A select never meets itself: a case is claimed only by an operation that runs,
 * and the cases of a parked select do not run (law 29).
 */
import { setAlarm } from "#clock";
import { randomBelow } from "#random";

import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { suspend } from "./wait-queue.js";

/** The key under which an operation says how it takes part in a `select`. */
export const SELECTABLE: unique symbol = Symbol.for("skein.selectable") as never;

/** An operation that has not been done yet, to be given to `select`. */
export interface Selectable<T> {
  readonly [SELECTABLE]: {
    /** Does it if it can be done now, and gives its outcome; else `undefined`. May throw its error. */
    attempt(): { readonly value: T } | undefined;
    /**
     * Queues it: exactly one of the two is called when it has been done, or has
     * failed, unless `leave` comes first.
     */
    park(won: (value: T) => void, failed: (error: unknown) => void): ParkedCase;
  };
}

/** A case that waits. */
export interface ParkedCase {
  /** Takes it back; settles nothing else. Does nothing if it has been done or has failed. */
  leave(): void;
  /** Called once all cases are back: lets those go on whom this one had held up. */
  left?(): void;
}

/** Which case won, and with what. */
export type Selected<Given> = {
  [Key in keyof Given & string]: {
    readonly case: Key;
    readonly value: NonNullable<Given[Key]> extends Selectable<infer T> ? T : never;
  };
}[keyof Given & string];

/** How a `select` chooses. */
export interface SelectOptions {
  /** Of several cases that can be done now, take the first; by default each is as likely. */
  readonly biased?: boolean;
}

type Cases = Readonly<Record<string, Selectable<unknown> | null | undefined>>;

/**
 * Waits for the first of several operations and does that one alone.
 *
 * A case that is `null` or `undefined` is disabled. With no case left it waits
 * until cancelled.
 *
 * **Fairness** Of several operations that can be done now each is as likely,
 * unless `biased`.
 *
 * **Cancels** None of the operations happened.
 *
 * **Throws** what the winning operation throws; `SKEIN_CANCELLED`.
 *
 * @example
 * ```ts
 * const words = channel<string>(1);
 * await words.send("hello");
 * const won = await select({ word: words.receiving(), late: after(1000) });
 * if (won.case === "word" && !won.value.done) console.log(won.value.value);
 * ```
 *
 * @since 0.1.0
 */
export async function select<const Given extends Cases>(
  cases: Given,
  cancel?: Cancel,
  options: SelectOptions = {},
): Promise<Selected<Given>> {
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  const enabled = enabledCases(cases);
  const now = attemptOne(enabled, options.biased === true);
  if (now !== undefined) return now as Selected<Given>;
  // A wait that begins on a cancelled node would not be told. A getter among the
  // cases, or a case of foreign make, may have cancelled it since the checkpoint.
  if (node?.isCancelled === true) node.checkpoint();
  const parked: ParkedCase[] = [];
  const end = (settle: () => void): void => {
    // In three steps. First all are back, because whom a case lets go on when it
    // has left may be another case of this same select, which would then be done
    // besides the winner. Then this select is over, because those who go on may
    // run code that cancels it, when a case has been done already.
    for (const one of parked) one.leave();
    settle();
    for (const one of parked) one.left?.();
  };
  const label = enabled.length === 0 ? "select of no case" : `select ${enabled.map(([key]) => key).join(", ")}`;
  const { waiter, promise } = suspend<Selected<Given>>(label, node, undefined, () => end(() => undefined));
  for (const [key, operation] of enabled) {
    let one: ParkedCase;
    try {
      one = operation[SELECTABLE].park(
        // The winner is out of its queue already, so its own `leave` does nothing.
        (value) => end(() => waiter.resolve({ case: key, value } as Selected<Given>)),
        (error) => end(() => waiter.reject(error)),
      );
    } catch (error) {
      end(() => waiter.reject(error));
      break;
    }
    if (waiter.isOver) {
      // Parking it ended the select, and `end` could not know of it yet.
      one.leave();
      one.left?.();
      break;
    }
    parked.push(one);
  }
  return promise;
}

/**
 * Does one of several operations if one can be done now; never waits.
 *
 * It is `select` with a default: `undefined` means that none could be done. If at
 * all times at least one of them can be done, one is done (law 27).
 *
 * **Throws** what the operation throws that it takes, such as the send to a closed
 * channel: unlike other try-forms, because a case that has failed is an outcome
 * and not a reason to try again.
 *
 * @since 0.1.0
 */
export function trySelect<const Given extends Cases>(
  cases: Given,
  options: SelectOptions = {},
): Selected<Given> | undefined {
  return attemptOne(enabledCases(cases), options.biased === true) as Selected<Given> | undefined;
}

/** A case of a `select` that wins when `delayMs` have passed. */
export function after(delayMs: number): Selectable<undefined> {
  if (typeof delayMs !== "number" || !(delayMs >= 0)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a delay must be a number of milliseconds from 0 on, but ${describeKind(delayMs)} came`,
    );
  }
  return {
    [SELECTABLE]: {
      attempt: () => undefined,
      park: (won) => ({ leave: delayMs === Infinity ? () => undefined : setAlarm(() => won(undefined), delayMs) }),
    },
  };
}

function enabledCases(cases: Cases): [key: string, operation: Selectable<unknown>][] {
  if (typeof cases !== "object" || cases === null) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `select expected an object of named cases, but ${describeKind(cases)} came`,
    );
  }
  const enabled: [string, Selectable<unknown>][] = [];
  for (const [key, operation] of Object.entries(cases)) {
    if (operation === null || operation === undefined) continue;
    if (typeof operation !== "object" || !(SELECTABLE in operation)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `the case "${key}" of select must be an operation such as channel.receiving(), channel.sending(value), mutex.locking(), joining(job) or after(ms), but ${describeKind(operation)} came`,
      );
    }
    enabled.push([key, operation]);
  }
  return enabled;
}

function attemptOne(
  enabled: readonly (readonly [string, Selectable<unknown>])[],
  biased: boolean,
): { readonly case: string; readonly value: unknown } | undefined {
  const order = biased ? enabled : shuffled(enabled);
  for (const [key, operation] of order) {
    const outcome = operation[SELECTABLE].attempt();
    if (outcome !== undefined) return { case: key, value: outcome.value };
  }
  return undefined;
}

// A shuffle, not a random start: with a start alone, the case behind a run of
// cases that can't be done would be chosen more often than its neighbours.
function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const other = randomBelow(i + 1);
    [order[i], order[other]] = [order[other] as T, order[i] as T];
  }
  return order;
}
