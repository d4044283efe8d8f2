/** The part of `WebAssembly` that is used; nothing in the language's own types names it. */
import type { GrowableMemory } from "../../shared/memory.js";

/** A `WebAssembly.Module`: opaque, and can be posted to threads. */
export type KernelModule = object;

interface WebAssemblyNamespace {
  readonly Module: new (bytes: Uint8Array) => KernelModule;
  readonly Instance: new (
    module: KernelModule,
    imports: { readonly env: { readonly memory: GrowableMemory } },
  ) => { readonly exports: unknown };
  compile(bytes: Uint8Array): Promise<KernelModule>;
}

/** `undefined` where the platform has none. */
export function webAssembly(): WebAssemblyNamespace | undefined {
  return (globalThis as unknown as { WebAssembly?: WebAssemblyNamespace }).WebAssembly;
}
