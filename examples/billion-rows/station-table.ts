/** Least, sum, most and count for each station, in tables of numbers: no object a row. */
import { textOf } from "skein/node";

/** What is known of one station; temperatures in tenths. */
export interface StationSummary {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly sum: number;
  readonly count: number;
}

const SLOTS = 1 << 15;
/** More stations than this, and it takes as long to find one as to read its row. */
const MOST_STATIONS = 10_000;

const SEMICOLON = 59;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NEWLINE = 10;

/**
 * Open addressing: a name's hash leads to a slot, and from there on to the next that is
 * free or has the name. Slots have the station's number plus 1, 0 if they are free.
 */
export class StationTable {
  readonly #slots = new Int32Array(SLOTS);
  readonly #hashes = new Int32Array(MOST_STATIONS);
  readonly #names: Uint8Array[] = [];
  readonly #least = new Int32Array(MOST_STATIONS);
  readonly #most = new Int32Array(MOST_STATIONS);
  readonly #sums = new Float64Array(MOST_STATIONS);
  readonly #counts = new Float64Array(MOST_STATIONS);

  /** Adds all rows, of which the last may lack its line end. **Throws** for what is no row, with its text. */
  add(bytes: Uint8Array): void {
    const { length } = bytes;
    for (let at = 0; at < length;) {
      const begin = at;
      let hash = 0;
      let byte = bytes[at] as number;
      while (byte !== SEMICOLON && at < length) {
        hash = Math.imul(hash ^ byte, 0x01_00_01_93);
        byte = bytes[++at] as number;
      }
      const nameEnd = at++;
      const isNegative = bytes[at] === MINUS;
      if (isNegative) at++;
      let tenths = (bytes[at++] as number) - ZERO;
      if (bytes[at] !== POINT) tenths = tenths * 10 + (bytes[at++] as number) - ZERO;
      if (bytes[at] !== POINT) refuse(bytes, begin);
      tenths = tenths * 10 + (bytes[at + 1] as number) - ZERO;
      at += 2;
      if (at < length && bytes[at] !== NEWLINE) refuse(bytes, begin);
      at++;
      this.#count(this.#station(bytes, begin, nameEnd, hash), isNegative ? -tenths : tenths);
    }
  }

  #count(station: number, tenths: number): void {
    if (tenths < (this.#least[station] as number)) this.#least[station] = tenths;
    if (tenths > (this.#most[station] as number)) this.#most[station] = tenths;
    this.#sums[station] = (this.#sums[station] as number) + tenths;
    this.#counts[station] = (this.#counts[station] as number) + 1;
  }

  #station(bytes: Uint8Array, begin: number, end: number, hash: number): number {
    const slots = this.#slots;
    for (let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const station = (slots[slot] as number) - 1;
      if (station === -1) return (slots[slot] = this.#addStation(bytes.slice(begin, end), hash)) - 1;
      if (this.#hashes[station] !== hash) continue;
      const name = this.#names[station] as Uint8Array;
      let same = end - begin === name.length ? 0 : -1;
      while (same !== -1 && same < name.length) same = name[same] === bytes[begin + same] ? same + 1 : -1;
      if (same !== -1) return station;
    }
  }

  /** @returns its number plus 1 */
  #addStation(name: Uint8Array, hash: number): number {
    // A row without a semicolon, and what follows it. Looked for here, where each name comes by once.
    if (name.includes(NEWLINE)) refuse(name, 0);
    const station = this.#names.push(name) - 1;
    if (station === MOST_STATIONS) throw new RangeError(`there are more than ${MOST_STATIONS} stations`);
    this.#hashes[station] = hash;
    this.#least[station] = 1000;
    this.#most[station] = -1000;
    return station + 1;
  }

  summaries(): StationSummary[] {
    return this.#names.map((name, station) => ({
      name: textOf(name),
      least: this.#least[station] as number,
      most: this.#most[station] as number,
      sum: this.#sums[station] as number,
      count: this.#counts[station] as number,
    }));
  }
}

function refuse(bytes: Uint8Array, begin: number): never {
  const newline = bytes.indexOf(NEWLINE, begin);
  const line = textOf(bytes, begin, newline === -1 ? bytes.length : newline);
  throw new SyntaxError(`a row must be a name and a temperature, as "Hamburg;12.0", but ${JSON.stringify(line)} came`);
}

/** Two parts of a file as one. */
export function mergeInto(all: Map<string, StationSummary>, part: readonly StationSummary[]): void {
  for (const one of part) {
    const other = all.get(one.name);
    all.set(
      one.name,
      other === undefined
        ? one
        : {
            name: one.name,
            least: Math.min(one.least, other.least),
            most: Math.max(one.most, other.most),
            sum: one.sum + other.sum,
            count: one.count + other.count,
          },
    );
  }
}
