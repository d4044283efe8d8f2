import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";

import { MisuseError } from "skein";
import { compileKernels, compileKernelsSync } from "#skein/parallel/kernels/compile-kernels";
import { javascriptKernels } from "#skein/parallel/kernels/javascript-kernels";
import type { Kernels } from "#skein/parallel/kernels/kernels";
import { MODULE_BYTES } from "#skein/parallel/kernels/module-bytes";
import { wasmKernels } from "#skein/parallel/kernels/wasm-kernels";
import type { KernelModule } from "#skein/parallel/kernels/webassembly";
import { bufferOf, type GrowableMemory, growTo, makeMemory } from "#skein/shared/memory";

const PAGE_BYTES = 65_536;

// Sections of a WebAssembly module, by their numbers.
const START = 8;
const DATA = 11;
const DATA_COUNT = 12;

function compiledModule(): KernelModule {
  const module = compileKernelsSync();
  assert.ok(module !== undefined);
  return module;
}

/** The numbers of the sections that a module consists of. */
function sectionsOf(bytes: Uint8Array): number[] {
  const sections: number[] = [];
  for (let at = 8; at < bytes.length;) {
    sections.push(bytes[at++] as number);
    let [length, shift] = [0, 0];
    for (let isMore = true; isMore; shift += 7) {
      const byte = bytes[at++] as number;
      length |= (byte & 0x7f) << shift;
      isMore = byte >= 0x80;
    }
    at += length;
  }
  return sections;
}

/** Runs with `WebAssembly` as given, or without. */
function withWebAssembly<Result>(wasm: unknown, run: () => Result): Result {
  const platform = globalThis as unknown as { WebAssembly: unknown };
  const { WebAssembly: own } = platform;
  platform.WebAssembly = wasm;
  try {
    return run();
  } finally {
    platform.WebAssembly = own;
  }
}

describe("the module of the kernels", () => {
  it("has no memory of its own, and does nothing when it is made: all of the heap stays as it was", () => {
    const sections = sectionsOf(Buffer.from(MODULE_BYTES, "base64"));
    for (const section of [START, DATA, DATA_COUNT]) assert.ok(!sections.includes(section), `section ${section}`);
    const memory = makeMemory(1) as GrowableMemory;
    const bytes = new Uint8Array(bufferOf(memory)).fill(0x5a);
    wasmKernels(compiledModule(), memory);
    assert.ok(bytes.every((byte) => byte === 0x5a));
  });

  it("has the operations that its twin has, under the same names", () => {
    const memory = makeMemory(1) as GrowableMemory;
    const names = (kernels: object): string[] => Object.keys(kernels).toSorted();
    assert.deepEqual(names(wasmKernels(compiledModule(), memory)), names(javascriptKernels(memory)));
  });

  it("is the same however it is compiled", async () => {
    const module = await compileKernels();
    assert.ok(module !== undefined);
    const memory = makeMemory(1) as GrowableMemory;
    new Float64Array(bufferOf(memory)).set([1, 2, 3]);
    assert.equal(wasmKernels(module, memory).sumFloat64(0, 3), 6);
  });
});

/** Those of the module, or the twins. */
function kernelsOf(module: KernelModule | undefined, memory: GrowableMemory): Kernels {
  return module === undefined ? javascriptKernels(memory) : wasmKernels(module, memory);
}

describe("where WebAssembly is refused", () => {
  it("the twins work on memory of any kind", () => {
    for (const source of [makeMemory(1), new SharedArrayBuffer(PAGE_BYTES), new ArrayBuffer(PAGE_BYTES)]) {
      const buffer = source instanceof ArrayBuffer ? source : bufferOf(source);
      new Float64Array(buffer).set([3, 1, 2]);
      javascriptKernels(source).sortFloat64(0, 3, 1024);
      assert.deepEqual([...new Float64Array(buffer, 0, 3)], [1, 2, 3]);
    }
  });

  it("compiling gives nothing where WebAssembly is not there, or refuses", async () => {
    function Module(): void {
      throw new Error("refused by a policy");
    }
    const refusing = { Module, compile: () => Promise.reject(new Error("refused by a policy")) };
    for (const wasm of [undefined, refusing]) {
      assert.equal(withWebAssembly(wasm, compileKernelsSync), undefined);
      assert.equal(await withWebAssembly(wasm, compileKernels), undefined);
    }
  });
});

describe("memory that grows", () => {
  for (const module of [compiledModule(), undefined]) {
    it(`is seen at once, ${module === undefined ? "by the twin" : "in WebAssembly"}`, () => {
      const memory = makeMemory(1) as GrowableMemory;
      const kernels = kernelsOf(module, memory);
      assert.equal(kernels.sumFloat64(0, PAGE_BYTES / 8), 0);
      assert.ok(growTo(memory, 3 * PAGE_BYTES));
      // From the old part into the new.
      const at = PAGE_BYTES - 16;
      kernels.fillFloat64(at, 100, 1.5);
      assert.equal(kernels.sumFloat64(at, 100), 150);
      assert.equal(new Float64Array(bufferOf(memory), at, 100).indexOf(1.5), 0);
      kernels.argsortFloat64(at, 4, 0, 2 * PAGE_BYTES, 2 * PAGE_BYTES + 64);
      assert.equal(kernels.coRankIndicesFloat64(at, 2 * PAGE_BYTES, 2, 2 * PAGE_BYTES + 8, 2, 3), 2);
    });
  }
});

describe("threads", () => {
  for (const module of [compiledModule(), undefined]) {
    it(`each have kernels over the one memory, ${module === undefined ? "the twins" : "of the one module"}`, async () => {
      const source = makeMemory(2);
      new Float64Array(bufferOf(source)).set(Array.from({ length: 1000 }, (_, i) => i));
      const parts = [0, 1].map((half) => {
        const workerData = { source, module, at: half * 4000, length: 500, out: PAGE_BYTES + half * 8 };
        return new Worker(new URL("fixtures/sum-part.js", import.meta.url), { workerData });
      });
      const codes = await Promise.all(parts.map((worker) => once(worker, "exit")));
      assert.deepEqual(codes, [[0], [0]]);
      const sums = [...new Float64Array(bufferOf(source), PAGE_BYTES, 2)];
      assert.deepEqual(sums, [(499 * 500) / 2, (1499 * 500) / 2]);
    });
  }
});

describe("misuse", () => {
  const refused = (run: () => unknown, message: RegExp): void => {
    assert.throws(run, (error) => {
      assert.ok(error instanceof MisuseError);
      assert.equal(error.code, "SKEIN_INVALID_ARGUMENT");
      assert.match(error.message, message);
      return true;
    });
  };

  it("a module of somebody else is refused", () => {
    // The shortest there is, and what is no module at all.
    const { Module } = (globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } })
      .WebAssembly;
    const empty = new Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const memory = makeMemory(1) as GrowableMemory;
    for (const module of [empty, {}]) {
      refused(() => wasmKernels(module, memory), /needs the module that compileKernels\(\) gives/);
    }
  });

  it("a memory that is not shared, or none, is refused", () => {
    const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: new (limits: object) => GrowableMemory } })
      .WebAssembly;
    for (const memory of [new Memory({ initial: 1 }), new SharedArrayBuffer(PAGE_BYTES) as unknown as GrowableMemory]) {
      refused(() => wasmKernels(compiledModule(), memory), /and a shared WebAssembly\.Memory/);
    }
  });

  it("on a platform without WebAssembly the twin is named", () => {
    const module = compiledModule();
    const memory = makeMemory(1) as GrowableMemory;
    withWebAssembly(undefined, () => refused(() => wasmKernels(module, memory), /javascriptKernels\(memory\)/));
  });
});
