import type { CancelNode } from "../cancel.js";
import { WaitQueue } from "../wait-queue.js";

/** Holds one caller back until a condition holds; whoever changes what it depends on calls `check`. */
export class Gate {
  readonly #waiting: WaitQueue<void>;

  constructor(label: string) {
    this.#waiting = new WaitQueue(label);
  }

  /** `undefined` if the condition holds now. */
  until(holds: () => boolean, node: CancelNode): Promise<void> | undefined {
    return holds() ? undefined : this.#wait(holds, node);
  }

  async #wait(holds: () => boolean, node: CancelNode): Promise<void> {
    do {
      node.checkpoint();
      await this.#waiting.wait(node, undefined);
    } while (!holds());
  }

  /** The condition may hold now. */
  check(): void {
    this.#waiting.claim()?.resolve();
  }
}
