/**
 * Tells when every job of this thread is blocked.
 *
 * The event loop is given one turn after another. A turn was quiet if after it no
 * work is known to be under way: nobody else has asked for a turn, the host has no
 * request in flight, and no outside work is counted. After enough quiet turns in a
 * row only time, or something from outside, can make a job go on.
 *
 * Invariants
 * - One loop asks for turns, one at a time, so that at each count none is its own.
 * - Who begins to wait starts the count anew: it sees all quiet turns itself.
 * - The idle action runs only while nobody waits: time moves last.
 */
import { deferred } from "../core/deferred.js";
import { outsideWorkCount } from "../core/outside-work.js";

// The first may be the rest of the turn in which it was asked for, and the second
// brings what had arrived by then. The others are a margin for exchanges between
// ports or sockets of this process: each message takes a turn and shows nowhere.
const QUIET_TURNS = 8;

/** What to do when every job is blocked and nobody waits to hear of it. */
export interface IdleAction {
  /** False if there is nothing to do: then the process may end. */
  isWanted(): boolean;
  act(): void;
}

let waiting: (() => void)[] = [];
let idleAction: IdleAction | undefined;
let quietTurns = 0;
let isWatching = false;

/**
 * Waits until every job of this thread is blocked.
 *
 * Use it in a test instead of a sleep, to let jobs run as far as they can before
 * looking at what they did.
 *
 * A job is blocked if only the clock, another job that is blocked, or something
 * outside the process can make it go on. Files being read, addresses being looked
 * up, connections being opened and work counted on other threads are waited for.
 * Not seen, and so taken for blocked: data that has yet to arrive on a socket,
 * compression, cryptography, real timers.
 *
 * **Waits** for ever if jobs never come to rest. Several callers are told together.
 *
 * **Threads** Jobs of the calling thread only.
 *
 * **Cost** Some turns of the event loop, however many jobs there are.
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   const words = channel<string>(0, s);
 *   s.spawn(() => words.receive());
 *   await settled();
 *   console.log(words.statistics().waitingReceivers); // 1
 *   await words.send("hello");
 * });
 * ```
 *
 * @since 0.1.0
 */
export async function settled(): Promise<void> {
  const { promise, resolve } = deferred<void>();
  waiting.push(resolve);
  watchAnew();
  return promise;
}

/** Puts an idle action in place and gives the one that was. */
export function useIdleAction(action: IdleAction | undefined): IdleAction | undefined {
  const before = idleAction;
  idleAction = action;
  watchAnew();
  return before;
}

/** Starts the count anew, for instance because the idle action has become wanted. */
export function watchAnew(): void {
  quietTurns = 0;
  if (isWatching) return;
  isWatching = true;
  void watch();
}

async function watch(): Promise<void> {
  while (waiting.length > 0 || idleAction?.isWanted() === true) {
    await turn();
    quietTurns = isWorkKnown() ? 0 : quietTurns + 1;
    if (quietTurns < QUIET_TURNS) continue;
    quietTurns = 0;
    if (waiting.length > 0) {
      const told = waiting;
      waiting = [];
      for (const resolve of told) resolve();
    } else {
      idleAction?.act();
    }
  }
  isWatching = false;
}

/** What is used of the host; `setImmediate` is missing in browsers, the other on all hosts but Node. */
interface Host {
  readonly process?: { getActiveResourcesInfo?(): string[] };
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
}

interface Port {
  addEventListener(type: "message", listener: () => void): void;
  start(): void;
  postMessage(message: undefined): void;
  close(): void;
}

const host = globalThis as unknown as Host;

/** One turn of the event loop, behind all that is ready now. */
async function turn(): Promise<void> {
  const { promise, resolve } = deferred<void>();
  if (host.setImmediate !== undefined) {
    host.setImmediate(resolve);
    return promise;
  }
  const { port1, port2 } = new host.MessageChannel();
  port1.addEventListener("message", resolve);
  port1.start();
  port2.postMessage(undefined);
  return promise.then(() => port1.close());
}

// As Node names what is in flight: requests end by themselves; handles, such as
// sockets, servers and ports, stay for as long as somebody wants them.
const IN_FLIGHT = /Req|^(?:Connect|Write|Shutdown|Send)Wrap$|^Immediate$/;

function isWorkKnown(): boolean {
  if (outsideWorkCount() > 0) return true;
  return host.process?.getActiveResourcesInfo?.().some((name) => IN_FLIGHT.test(name)) ?? false;
}
