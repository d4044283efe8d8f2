/**
 * Threads of the program that are none of ours, as worker threads that it starts itself:
 * places in shared memory, made before, in which such a thread tells that it is there.
 * Nobody asks it, and it need not wait: so it can be seen whatever the first thread does.
 *
 * Layout: of each place a cell, a pulse (`core/pulse.ts`) and the bytes of a name.
 *
 * Ownership: a place that is free is taken by the thread that changes its cell first, and
 * is that thread's until it or, if it was stopped, the observer says that it has ended;
 * the observer makes it free again. The name is written before the cell says so.
 */
import { compareExchange, load, type SharedCells, store } from "#atomics";

import { clearPulseMemory, makePulseMemory, startPulse } from "../../core/pulse.js";

// States of a place.
const FREE = 0;
/** Its thread is writing the name. */
const TAKEN = 1;
/** A thread is there, with a name and a pulse. */
const THERE = 2;
const ENDED = 3;

const NAME_BYTES = 64;
/** The first byte of a name is its length. */
const MOST_NAME = NAME_BYTES - 1;
/** Threads beyond these are seen from outside alone. */
const PLACES = 64;

/** Memory that all of the threads share; it can be copied to others. */
export interface ForeignPlaces {
  readonly cells: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  readonly pulses: readonly SharedArrayBuffer[];
}

/** @param limitMs - loops that stand still for so long have stalled */
export function makeForeignPlaces(limitMs: number): ForeignPlaces {
  return {
    cells: new SharedArrayBuffer(4 * PLACES),
    names: new SharedArrayBuffer(NAME_BYTES * PLACES),
    pulses: Array.from({ length: PLACES }, () => makePulseMemory({ limitMs })),
  };
}

/**
 * Tells that this thread is there; to be called on it. @returns what tells that it ends;
 * `undefined` if there is no place left
 */
export function enterForeignThread(places: ForeignPlaces, name: string): (() => void) | undefined {
  const cells: SharedCells = new Int32Array(places.cells);
  for (const [place, pulse] of places.pulses.entries()) {
    if (compareExchange(cells, place, FREE, TAKEN) !== FREE) continue;
    const bytes = new Uint8Array(places.names, place * NAME_BYTES, NAME_BYTES);
    const text = new TextEncoder().encode(name).subarray(0, MOST_NAME);
    bytes[0] = text.length;
    bytes.set(text, 1);
    const stopPulse = startPulse(pulse);
    store(cells, place, THERE);
    return () => {
      stopPulse();
      store(cells, place, ENDED);
    };
  }
  return undefined;
}

export interface ForeignThread {
  readonly place: number;
  readonly name: string;
  readonly pulse: SharedArrayBuffer;
}

/** The observer's side: which threads have come and gone since it looked last. */
export class ForeignThreads {
  readonly #places: ForeignPlaces;
  readonly #cells: SharedCells;
  readonly #known = new Set<number>();

  constructor(places: ForeignPlaces) {
    this.#places = places;
    this.#cells = new Int32Array(places.cells);
  }

  /** @param isGone - whether the thread of a place, which did not say so, has ended */
  look(isGone: (place: number) => boolean): {
    readonly come: readonly ForeignThread[];
    readonly gone: readonly number[];
  } {
    const come: ForeignThread[] = [];
    const gone: number[] = [];
    for (const [place, pulse] of this.#places.pulses.entries()) {
      const state = load(this.#cells, place);
      if (!this.#known.has(place)) {
        if (state === THERE) {
          this.#known.add(place);
          come.push({ place, name: this.#nameAt(place), pulse });
        } else if (state === ENDED) this.#free(place); // it was there for a moment
      } else if (state === ENDED || isGone(place)) {
        this.#known.delete(place);
        gone.push(place);
        this.#free(place);
      }
    }
    return { come, gone };
  }

  /** Nobody but its thread writes there, which has ended; who takes it next sees a pulse that never beat. */
  #free(place: number): void {
    const pulse = this.#places.pulses[place] as SharedArrayBuffer;
    clearPulseMemory(pulse);
    store(this.#cells, place, FREE);
  }

  #nameAt(place: number): string {
    const bytes = new Uint8Array(this.#places.names, place * NAME_BYTES, NAME_BYTES);
    return new TextDecoder().decode(bytes.slice(1, 1 + (bytes[0] ?? 0)));
  }
}
