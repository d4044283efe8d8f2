/**
 * The kernels in WebAssembly. The module is compiled once in a process; it is posted to
 * each thread, which makes an instance over the heap's memory. There is nothing to warm
 * up on a thread, and an instance has no state: it takes no room in the memory.
 */
import { MisuseError } from "../../core/errors.js";
import { type GrowableMemory, type MemorySource } from "../../shared/memory.js";
import type { Kernels } from "./kernels.js";
import { type KernelModule, webAssembly } from "./webassembly.js";

/** Whether the kernels can be made over a memory: a `SharedArrayBuffer` alone is none for WebAssembly. */
export function isForWasm(source: MemorySource): source is GrowableMemory {
  return !(source instanceof SharedArrayBuffer);
}

/**
 * The kernels of a module, over a memory. It may grow, by any thread: they see it at once.
 *
 * **Cost**: about 0.1 ms, once a thread.
 *
 * @throws MisuseError `SKEIN_INVALID_ARGUMENT` if the module or the memory is another one
 */
export function wasmKernels(module: KernelModule, memory: GrowableMemory): Kernels {
  const wasm = webAssembly();
  if (wasm === undefined) throw unfit("this platform has no WebAssembly; use javascriptKernels(memory)");
  try {
    return new wasm.Instance(module, { env: { memory } }).exports as Kernels;
  } catch (error) {
    throw unfit(String(error), error);
  }
}

function unfit(why: string, cause?: unknown): MisuseError {
  return new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `wasmKernels needs the module that compileKernels() gives and a shared WebAssembly.Memory: ${why}`,
    { cause },
  );
}
