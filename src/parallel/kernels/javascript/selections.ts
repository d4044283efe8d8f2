/** Numbers that compare with a constant as wanted, and counts of numbers in bins; see `kernels/selection.ts`. */
import { COMPARISON, type Comparison, type Counts, type For, type Packs } from "../kernels.js";
import type { Views } from "./views.js";

/** For each comparison 1 if a number counts that is less, equal, greater, or neither because one is NaN. */
const OUTCOMES: Readonly<Record<Comparison, readonly [number, number, number, number]>> = {
  [COMPARISON["<"]]: [1, 0, 0, 0],
  [COMPARISON["<="]]: [1, 1, 0, 0],
  [COMPARISON[">"]]: [0, 0, 1, 0],
  [COMPARISON[">="]]: [0, 1, 1, 0],
  [COMPARISON["==="]]: [0, 1, 0, 0],
  [COMPARISON["!=="]]: [1, 0, 1, 1],
};

export function selectionsOfFloat64(views: Views): For<"Float64", Counts & Packs> {
  return {
    countFloat64(at, length, comparison, constant) {
      const numbers = views.float64(at + length * 8);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at / 8 + length;
      let count = 0;
      for (let i = at / 8; i < end; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    packFloat64(at, length, comparison, constant, out, capacity) {
      const numbers = views.float64(Math.max(at + length * 8, out + capacity * 8));
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at / 8 + length;
      const begin = out / 8;
      const full = begin + capacity;
      let k = begin;
      for (let i = at / 8; i < end && k < full; i++) {
        const number = numbers[i] as number;
        const isWanted = number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
        if (isWanted === 1) numbers[k++] = number;
      }
      return k - begin;
    },
    histogramFloat64(at, length, low, high, bins, counts) {
      const numbers = views.float64(at + length * 8);
      const tally = views.uint32(counts + bins * 4);
      const binsOfOne = bins / (high - low);
      const first = counts / 4;
      const end = at / 8 + length;
      let counted = 0;
      for (let i = at / 8; i < end; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(Math.floor((number - low) * binsOfOne), bins - 1);
          tally[first + bin] = (tally[first + bin] as number) + 1;
          counted++;
        }
      }
      return counted;
    },
  };
}

export function selectionsOfFloat32(views: Views): For<"Float32", Counts & Packs> {
  return {
    countFloat32(at, length, comparison, constant) {
      const numbers = views.float32(at + length * 4);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at / 4 + length;
      let count = 0;
      for (let i = at / 4; i < end; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    packFloat32(at, length, comparison, constant, out, capacity) {
      const numbers = views.float32(Math.max(at + length * 4, out + capacity * 4));
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at / 4 + length;
      const begin = out / 4;
      const full = begin + capacity;
      let k = begin;
      for (let i = at / 4; i < end && k < full; i++) {
        const number = numbers[i] as number;
        const isWanted = number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
        if (isWanted === 1) numbers[k++] = number;
      }
      return k - begin;
    },
    histogramFloat32(at, length, low, high, bins, counts) {
      const numbers = views.float32(at + length * 4);
      const tally = views.uint32(counts + bins * 4);
      const binsOfOne = bins / (high - low);
      const first = counts / 4;
      const end = at / 4 + length;
      let counted = 0;
      for (let i = at / 4; i < end; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(Math.floor((number - low) * binsOfOne), bins - 1);
          tally[first + bin] = (tally[first + bin] as number) + 1;
          counted++;
        }
      }
      return counted;
    },
  };
}

export function selectionsOfInt32(views: Views): For<"Int32", Counts & Packs> {
  return {
    countInt32(at, length, comparison, constant) {
      const numbers = views.int32(at + length * 4);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at / 4 + length;
      let count = 0;
      for (let i = at / 4; i < end; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    packInt32(at, length, comparison, constant, out, capacity) {
      const numbers = views.int32(Math.max(at + length * 4, out + capacity * 4));
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at / 4 + length;
      const begin = out / 4;
      const full = begin + capacity;
      let k = begin;
      for (let i = at / 4; i < end && k < full; i++) {
        const number = numbers[i] as number;
        const isWanted = number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
        if (isWanted === 1) numbers[k++] = number;
      }
      return k - begin;
    },
    histogramInt32(at, length, low, high, bins, counts) {
      const numbers = views.int32(at + length * 4);
      const tally = views.uint32(counts + bins * 4);
      const binsOfOne = bins / (high - low);
      const first = counts / 4;
      const end = at / 4 + length;
      let counted = 0;
      for (let i = at / 4; i < end; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(Math.floor((number - low) * binsOfOne), bins - 1);
          tally[first + bin] = (tally[first + bin] as number) + 1;
          counted++;
        }
      }
      return counted;
    },
  };
}

export function selectionsOfUint8(views: Views): For<"Uint8", Counts> {
  return {
    countUint8(at, length, comparison, constant) {
      const numbers = views.uint8(at + length);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      const end = at + length;
      let count = 0;
      for (let i = at; i < end; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    histogramUint8(at, length, low, high, bins, counts) {
      const numbers = views.uint8(at + length);
      const tally = views.uint32(counts + bins * 4);
      const binsOfOne = bins / (high - low);
      const first = counts / 4;
      const end = at + length;
      let counted = 0;
      for (let i = at; i < end; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(Math.floor((number - low) * binsOfOne), bins - 1);
          tally[first + bin] = (tally[first + bin] as number) + 1;
          counted++;
        }
      }
      return counted;
    },
  };
}
