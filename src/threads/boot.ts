/**
 * The first code of a thread, as text: no worker file, so nothing for a bundler to
 * lose.
 *
 * It imports task modules on request. The first one brings the library along,
 * which leaves `serve` in the registry; from then on that has the port, and the
 * boot code keeps only "load". What `serve` takes from the port itself it gives to
 * the boot code.
 *
 * Written in the common part of script and module, because the flags the process
 * was started with decide which of the two it is taken for.
 */
export const BOOT = `
import("node:worker_threads").then(({ parentPort: port, workerData: { index, name, setup, heap } }) => {
  const marker = { index, name, importing: undefined, runningJobs: 0, onPark: undefined, heap };
  globalThis[Symbol.for("skein.worker")] = marker;
  process.setSourceMapsEnabled?.(true);
  let serve;
  const waiting = [];
  const loads = new Map();
  const prepareTypeScript = async ({ esm, cjs }) => {
    (await import(cjs)).register();
    (await import(esm)).register();
  };
  let typeScript;
  const load = async ({ module, typeScriptLoader }) => {
    if (typeScriptLoader !== undefined) await (typeScript ??= prepareTypeScript(typeScriptLoader));
    marker.importing = module;
    const parked = new Promise((resolve) => {
      marker.onPark = (mistake) => {
        if (mistake !== undefined) port.postMessage({ kind: "parked", module, what: mistake });
        resolve();
      };
    });
    const imported = import(module);
    imported.catch(() => undefined);
    try {
      await Promise.race([imported, parked]);
    } finally {
      marker.importing = undefined;
      marker.onPark = undefined;
    }
    const start = globalThis[Symbol.for("skein/v1")]?.serve;
    if (start === undefined) {
      throw new Error("the module was imported, but it loaded no copy of skein that declares tasks");
    }
    if (serve === undefined) {
      serve = start(port, setup, receive);
      for (const message of waiting.splice(0)) serve(message);
    }
  };
  // One import at a time: the marker has room for one.
  let last = Promise.resolve();
  const receive = (message) => {
    if (message.kind === "load") {
      let loading = loads.get(message.module);
      if (loading === undefined) {
        loading = last.then(() => load(message));
        last = loading.catch(() => undefined);
        loads.set(message.module, loading);
      }
      loading.then(
        () => port.postMessage({ kind: "loaded", module: message.module }),
        (error) => {
          loads.delete(message.module);
          const text = (read) => {
            try {
              const value = read();
              return typeof value === "string" ? value : undefined;
            } catch {
              return undefined;
            }
          };
          port.postMessage({
            kind: "loadFailed",
            module: message.module,
            error: {
              name: text(() => error.name) ?? "Error",
              message: text(() => error.message) ?? text(() => String(error)) ?? "",
              stack: text(() => error.stack),
              code: text(() => error.code),
            },
          });
        },
      );
    } else if (serve === undefined) waiting.push(message);
    else serve(message);
  };
  port.on("message", receive);
});
`;
