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
      const numbers = views.float64(at, length);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let count = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    packFloat64(at, length, comparison, constant, out, capacity) {
      const [numbers, packed] = [views.float64(at, length), views.float64(out, capacity)];
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let written = 0;
      for (let i = 0; i < length && written < capacity; i++) {
        const number = numbers[i] as number;
        // Written at once: if it does not stay, the next one takes its place.
        packed[written] = number;
        written += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return written;
    },
    histogramFloat64(at, length, low, high, bins, counts) {
      const [numbers, tally] = [views.float64(at, length), views.uint32(counts, bins)];
      const binsOfOne = bins / (high - low);
      const last = bins - 1;
      let counted = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(((number - low) * binsOfOne) >>> 0, last);
          tally[bin] = (tally[bin] as number) + 1;
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
      const numbers = views.float32(at, length);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let count = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    packFloat32(at, length, comparison, constant, out, capacity) {
      const [numbers, packed] = [views.float32(at, length), views.float32(out, capacity)];
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let written = 0;
      for (let i = 0; i < length && written < capacity; i++) {
        const number = numbers[i] as number;
        // Written at once: if it does not stay, the next one takes its place.
        packed[written] = number;
        written += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return written;
    },
    histogramFloat32(at, length, low, high, bins, counts) {
      const [numbers, tally] = [views.float32(at, length), views.uint32(counts, bins)];
      const binsOfOne = bins / (high - low);
      const last = bins - 1;
      let counted = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(((number - low) * binsOfOne) >>> 0, last);
          tally[bin] = (tally[bin] as number) + 1;
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
      const numbers = views.int32(at, length);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let count = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    packInt32(at, length, comparison, constant, out, capacity) {
      const [numbers, packed] = [views.int32(at, length), views.int32(out, capacity)];
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let written = 0;
      for (let i = 0; i < length && written < capacity; i++) {
        const number = numbers[i] as number;
        // Written at once: if it does not stay, the next one takes its place.
        packed[written] = number;
        written += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return written;
    },
    histogramInt32(at, length, low, high, bins, counts) {
      const [numbers, tally] = [views.int32(at, length), views.uint32(counts, bins)];
      const binsOfOne = bins / (high - low);
      const last = bins - 1;
      let counted = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(((number - low) * binsOfOne) >>> 0, last);
          tally[bin] = (tally[bin] as number) + 1;
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
      const numbers = views.uint8(at, length);
      const [less, equal, greater, neither] = OUTCOMES[comparison];
      let count = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        count += number < constant ? less : number > constant ? greater : number === constant ? equal : neither;
      }
      return count;
    },
    histogramUint8(at, length, low, high, bins, counts) {
      const [numbers, tally] = [views.uint8(at, length), views.uint32(counts, bins)];
      const binsOfOne = bins / (high - low);
      const last = bins - 1;
      let counted = 0;
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        if (number >= low && number <= high) {
          const bin = Math.min(((number - low) * binsOfOne) >>> 0, last);
          tally[bin] = (tally[bin] as number) + 1;
          counted++;
        }
      }
      return counted;
    },
  };
}
