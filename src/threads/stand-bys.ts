/** What a thread does if it is wanted while it sleeps, see `wanted.ts`. */
import type { StandBy } from "./wanted.js";

/** So many are remembered: each is asked whenever the thread falls asleep or wakes up. */
const MOST = 4;

export class StandBys {
  /** The last one first. */
  readonly #all: StandBy[] = [];
  readonly #wanted: StandBy[] = [];

  /** While the thread is awake: one that is forgotten for it is not looked for anywhere. */
  add(one: StandBy): void {
    if (this.#all[0] === one) return;
    const at = this.#all.indexOf(one);
    if (at !== -1) this.#all.splice(at, 1);
    this.#all.unshift(one);
    if (this.#all.length > MOST) this.#all.pop();
  }

  sleep(): void {
    for (const one of this.#all) one.sleeps();
  }

  awake(): void {
    for (const one of this.#all) if (one.awakes()) this.#wanted.push(one);
  }

  /** Whether there is something to do. */
  get hasWork(): boolean {
    return this.#wanted.length > 0;
  }

  run(): void {
    for (let one = this.#wanted.shift(); one !== undefined; one = this.#wanted.shift()) one.run();
  }
}
