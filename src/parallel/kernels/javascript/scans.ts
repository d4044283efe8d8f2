/** Running sums, in the order that `kernels/scan.ts` has: four numbers by themselves, then what was before. */
import type { For, Scans } from "../kernels.js";
import type { Views } from "./views.js";

export function scansOfFloat64(views: Views): For<"Float64", Scans> {
  return {
    inclusiveScanFloat64(input, length, carry, out) {
      const [numbers, sums] = [views.float64(input, length), views.float64(out, length)];
      let before = carry;
      let i = 0;
      for (; i < length - 3; i += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        sums[i] = before + p;
        sums[i + 1] = before + q;
        sums[i + 2] = before + r;
        sums[i + 3] = before + s;
        before += s;
      }
      for (; i < length; i++) {
        const next = before + (numbers[i] as number);
        sums[i] = next;
        before = next;
      }
      return before;
    },
    exclusiveScanFloat64(input, length, carry, out) {
      const [numbers, sums] = [views.float64(input, length), views.float64(out, length)];
      let before = carry;
      let i = 0;
      for (; i < length - 3; i += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        sums[i] = before;
        sums[i + 1] = before + p;
        sums[i + 2] = before + q;
        sums[i + 3] = before + r;
        before += s;
      }
      for (; i < length; i++) {
        const next = before + (numbers[i] as number);
        sums[i] = before;
        before = next;
      }
      return before;
    },
  };
}

export function scansOfFloat32(views: Views): For<"Float32", Scans> {
  return {
    inclusiveScanFloat32(input, length, carry, out) {
      const [numbers, sums] = [views.float32(input, length), views.float32(out, length)];
      let before = carry;
      let i = 0;
      for (; i < length - 3; i += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        sums[i] = before + p;
        sums[i + 1] = before + q;
        sums[i + 2] = before + r;
        sums[i + 3] = before + s;
        before += s;
      }
      for (; i < length; i++) {
        const next = before + (numbers[i] as number);
        sums[i] = next;
        before = next;
      }
      return before;
    },
    exclusiveScanFloat32(input, length, carry, out) {
      const [numbers, sums] = [views.float32(input, length), views.float32(out, length)];
      let before = carry;
      let i = 0;
      for (; i < length - 3; i += 4) {
        // A sum that begins with nothing begins with +0.
        const p = (numbers[i] as number) + 0;
        const q = (numbers[i + 1] as number) + (numbers[i] as number);
        const r = (numbers[i + 2] as number) + 0 + q;
        const s = (numbers[i + 3] as number) + (numbers[i + 2] as number) + q;
        sums[i] = before;
        sums[i + 1] = before + p;
        sums[i + 2] = before + q;
        sums[i + 3] = before + r;
        before += s;
      }
      for (; i < length; i++) {
        const next = before + (numbers[i] as number);
        sums[i] = before;
        before = next;
      }
      return before;
    },
  };
}

export function scansOfInt32(views: Views): For<"Int32", Scans> {
  return {
    inclusiveScanInt32(input, length, carry, out) {
      const [numbers, sums] = [views.int32(input, length), views.int32(out, length)];
      let before = carry | 0;
      for (let i = 0; i < length; i++) {
        const next = (before + (numbers[i] as number)) | 0;
        sums[i] = next;
        before = next;
      }
      return before;
    },
    exclusiveScanInt32(input, length, carry, out) {
      const [numbers, sums] = [views.int32(input, length), views.int32(out, length)];
      let before = carry | 0;
      for (let i = 0; i < length; i++) {
        const next = (before + (numbers[i] as number)) | 0;
        sums[i] = before;
        before = next;
      }
      return before;
    },
  };
}
