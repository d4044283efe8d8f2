/**
 * The kernels of this thread: WebAssembly once it is compiled and has come, the twins in
 * JavaScript until then and where it is refused. Both give the same bits, so nobody sees
 * the change but by the clock.
 */
import { workerMarker } from "../core/thread.js";
import { heap } from "../shared/heap.js";
import { giveThreads, givenHere } from "../threads/given.js";
import { compileKernels, compileKernelsSync } from "./kernels/compile-kernels.js";
import { javascriptKernels } from "./kernels/javascript-kernels.js";
import type { Kernels } from "./kernels/kernels.js";
import { isForWasm, wasmKernels } from "./kernels/wasm-kernels.js";
import type { KernelModule } from "./kernels/webassembly.js";

const MODULE = "skein.kernels";
/** Compiling takes longer than so many numbers do without. */
const WORTH_NUMBERS = 1 << 16;
/** And so much less than these do that a call can wait for it. */
const WORTH_WAITING_NUMBERS = 1 << 22;

let twins: Kernels | undefined;
let fast: Kernels | undefined;
let isCompiling = false;

/** The kernels over the heap's memory, for so many numbers. */
export function kernelsHere(numbers: number): Kernels {
  if (fast !== undefined) return fast;
  const { source } = heap();
  if (isForWasm(source)) {
    const module = moduleFor(numbers);
    if (module !== undefined) return (fast = wasmKernels(module, source));
  }
  return (twins ??= javascriptKernels(source));
}

function moduleFor(numbers: number): KernelModule | undefined {
  const known = givenHere(MODULE) as KernelModule | undefined;
  if (known !== undefined || numbers < WORTH_NUMBERS) return known;
  // Threads wait for the one that is compiled in the program's own, unless there is much to do.
  if (numbers >= WORTH_WAITING_NUMBERS) return adopt(compileKernelsSync());
  if (!isCompiling && workerMarker === undefined) {
    isCompiling = true;
    void compileKernels().then(adopt);
  }
  return undefined;
}

function adopt(module: KernelModule | undefined): KernelModule | undefined {
  if (module !== undefined && workerMarker === undefined && givenHere(MODULE) === undefined)
    giveThreads(MODULE, module);
  return module;
}

const onBuffers = new WeakMap<ArrayBufferLike, Kernels>();

/** The twins over other memory. */
export function kernelsOn(buffer: ArrayBufferLike): Kernels {
  let kernels = onBuffers.get(buffer);
  if (kernels === undefined) {
    kernels = javascriptKernels(buffer);
    onBuffers.set(buffer, kernels);
  }
  return kernels;
}
