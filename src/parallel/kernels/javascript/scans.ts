/** Running sums, in the order that `kernels/scan.ts` has: four numbers by themselves, then what was before. */
import type { For, Scans } from "../kernels.js";
import type { Views } from "./views.js";

export function scansOfFloat64(views: Views): For<"Float64", Scans> {
  return {
    inclusiveScanFloat64(input, length, carry, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      let before = carry;
      let i = input / 8;
      let k = out / 8;
      for (; i + 4 <= end; i += 4, k += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        numbers[k] = before + p;
        numbers[k + 1] = before + q;
        numbers[k + 2] = before + r;
        numbers[k + 3] = before + s;
        before += s;
      }
      for (; i < end; i++, k++) {
        const next = before + (numbers[i] as number);
        numbers[k] = next;
        before = next;
      }
      return before;
    },
    exclusiveScanFloat64(input, length, carry, out) {
      const numbers = views.float64(Math.max(input, out) + length * 8);
      const end = input / 8 + length;
      let before = carry;
      let i = input / 8;
      let k = out / 8;
      for (; i + 4 <= end; i += 4, k += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        numbers[k] = before;
        numbers[k + 1] = before + p;
        numbers[k + 2] = before + q;
        numbers[k + 3] = before + r;
        before += s;
      }
      for (; i < end; i++, k++) {
        const next = before + (numbers[i] as number);
        numbers[k] = before;
        before = next;
      }
      return before;
    },
  };
}

export function scansOfFloat32(views: Views): For<"Float32", Scans> {
  return {
    inclusiveScanFloat32(input, length, carry, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      let before = carry;
      let i = input / 4;
      let k = out / 4;
      for (; i + 4 <= end; i += 4, k += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        numbers[k] = before + p;
        numbers[k + 1] = before + q;
        numbers[k + 2] = before + r;
        numbers[k + 3] = before + s;
        before += s;
      }
      for (; i < end; i++, k++) {
        const next = before + (numbers[i] as number);
        numbers[k] = next;
        before = next;
      }
      return before;
    },
    exclusiveScanFloat32(input, length, carry, out) {
      const numbers = views.float32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      let before = carry;
      let i = input / 4;
      let k = out / 4;
      for (; i + 4 <= end; i += 4, k += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        numbers[k] = before;
        numbers[k + 1] = before + p;
        numbers[k + 2] = before + q;
        numbers[k + 3] = before + r;
        before += s;
      }
      for (; i < end; i++, k++) {
        const next = before + (numbers[i] as number);
        numbers[k] = before;
        before = next;
      }
      return before;
    },
  };
}

export function scansOfInt32(views: Views): For<"Int32", Scans> {
  return {
    inclusiveScanInt32(input, length, carry, out) {
      const numbers = views.int32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      let before = carry | 0;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        const next = (before + (numbers[i] as number)) | 0;
        numbers[k] = next;
        before = next;
      }
      return before;
    },
    exclusiveScanInt32(input, length, carry, out) {
      const numbers = views.int32(Math.max(input, out) + length * 4);
      const end = input / 4 + length;
      let before = carry | 0;
      for (let i = input / 4, k = out / 4; i < end; i++, k++) {
        const next = (before + (numbers[i] as number)) | 0;
        numbers[k] = before;
        before = next;
      }
      return before;
    },
  };
}
