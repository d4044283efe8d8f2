/** Merges of sorted runs; see `kernels/merge.ts`, also for why `coRank` keeps to the runs. */
import type { For, Order, OrderOfIndices } from "../kernels.js";
import { isBefore } from "./before.js";
import type { Views } from "./views.js";

type Merges = Pick<Order, "coRank" | "merge">;

export function mergesOfFloat64(views: Views): For<"Float64", Merges> {
  return {
    coRankFloat64(a, aLength, b, bLength, rank) {
      const numbers = views.float64(Math.max(a + aLength * 8, b + bLength * 8));
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = numbers[a / 8 + fromA] as number;
        const ofB = numbers[b / 8 + rank - fromA - 1] as number;
        if (isBefore(ofB, ofA)) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeFloat64(a, aLength, b, bLength, out) {
      const numbers = views.float64(Math.max(a + aLength * 8, b + bLength * 8, out + (aLength + bLength) * 8));
      const aEnd = a / 8 + aLength;
      const bEnd = b / 8 + bLength;
      let [i, j, k] = [a / 8, b / 8, out / 8];
      while (i < aEnd && j < bEnd) {
        const ofA = numbers[i] as number;
        const ofB = numbers[j] as number;
        if (isBefore(ofB, ofA)) {
          numbers[k++] = ofB;
          j++;
        } else {
          numbers[k++] = ofA;
          i++;
        }
      }
      while (i < aEnd) numbers[k++] = numbers[i++] as number;
      while (j < bEnd) numbers[k++] = numbers[j++] as number;
    },
  };
}

export function mergesOfFloat32(views: Views): For<"Float32", Merges> {
  return {
    coRankFloat32(a, aLength, b, bLength, rank) {
      const numbers = views.float32(Math.max(a + aLength * 4, b + bLength * 4));
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = numbers[a / 4 + fromA] as number;
        const ofB = numbers[b / 4 + rank - fromA - 1] as number;
        if (isBefore(ofB, ofA)) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeFloat32(a, aLength, b, bLength, out) {
      const numbers = views.float32(Math.max(a + aLength * 4, b + bLength * 4, out + (aLength + bLength) * 4));
      const aEnd = a / 4 + aLength;
      const bEnd = b / 4 + bLength;
      let [i, j, k] = [a / 4, b / 4, out / 4];
      while (i < aEnd && j < bEnd) {
        const ofA = numbers[i] as number;
        const ofB = numbers[j] as number;
        if (isBefore(ofB, ofA)) {
          numbers[k++] = ofB;
          j++;
        } else {
          numbers[k++] = ofA;
          i++;
        }
      }
      while (i < aEnd) numbers[k++] = numbers[i++] as number;
      while (j < bEnd) numbers[k++] = numbers[j++] as number;
    },
  };
}

export function mergesOfInt32(views: Views): For<"Int32", Merges> {
  return {
    coRankInt32(a, aLength, b, bLength, rank) {
      const numbers = views.int32(Math.max(a + aLength * 4, b + bLength * 4));
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = numbers[a / 4 + fromA] as number;
        const ofB = numbers[b / 4 + rank - fromA - 1] as number;
        if (ofB < ofA) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeInt32(a, aLength, b, bLength, out) {
      const numbers = views.int32(Math.max(a + aLength * 4, b + bLength * 4, out + (aLength + bLength) * 4));
      const aEnd = a / 4 + aLength;
      const bEnd = b / 4 + bLength;
      let [i, j, k] = [a / 4, b / 4, out / 4];
      while (i < aEnd && j < bEnd) {
        const ofA = numbers[i] as number;
        const ofB = numbers[j] as number;
        if (ofB < ofA) {
          numbers[k++] = ofB;
          j++;
        } else {
          numbers[k++] = ofA;
          i++;
        }
      }
      while (i < aEnd) numbers[k++] = numbers[i++] as number;
      while (j < bEnd) numbers[k++] = numbers[j++] as number;
    },
  };
}

export function mergesOfUint32(views: Views): For<"Uint32", Merges> {
  return {
    coRankUint32(a, aLength, b, bLength, rank) {
      const numbers = views.uint32(Math.max(a + aLength * 4, b + bLength * 4));
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = numbers[a / 4 + fromA] as number;
        const ofB = numbers[b / 4 + rank - fromA - 1] as number;
        if (ofB < ofA) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeUint32(a, aLength, b, bLength, out) {
      const numbers = views.uint32(Math.max(a + aLength * 4, b + bLength * 4, out + (aLength + bLength) * 4));
      const aEnd = a / 4 + aLength;
      const bEnd = b / 4 + bLength;
      let [i, j, k] = [a / 4, b / 4, out / 4];
      while (i < aEnd && j < bEnd) {
        const ofA = numbers[i] as number;
        const ofB = numbers[j] as number;
        if (ofB < ofA) {
          numbers[k++] = ofB;
          j++;
        } else {
          numbers[k++] = ofA;
          i++;
        }
      }
      while (i < aEnd) numbers[k++] = numbers[i++] as number;
      while (j < bEnd) numbers[k++] = numbers[j++] as number;
    },
  };
}

export function mergesOfIndices(views: Views): For<"Float64", Pick<OrderOfIndices, "coRankIndices" | "mergeIndices">> {
  return {
    coRankIndicesFloat64(keys, a, aLength, b, bLength, rank) {
      const indices = views.uint32(Math.max(a + aLength * 4, b + bLength * 4));
      // How far the indices lead nobody has said: as far as the memory reaches.
      const numbers = views.float64(Infinity);
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = numbers[keys / 8 + (indices[a / 4 + fromA] as number)] as number;
        const ofB = numbers[keys / 8 + (indices[b / 4 + rank - fromA - 1] as number)] as number;
        if (isBefore(ofB, ofA)) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeIndicesFloat64(keys, a, aLength, b, bLength, out) {
      const indices = views.uint32(Math.max(a + aLength * 4, b + bLength * 4, out + (aLength + bLength) * 4));
      const numbers = views.float64(Infinity);
      const first = keys / 8;
      const aEnd = a / 4 + aLength;
      const bEnd = b / 4 + bLength;
      let [i, j, k] = [a / 4, b / 4, out / 4];
      while (i < aEnd && j < bEnd) {
        const ofA = indices[i] as number;
        const ofB = indices[j] as number;
        if (isBefore(numbers[first + ofB] as number, numbers[first + ofA] as number)) {
          indices[k++] = ofB;
          j++;
        } else {
          indices[k++] = ofA;
          i++;
        }
      }
      while (i < aEnd) indices[k++] = indices[i++] as number;
      while (j < bEnd) indices[k++] = indices[j++] as number;
    },
  };
}
