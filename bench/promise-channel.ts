/**
 * The floor: what two tasks need at least to hand a value over, written by hand
 * with promises. No buffer, one sender and one receiver, no cancellation, no
 * closing.
 */
export class PromiseChannel<T> {
  #take: ((value: T) => void) | undefined = undefined;
  #offer: { readonly value: T; readonly accept: () => void } | undefined = undefined;

  send(value: T): Promise<void> | undefined {
    if (this.#take !== undefined) {
      const take = this.#take;
      this.#take = undefined;
      take(value);
      return undefined;
    }
    return new Promise((accept) => {
      this.#offer = { value, accept };
    });
  }

  receive(): Promise<T> | T {
    if (this.#offer !== undefined) {
      const { value, accept } = this.#offer;
      this.#offer = undefined;
      accept();
      return value;
    }
    return new Promise((take) => {
      this.#take = take;
    });
  }
}
