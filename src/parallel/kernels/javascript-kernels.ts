/** The kernels in JavaScript, for memory that WebAssembly can't have or where it is refused. */
import type { MemorySource } from "../../shared/memory.js";
import { extremesOfFloat32, extremesOfFloat64, extremesOfInt32, extremesOfUint8 } from "./javascript/extremes.js";
import { sumsOfFloat32, sumsOfFloat64, sumsOfInt32, sumsOfUint8 } from "./javascript/sums.js";
import { Views } from "./javascript/views.js";
import type { Kernels } from "./kernels.js";

/**
 * The kernels over a memory; if it grows, they see that.
 *
 * **Cost**: they are compiled while they run, on each thread: the first millions of
 * numbers take several times as long.
 */
export function javascriptKernels(source: MemorySource): Kernels {
  const views = new Views(source);
  return {
    ...sumsOfFloat64(views),
    ...sumsOfFloat32(views),
    ...sumsOfInt32(views),
    ...sumsOfUint8(views),
    ...extremesOfFloat64(views),
    ...extremesOfFloat32(views),
    ...extremesOfInt32(views),
    ...extremesOfUint8(views),
  };
}
