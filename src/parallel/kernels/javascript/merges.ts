/** Merges of sorted runs; see `kernels/merge.ts`, also for why `coRank` keeps to the runs. */
import type { For, Order, OrderOfIndices } from "../kernels.js";
import { isBefore } from "./before.js";
import type { Views } from "./views.js";

type Merges = Pick<Order, "coRank" | "merge">;

export function mergesOfFloat64(views: Views): For<"Float64", Merges> {
  return {
    coRankFloat64(a, aLength, b, bLength, rank) {
      const [first, second] = [views.float64(a, aLength), views.float64(b, bLength)];
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = first[fromA] as number;
        const ofB = second[rank - fromA - 1] as number;
        if (isBefore(ofB, ofA)) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeFloat64(a, aLength, b, bLength, out) {
      const [first, second] = [views.float64(a, aLength), views.float64(b, bLength)];
      const merged = views.float64(out, aLength + bLength);
      let [i, j, k] = [0, 0, 0];
      while (i < aLength && j < bLength) {
        const ofA = first[i] as number;
        const ofB = second[j] as number;
        if (isBefore(ofB, ofA)) {
          merged[k++] = ofB;
          j++;
        } else {
          merged[k++] = ofA;
          i++;
        }
      }
      merged.set(i < aLength ? first.subarray(i) : second.subarray(j), k);
    },
  };
}

export function mergesOfFloat32(views: Views): For<"Float32", Merges> {
  return {
    coRankFloat32(a, aLength, b, bLength, rank) {
      const [first, second] = [views.float32(a, aLength), views.float32(b, bLength)];
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = first[fromA] as number;
        const ofB = second[rank - fromA - 1] as number;
        if (isBefore(ofB, ofA)) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeFloat32(a, aLength, b, bLength, out) {
      const [first, second] = [views.float32(a, aLength), views.float32(b, bLength)];
      const merged = views.float32(out, aLength + bLength);
      let [i, j, k] = [0, 0, 0];
      while (i < aLength && j < bLength) {
        const ofA = first[i] as number;
        const ofB = second[j] as number;
        if (isBefore(ofB, ofA)) {
          merged[k++] = ofB;
          j++;
        } else {
          merged[k++] = ofA;
          i++;
        }
      }
      merged.set(i < aLength ? first.subarray(i) : second.subarray(j), k);
    },
  };
}

export function mergesOfInt32(views: Views): For<"Int32", Merges> {
  return {
    coRankInt32(a, aLength, b, bLength, rank) {
      const [first, second] = [views.int32(a, aLength), views.int32(b, bLength)];
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = first[fromA] as number;
        const ofB = second[rank - fromA - 1] as number;
        if (ofB < ofA) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeInt32(a, aLength, b, bLength, out) {
      const [first, second] = [views.int32(a, aLength), views.int32(b, bLength)];
      const merged = views.int32(out, aLength + bLength);
      let [i, j, k] = [0, 0, 0];
      while (i < aLength && j < bLength) {
        const ofA = first[i] as number;
        const ofB = second[j] as number;
        if (ofB < ofA) {
          merged[k++] = ofB;
          j++;
        } else {
          merged[k++] = ofA;
          i++;
        }
      }
      merged.set(i < aLength ? first.subarray(i) : second.subarray(j), k);
    },
  };
}

export function mergesOfUint32(views: Views): For<"Uint32", Merges> {
  return {
    coRankUint32(a, aLength, b, bLength, rank) {
      const [first, second] = [views.uint32(a, aLength), views.uint32(b, bLength)];
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = first[fromA] as number;
        const ofB = second[rank - fromA - 1] as number;
        if (ofB < ofA) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeUint32(a, aLength, b, bLength, out) {
      const [first, second] = [views.uint32(a, aLength), views.uint32(b, bLength)];
      const merged = views.uint32(out, aLength + bLength);
      let [i, j, k] = [0, 0, 0];
      while (i < aLength && j < bLength) {
        const ofA = first[i] as number;
        const ofB = second[j] as number;
        if (ofB < ofA) {
          merged[k++] = ofB;
          j++;
        } else {
          merged[k++] = ofA;
          i++;
        }
      }
      merged.set(i < aLength ? first.subarray(i) : second.subarray(j), k);
    },
  };
}

export function mergesOfIndices(views: Views): For<"Float64", Pick<OrderOfIndices, "coRankIndices" | "mergeIndices">> {
  return {
    coRankIndicesFloat64(keys, a, aLength, b, bLength, rank) {
      const [first, second, numbers] = [views.uint32(a, aLength), views.uint32(b, bLength), views.float64From(keys)];
      let low = Math.max(0, rank - bLength);
      let high = Math.min(rank, aLength);
      while (low < high) {
        const fromA = low + ((high - low) >>> 1);
        const ofA = numbers[first[fromA] as number] as number;
        const ofB = numbers[second[rank - fromA - 1] as number] as number;
        if (isBefore(ofB, ofA)) high = fromA;
        else low = fromA + 1;
      }
      return low;
    },
    mergeIndicesFloat64(keys, a, aLength, b, bLength, out) {
      const [first, second, numbers] = [views.uint32(a, aLength), views.uint32(b, bLength), views.float64From(keys)];
      const merged = views.uint32(out, aLength + bLength);
      let [i, j, k] = [0, 0, 0];
      while (i < aLength && j < bLength) {
        const ofA = first[i] as number;
        const ofB = second[j] as number;
        if (isBefore(numbers[ofB] as number, numbers[ofA] as number)) {
          merged[k++] = ofB;
          j++;
        } else {
          merged[k++] = ofA;
          i++;
        }
      }
      merged.set(i < aLength ? first.subarray(i) : second.subarray(j), k);
    },
  };
}
