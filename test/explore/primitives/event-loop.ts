/**
 * Event loops of threads under exploration: what the code of a pool or of its threads
 * leaves to its loop, run in order on the stack of that thread.
 */
import { type Clock, useClock } from "#skein/core/clock";
import { controlled } from "#skein/explore/controlled";
import type { Cell } from "skein/explore";

type Run = () => void;

const loops: (EventLoop | undefined)[] = [];

const { queueMicrotask: realQueueMicrotask } = globalThis;

export function loopNow(): EventLoop | undefined {
  return loops[controlled?.current?.index ?? 0];
}

/** The loop of one thread, made anew whenever that is called anew. */
export class EventLoop {
  readonly #turns: Run[] = [];
  readonly #microtasks: Run[] = [];
  readonly #onMessage: Run;
  /** How many messages there are so far; others count it up. */
  readonly #mail: Cell;
  #taken = 0;
  /** Nothing is to be waited for any more. */
  isOver = false;

  /** The loop of the thread that runs. */
  constructor(mail: Cell, onMessage: Run) {
    this.#mail = mail;
    this.#onMessage = onMessage;
    loops[controlled?.current?.index ?? 0] = this;
  }

  addTurn(run: Run): Run {
    this.#turns.push(run);
    return () => {
      const at = this.#turns.indexOf(run);
      if (at !== -1) this.#turns.splice(at, 1);
    };
  }

  addMicrotask(run: Run): void {
    this.#microtasks.push(run);
  }

  /** Takes a message if there is one, outside of the loop's order. */
  takeMessage(): boolean {
    if (this.#mail.load() === this.#taken) return false;
    this.#taken++;
    return true;
  }

  /** Runs until it is over; where there is no turn left, it waits for messages. */
  run(): void {
    this.runMicrotasks();
    while (!this.isOver) {
      const turn = this.#turns.shift();
      if (turn !== undefined) turn();
      else if (this.takeMessage()) this.#onMessage();
      else this.#mail.wait(this.#taken);
      this.runMicrotasks();
    }
  }

  runMicrotasks(): void {
    for (let run = this.#microtasks.shift(); run !== undefined; run = this.#microtasks.shift()) run();
  }
}

/** Alarms never ring: what only they would bring about has been lost. */
const clock: Clock = {
  nowMs: () => 1,
  setAlarm: (ring, delayMs) => (delayMs > 0 ? () => undefined : (loopNow()?.addTurn(ring) ?? (() => undefined))),
};

/** What this run leaves to event loops goes to those. The run's end puts the clock back. */
export function useEventLoops(): void {
  loops.length = 0;
  useClock(clock);
  globalThis.queueMicrotask = (run) => {
    const loop = loopNow();
    if (loop === undefined) realQueueMicrotask(run);
    else loop.addMicrotask(run);
  };
}
