/** The least and the greatest of numbers, and where they are; see `kernels/extremes.ts`. */
import type { ExtremePlaces, Extremes, For } from "../kernels.js";
import type { Views } from "./views.js";

export function extremesOfFloat64(views: Views): For<"Float64", Extremes> {
  return {
    minMaxFloat64(at, length, out) {
      const numbers = views.float64(at, length);
      let [least, greatest] = [Infinity, -Infinity];
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        // No comparison holds of NaN, nor tells a zero from one with a sign: those are looked
        // at more closely, and no other number is.
        if (!(number > least) || !(number < greatest)) {
          least = Math.min(least, number);
          greatest = Math.max(greatest, number);
        }
      }
      views.float64(out, 2).set([least, greatest]);
    },
  };
}

export function extremesOfFloat32(views: Views): For<"Float32", Extremes> {
  return {
    minMaxFloat32(at, length, out) {
      const numbers = views.float32(at, length);
      let [least, greatest] = [Infinity, -Infinity];
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        // No comparison holds of NaN, nor tells a zero from one with a sign: those are looked
        // at more closely, and no other number is.
        if (!(number > least) || !(number < greatest)) {
          least = Math.min(least, number);
          greatest = Math.max(greatest, number);
        }
      }
      views.float64(out, 2).set([least, greatest]);
    },
  };
}

export function extremesOfInt32(views: Views): For<"Int32", Extremes> {
  return {
    minMaxInt32(at, length, out) {
      const numbers = views.int32(at, length);
      let [least, greatest] = [Infinity, -Infinity];
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        if (number < least) least = number;
        if (number > greatest) greatest = number;
      }
      views.float64(out, 2).set([least, greatest]);
    },
  };
}

export function extremesOfUint8(views: Views): For<"Uint8", Extremes> {
  return {
    minMaxUint8(at, length, out) {
      const numbers = views.uint8(at, length);
      let [least, greatest] = [Infinity, -Infinity];
      for (let i = 0; i < length; i++) {
        const number = numbers[i] as number;
        if (number < least) least = number;
        if (number > greatest) greatest = number;
      }
      views.float64(out, 2).set([least, greatest]);
    },
  };
}

export function extremePlacesOfFloat64(views: Views): For<"Float64", ExtremePlaces> {
  return {
    argMinFloat64(at, length) {
      if (length === 0) return -1;
      const numbers = views.float64(at, length);
      let place = 0;
      let best = numbers[0] as number;
      if (Number.isNaN(best)) return 0;
      for (let i = 1; i < length; i++) {
        const number = numbers[i] as number;
        // A zero may equal the best and beat it all the same, and NaN beats all.
        if (number > best) continue;
        if (Number.isNaN(number)) return i;
        if (number < best || (Object.is(number, -0) && Object.is(best, 0))) {
          best = number;
          place = i;
        }
      }
      return place;
    },
    argMaxFloat64(at, length) {
      if (length === 0) return -1;
      const numbers = views.float64(at, length);
      let place = 0;
      let best = numbers[0] as number;
      if (Number.isNaN(best)) return 0;
      for (let i = 1; i < length; i++) {
        const number = numbers[i] as number;
        // A zero may equal the best and beat it all the same, and NaN beats all.
        if (number < best) continue;
        if (Number.isNaN(number)) return i;
        if (number > best || (Object.is(number, 0) && Object.is(best, -0))) {
          best = number;
          place = i;
        }
      }
      return place;
    },
  };
}

export function extremePlacesOfFloat32(views: Views): For<"Float32", ExtremePlaces> {
  return {
    argMinFloat32(at, length) {
      if (length === 0) return -1;
      const numbers = views.float32(at, length);
      let place = 0;
      let best = numbers[0] as number;
      if (Number.isNaN(best)) return 0;
      for (let i = 1; i < length; i++) {
        const number = numbers[i] as number;
        // A zero may equal the best and beat it all the same, and NaN beats all.
        if (number > best) continue;
        if (Number.isNaN(number)) return i;
        if (number < best || (Object.is(number, -0) && Object.is(best, 0))) {
          best = number;
          place = i;
        }
      }
      return place;
    },
    argMaxFloat32(at, length) {
      if (length === 0) return -1;
      const numbers = views.float32(at, length);
      let place = 0;
      let best = numbers[0] as number;
      if (Number.isNaN(best)) return 0;
      for (let i = 1; i < length; i++) {
        const number = numbers[i] as number;
        // A zero may equal the best and beat it all the same, and NaN beats all.
        if (number < best) continue;
        if (Number.isNaN(number)) return i;
        if (number > best || (Object.is(number, 0) && Object.is(best, -0))) {
          best = number;
          place = i;
        }
      }
      return place;
    },
  };
}

export function extremePlacesOfInt32(views: Views): For<"Int32", ExtremePlaces> {
  return {
    argMinInt32(at, length) {
      if (length === 0) return -1;
      const numbers = views.int32(at, length);
      let place = 0;
      let best = numbers[0] as number;
      for (let i = 1; i < length; i++) {
        const number = numbers[i] as number;
        if (number < best) {
          best = number;
          place = i;
        }
      }
      return place;
    },
    argMaxInt32(at, length) {
      if (length === 0) return -1;
      const numbers = views.int32(at, length);
      let place = 0;
      let best = numbers[0] as number;
      for (let i = 1; i < length; i++) {
        const number = numbers[i] as number;
        if (number > best) {
          best = number;
          place = i;
        }
      }
      return place;
    },
  };
}
