/**
 * How long calls hold the event loop that go on after a wait.
 *
 * Of code that goes on after an `await` nobody is told. But the loop's busy time is
 * known; it is divided among the calls that were alive in it, so what a call gets is at
 * most too much: the loop's other work is in it.
 */

/** Of the platform, as far as it is used. */
interface Loop {
  eventLoopUtilization?(): { readonly active: number };
}

export class LoopShare {
  readonly #readActiveMs: () => number | undefined;
  #alive = 0;
  #lastMs = 0;
  /** What each call would have that was alive all the time. */
  #eachMs = 0;

  /** @param readActiveMs - for how long the loop has been busy; the platform's figure if omitted */
  constructor(readActiveMs: () => number | undefined = activeMs) {
    this.#readActiveMs = readActiveMs;
  }

  /** @returns to be given to `end` */
  begin(): number {
    this.#advance();
    this.#alive++;
    return this.#eachMs;
  }

  /** @returns for how long the call may have held the loop */
  end(begun: number): number {
    this.#advance();
    this.#alive--;
    return this.#eachMs - begun;
  }

  #advance(): void {
    const activeMs = this.#readActiveMs() ?? 0;
    if (this.#alive > 0) this.#eachMs += Math.max(0, activeMs - this.#lastMs) / this.#alive;
    this.#lastMs = activeMs;
  }
}

function activeMs(): number | undefined {
  return (performance as unknown as Loop).eventLoopUtilization?.().active;
}
