/**
 * Compiles the module of the kernels. Apart from `wasm-kernels.ts`, which all threads
 * need, because this brings the module's bytes along: one thread compiles them.
 */
import { MODULE_BYTES } from "./module-bytes.js";
import { type KernelModule, webAssembly } from "./webassembly.js";

/**
 * The module, to be posted to the process's other threads.
 *
 * **Cost**: some milliseconds, once in a process.
 *
 * @returns `undefined` where WebAssembly, its vector instructions or compiling are refused
 */
export function compileKernelsSync(): KernelModule | undefined {
  const wasm = webAssembly();
  try {
    return wasm === undefined ? undefined : new wasm.Module(bytes());
  } catch {
    // A policy against it, an engine without vectors: there is the twin.
    return undefined;
  }
}

/** As `compileKernelsSync`, beside the event loop: the main thread of a browser may compile only so. */
export async function compileKernels(): Promise<KernelModule | undefined> {
  try {
    return await webAssembly()?.compile(bytes());
  } catch {
    return undefined;
  }
}

function bytes(): Uint8Array {
  return Uint8Array.from(atob(MODULE_BYTES), (character) => character.charCodeAt(0));
}
