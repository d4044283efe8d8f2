/** Which implementation a thread uses. */
import type { MemorySource } from "../../shared/memory.js";
import { javascriptKernels } from "./javascript-kernels.js";
import type { Kernels } from "./kernels.js";
import { isForWasm, wasmKernels } from "./wasm-kernels.js";
import type { KernelModule } from "./webassembly.js";

/**
 * The kernels over a memory, in WebAssembly if there is a module and the memory is one
 * for it. Results are the same either way. Each thread calls it once for its heap.
 *
 * @param module - what `compileKernels` gave, on this thread or on the one that posted it
 */
export function kernelsFor(source: MemorySource, module: KernelModule | undefined): Kernels {
  return module !== undefined && isForWasm(source) ? wasmKernels(module, source) : javascriptKernels(source);
}
