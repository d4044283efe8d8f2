import { reportToOwner } from "../core/report.js";

// That a listener takes what its event gives is checked where it is added.
type Call = (...args: readonly unknown[]) => void;

interface Listener {
  readonly call: Call;
  readonly isOnce: boolean;
}

/** Listeners by event, in the call shape of the package `eventemitter3` as far as `PQueue` shows it. */
export class Emitter<Events extends { [Name in keyof Events]: readonly unknown[] }> {
  readonly #listeners = new Map<keyof Events, Listener[]>();

  on<Name extends keyof Events>(event: Name, listener: (...args: Events[Name]) => void): this {
    return this.#add(event, listener as Call, false);
  }

  once<Name extends keyof Events>(event: Name, listener: (...args: Events[Name]) => void): this {
    return this.#add(event, listener as Call, true);
  }

  off<Name extends keyof Events>(event: Name, listener?: (...args: Events[Name]) => void): this {
    const before = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, listener === undefined ? [] : before.filter(({ call }) => call !== (listener as Call)));
    return this;
  }

  listenerCount(event: keyof Events): number {
    return this.#listeners.get(event)?.length ?? 0;
  }

  /** A listener that throws does not stop what it listens to: the owner is told. */
  protected emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    // Never changed in place, so a listener may add and remove others.
    for (const listener of listeners) {
      if (listener.isOnce) this.#remove(event, listener);
      try {
        listener.call(...args);
      } catch (error) {
        reportToOwner(`a listener of "${String(event)}" failed`, error);
      }
    }
  }

  #remove(event: keyof Events, listener: Listener): void {
    this.#listeners.set(
      event,
      (this.#listeners.get(event) ?? []).filter((other) => other !== listener),
    );
  }

  #add(event: keyof Events, call: Call, isOnce: boolean): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), { call, isOnce }]);
    return this;
  }
}
