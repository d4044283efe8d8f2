/**
 * The first code of a thread, as text: no worker file, so nothing for a bundler to
 * lose.
 *
 * It imports the library, if that stands by itself, and task modules on request. The
 * first of these brings the library along otherwise. That leaves `serve` in the
 * registry, which from the first task module on has the port, and the boot code keeps
 * only "load". What `serve` takes from the port itself it gives to the boot code.
 *
 * Source maps count for what is imported after they were asked for, and are read at
 * once then: so the library comes before, whose own lines no stack shows. Its map
 * would take longer to read than all its code, and several times the memory.
 *
 * Written in the common part of script and module, because the flags the process
 * was started with decide which of the two it is taken for.
 */
export const BOOT = `
{
  const { parentPort: port, workerData } = process.getBuiltinModule("node:worker_threads");
  const { index, name, setup, heap, library, flags } = workerData;
  const marker = { index, name, importing: undefined, runningJobs: 0, onPark: undefined, heap };
  globalThis[Symbol.for("skein.worker")] = marker;
  // Without those that are for this thread alone, which a process that it starts would inherit.
  process.execArgv?.splice(0, Infinity, ...flags);
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
  // If this fails, so does the first import of a task module, which is told.
  const prepared = (library === undefined ? Promise.resolve() : import(library).catch(() => undefined)).then(() =>
    process.setSourceMapsEnabled?.(true),
  );
  // One import at a time: the marker has room for one.
  let last = prepared;
  const receive = (message) => {
    if (message.kind === "load") {
      let loading = loads.get(message.module);
      if (loading === undefined) {
        loading = last.then(() => {
          // From now on it takes time: before, the thread may have been busy for long.
          port.postMessage({ kind: "importing", module: message.module });
          return load(message);
        });
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
}
`;
