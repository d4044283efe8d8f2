/** The least and the greatest of numbers; see `kernels/extremes.ts`. */
import type { ExtremePlaces, Extremes, For } from "../kernels.js";
import type { Views } from "./views.js";

export function extremesOfFloat64(views: Views): For<"Float64", Extremes> {
  return {
    minMaxFloat64(at, length, out) {
      const numbers = views.float64(at + length * 8);
      const end = at / 8 + length;
      let least = Infinity;
      let greatest = -Infinity;
      for (let i = at / 8; i < end; i++) {
        const number = numbers[i] as number;
        least = Math.min(least, number);
        greatest = Math.max(greatest, number);
      }
      const results = views.float64(out + 16);
      results[out / 8] = least;
      results[out / 8 + 1] = greatest;
    },
  };
}

export function extremesOfFloat32(views: Views): For<"Float32", Extremes> {
  return {
    minMaxFloat32(at, length, out) {
      const numbers = views.float32(at + length * 4);
      const end = at / 4 + length;
      let least = Infinity;
      let greatest = -Infinity;
      for (let i = at / 4; i < end; i++) {
        const number = numbers[i] as number;
        least = Math.min(least, number);
        greatest = Math.max(greatest, number);
      }
      const results = views.float64(out + 16);
      results[out / 8] = least;
      results[out / 8 + 1] = greatest;
    },
  };
}

export function extremesOfInt32(views: Views): For<"Int32", Extremes> {
  return {
    minMaxInt32(at, length, out) {
      const numbers = views.int32(at + length * 4);
      const end = at / 4 + length;
      let least = Infinity;
      let greatest = -Infinity;
      for (let i = at / 4; i < end; i++) {
        const number = numbers[i] as number;
        least = Math.min(least, number);
        greatest = Math.max(greatest, number);
      }
      const results = views.float64(out + 16);
      results[out / 8] = least;
      results[out / 8 + 1] = greatest;
    },
  };
}

export function extremesOfUint8(views: Views): For<"Uint8", Extremes> {
  return {
    minMaxUint8(at, length, out) {
      const numbers = views.uint8(at + length);
      const end = at + length;
      let least = Infinity;
      let greatest = -Infinity;
      for (let i = at; i < end; i++) {
        const number = numbers[i] as number;
        least = Math.min(least, number);
        greatest = Math.max(greatest, number);
      }
      const results = views.float64(out + 16);
      results[out / 8] = least;
      results[out / 8 + 1] = greatest;
    },
  };
}
export function extremePlacesOfFloat64(views: Views): For<"Float64", ExtremePlaces> {
  return {
    argMinFloat64(at, length) {
      if (length === 0) return -1;
      const numbers = views.float64(at + length * 8);
      const begin = at / 8;
      let place = 0;
      let best = numbers[begin] as number;
      for (let i = 0; i < length; i++) {
        const number = numbers[begin + i] as number;
        if (Number.isNaN(number)) return i;
        if (number < best || (number === 0 && best === 0 && 1 / number < 1 / best)) {
          best = number;
          place = i;
        }
      }
      return place;
    },
    argMaxFloat64(at, length) {
      if (length === 0) return -1;
      const numbers = views.float64(at + length * 8);
      const begin = at / 8;
      let place = 0;
      let best = numbers[begin] as number;
      for (let i = 0; i < length; i++) {
        const number = numbers[begin + i] as number;
        if (Number.isNaN(number)) return i;
        if (number > best || (number === 0 && best === 0 && 1 / number > 1 / best)) {
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
      const numbers = views.float32(at + length * 4);
      const begin = at / 4;
      let place = 0;
      let best = numbers[begin] as number;
      for (let i = 0; i < length; i++) {
        const number = numbers[begin + i] as number;
        if (Number.isNaN(number)) return i;
        if (number < best || (number === 0 && best === 0 && 1 / number < 1 / best)) {
          best = number;
          place = i;
        }
      }
      return place;
    },
    argMaxFloat32(at, length) {
      if (length === 0) return -1;
      const numbers = views.float32(at + length * 4);
      const begin = at / 4;
      let place = 0;
      let best = numbers[begin] as number;
      for (let i = 0; i < length; i++) {
        const number = numbers[begin + i] as number;
        if (Number.isNaN(number)) return i;
        if (number > best || (number === 0 && best === 0 && 1 / number > 1 / best)) {
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
      const numbers = views.int32(at + length * 4);
      const begin = at / 4;
      let place = 0;
      let best = numbers[begin] as number;
      for (let i = 0; i < length; i++) {
        const number = numbers[begin + i] as number;
        if (number < best) {
          best = number;
          place = i;
        }
      }
      return place;
    },
    argMaxInt32(at, length) {
      if (length === 0) return -1;
      const numbers = views.int32(at + length * 4);
      const begin = at / 4;
      let place = 0;
      let best = numbers[begin] as number;
      for (let i = 0; i < length; i++) {
        const number = numbers[begin + i] as number;
        if (number > best) {
          best = number;
          place = i;
        }
      }
      return place;
    },
  };
}
