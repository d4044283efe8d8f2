/** The kernels in JavaScript, for memory that WebAssembly can't have or where it is refused. */
import type { MemorySource } from "../../shared/memory.js";
import { argsortOfFloat64 } from "./javascript/argsort.js";
import {
  elementwiseOfFloat32,
  elementwiseOfFloat64,
  elementwiseOfInt32,
  fillOfUint8,
} from "./javascript/elementwise.js";
import * as extremes from "./javascript/extremes.js";
import * as merges from "./javascript/merges.js";
import { scansOfFloat32, scansOfFloat64, scansOfInt32 } from "./javascript/scans.js";
import * as selections from "./javascript/selections.js";
import { sortOfFloat32, sortOfFloat64, sortOfInt32, sortOfUint32 } from "./javascript/sorts.js";
import { sumsOfFloat32, sumsOfFloat64, sumsOfInt32, sumsOfUint8 } from "./javascript/sums.js";
import { Views } from "./javascript/views.js";
import type { Kernels } from "./kernels.js";

/**
 * The kernels over a memory, or over any buffer; if the memory grows, they see that.
 *
 * **Cost**: they are compiled while they run, on each thread: the first millions of
 * numbers take several times as long.
 */
export function javascriptKernels(source: MemorySource | ArrayBuffer): Kernels {
  const views = new Views(source);
  return {
    ...sumsOfFloat64(views),
    ...sumsOfFloat32(views),
    ...sumsOfInt32(views),
    ...sumsOfUint8(views),
    ...extremes.extremesOfFloat64(views),
    ...extremes.extremesOfFloat32(views),
    ...extremes.extremesOfInt32(views),
    ...extremes.extremesOfUint8(views),
    ...extremes.extremePlacesOfFloat64(views),
    ...extremes.extremePlacesOfFloat32(views),
    ...extremes.extremePlacesOfInt32(views),
    ...elementwiseOfFloat64(views),
    ...elementwiseOfFloat32(views),
    ...elementwiseOfInt32(views),
    ...fillOfUint8(views),
    ...scansOfFloat64(views),
    ...scansOfFloat32(views),
    ...scansOfInt32(views),
    ...selections.selectionsOfFloat64(views),
    ...selections.selectionsOfFloat32(views),
    ...selections.selectionsOfInt32(views),
    ...selections.selectionsOfUint8(views),
    ...sortOfFloat64(views),
    ...sortOfFloat32(views),
    ...sortOfInt32(views),
    ...sortOfUint32(views),
    ...merges.mergesOfFloat64(views),
    ...merges.mergesOfFloat32(views),
    ...merges.mergesOfInt32(views),
    ...merges.mergesOfUint32(views),
    ...merges.mergesOfIndices(views),
    ...argsortOfFloat64(views),
  };
}
