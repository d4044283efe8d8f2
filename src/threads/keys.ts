/**
 * Which place of a pool the jobs of a key go to.
 *
 * A key belongs to a place, not to the thread that is there now: so nothing has to be
 * decided anew when that ends, and the next one there takes its jobs over, in order.
 *
 * Invariants
 * - A key with jobs that have not settled is remembered, and so are those used last of
 *   the others, up to a number.
 * - No place has more keys than its share and a quarter, as long as none were forgotten.
 *
 * A key that is new goes to the place that its hash says, so one that was forgotten
 * comes back to where it was. Unless that place has its share: a hash alone would give
 * two keys to one of two threads every other time. With many keys that is rare, as
 * their hashes are spread evenly enough.
 */
import type { Affinity } from "../async/executor.js";

/** Keys without jobs that are remembered: some 2 MB of short ones. */
const MOST_IDLE = 16_384;
/** How many times its share of the keys a place may have. */
const MOST_SHARES = 1.25;

interface Key {
  readonly place: number;
  /** Jobs of it that have not settled. */
  jobs: number;
}

export class Keys {
  readonly #size: number;
  readonly #mostIdle: number;
  readonly #busy = new Map<Affinity, Key>();
  /** The one that was used longest ago comes first. */
  readonly #idle = new Map<Affinity, Key>();
  /** By place. */
  readonly #counts: number[];

  /** @param size - of the pool: how many places it has */
  constructor(size: number, mostIdle: number = MOST_IDLE) {
    this.#size = size;
    this.#mostIdle = mostIdle;
    this.#counts = Array.from({ length: size }, () => 0);
  }

  /** Keys that are remembered. */
  get count(): number {
    return this.#busy.size + this.#idle.size;
  }

  /** Of those, the keys of one place. */
  countAt(place: number): number {
    return this.#counts[place] as number;
  }

  /** There is a job more of a key. @returns its place */
  begin(affinity: Affinity): number {
    let key = this.#busy.get(affinity);
    if (key === undefined) {
      key = this.#idle.get(affinity);
      if (key === undefined) {
        key = { place: this.#choose(affinity), jobs: 0 };
        (this.#counts[key.place] as number)++;
      } else {
        this.#idle.delete(affinity);
      }
      this.#busy.set(affinity, key);
    }
    key.jobs++;
    return key.place;
  }

  /** A job of the key has settled. */
  end(affinity: Affinity): void {
    const key = this.#busy.get(affinity) as Key;
    if (--key.jobs > 0) return;
    this.#busy.delete(affinity);
    this.#idle.set(affinity, key);
    if (this.#idle.size <= this.#mostIdle) return;
    const [oldest] = this.#idle as Iterable<[Affinity, Key]>;
    const [forgotten, { place }] = oldest as [Affinity, Key];
    this.#idle.delete(forgotten);
    (this.#counts[place] as number)--;
  }

  #choose(affinity: Affinity): number {
    const share = (this.count + 1) / this.#size;
    // Some place has less than its share, so the search ends.
    const most = Math.max(Math.ceil(share), Math.floor(MOST_SHARES * share));
    let place = Math.floor((hash(String(affinity)) / 2 ** 32) * this.#size);
    while ((this.#counts[place] as number) >= most) place = (place + 1) % this.#size;
    return place;
  }
}

/** FNV-1a over the text's code units, stirred once more, as its highest bits are used. */
function hash(text: string): number {
  let bits = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01_00_01_93);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85_eb_ca_6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2_b2_ae_35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
