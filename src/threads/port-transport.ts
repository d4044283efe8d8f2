/**
 * The plain transport: one message each way for a call, on the thread's own port.
 *
 * States of a call: sent to be loaded -> running -> settled. A thread that ends
 * settles the call it has.
 */
import { type SharedCells, store } from "#atomics";
import { setAlarm } from "#clock";
import { host } from "#host";

import { describeThrown, MisuseError, TransferError, WorkerLostError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { announceThread } from "../core/thread.js";
import { heap } from "../shared/heap.js";
import { adopt } from "../shared/crossing.js";
import { poolThreadEnded } from "../shared/recovery.js";
import { leaveForPool } from "../shared/object.js";
import { findUncloneable } from "./cloneable.js";
import { decodeThrown } from "./error-codec.js";
import type { HostThread, ThreadEnd } from "./host/host.js";
import { CANCEL_CELLS_BYTES, CANCELLED_CALL, type FromThread, type RawError } from "./messages.js";
import { registry } from "./registry.js";
import type { Call, StartThread, ThreadTransport } from "./transport.js";

/** An import that takes longer than this has hung; each thread waits for it. */
const IMPORT_LIMIT_MS = 30_000;

let lastIndex = 0;
const warnedModules = new Set<string>();

export const startPortThread: StartThread = (name, onEnd) => new PortThread(name, onEnd);

class PortThread implements ThreadTransport {
  readonly index = ++lastIndex;
  readonly name: string;
  isAlive = true;
  readonly #thread: HostThread;
  readonly #cells: SharedCells;
  readonly #texts: string[] = [];
  #ringNumber = 0;
  readonly #leaveDirectory: () => void;
  readonly #onEnd: () => void;
  /** Modules this thread said it has loaded. */
  readonly #loaded = new Set<string>();
  #call: Call | undefined = undefined;
  #callNumber = 0;
  #stopImportLimit: (() => void) | undefined = undefined;

  constructor(name: string, onEnd: () => void) {
    this.name = name;
    this.#onEnd = onEnd;
    const memory = new SharedArrayBuffer(CANCEL_CELLS_BYTES);
    this.#cells = new Int32Array(memory);
    this.#thread = host.startThread({
      name,
      index: this.index,
      cancelCells: memory,
      heap: heap().source,
      onMessage: (message) => this.#received(message),
      onEnd: (end) => this.#ended(end),
    });
    this.#leaveDirectory = announceThread({
      index: this.index,
      name,
      texts: this.#texts,
      attachRing: (ring) => {
        this.#texts.length = 0;
        this.#ringNumber++;
        if (this.isAlive) this.#thread.post({ kind: "ring", memory: ring, number: this.#ringNumber }, []);
      },
    });
  }

  send(call: Call): void {
    this.#call = call;
    this.#callNumber++;
    if (this.#loaded.has(call.task.module)) {
      this.#run(call);
      return;
    }
    const loader = host.typeScriptLoaderFor(call.task.module, registry().typeScriptLoader);
    if (typeof loader === "string") {
      this.#settle()?.failed(
        new WorkerLostError("SKEIN_TASK_IMPORT_FAILED", `a thread can't import the task "${call.task.key}": ${loader}`),
      );
      return;
    }
    this.#limitImport(call);
    this.#thread.post({ kind: "load", module: call.task.module, typeScriptLoader: loader }, []);
  }

  #limitImport(call: Call): void {
    this.#stopImportLimit = setAlarm(() => {
      this.#settle()?.failed(
        new WorkerLostError(
          "SKEIN_TASK_IMPORT_FAILED",
          `importing ${call.task.module} on a thread did not end within ${IMPORT_LIMIT_MS} ms: does it await something at its top level that never comes? Keep such work in main()`,
        ),
      );
      void this.terminate();
    }, IMPORT_LIMIT_MS);
  }

  #run(call: Call): void {
    const { module, key, takesScope } = call.task;
    const unnamed = registry().modules.get(module)?.unnamed ?? 0;
    const { jobId, name, args } = call;
    try {
      leaveForPool((hasShared) =>
        this.#thread.post(
          {
            kind: "run",
            call: this.#callNumber,
            jobId,
            name,
            module,
            key,
            takesScope,
            unnamed,
            args,
            // Behind `args`: read when those have been copied.
            get hasShared() {
              return hasShared();
            },
          },
          call.transfer,
        ),
      );
    } catch (error) {
      this.#settle()?.failed(
        new TransferError(
          `an argument of task "${key}" can't be passed to a thread: ${findUncloneable(args, "args", call.transfer)}. ` +
            "Pass plain data (no functions, promises or symbols), and list ports and streams under `transfer`",
          { cause: error },
        ),
      );
    }
  }

  #received(message: FromThread): void {
    // The port is the platform's own, so a task can post on it too, even null.
    if (typeof message !== "object" || message === null) return;
    if (message.kind === "text") {
      // One of an earlier ring was under way when the recording changed; it would
      // shift the indexes of this one's.
      if (message.ring === this.#ringNumber) this.#texts.push(message.text);
    } else if (message.kind === "parked") {
      warnOfParked(message.module, message.what);
    } else if (message.kind === "loaded") {
      this.#stopImportLimit?.();
      this.#loaded.add(message.module);
      if (this.#call?.task.module === message.module) this.#run(this.#call);
    } else if (message.kind === "loadFailed") {
      this.#stopImportLimit?.();
      if (this.#call?.task.module === message.module)
        this.#settle()?.failed(importError(message.module, message.error, this.name));
    } else if (message.call === this.#callNumber) {
      // A message of an earlier call can only be one that its thread sent before
      // it learned that the call had been settled here.
      this.#callAnswered(message);
    }
  }

  #callAnswered(message: Extract<FromThread, { call: number }>): void {
    if (message.kind === "started") {
      this.#call?.started();
      return;
    }
    const call = this.#settle();
    if (call === undefined) return;
    if (message.kind === "done") this.#succeeded(call, message);
    else if (message.kind === "noSuchTask") call.failed(noSuchTask(call, message));
    else
      call.failed(
        decodeThrown(message.thrown, (stack, isOutermost) =>
          cleanStack(stack, isOutermost ? call : undefined, this.name),
        ),
      );
  }

  #succeeded(call: Call, { value, hasShared }: Extract<FromThread, { kind: "done" }>): void {
    let arrived = value;
    try {
      if (hasShared) arrived = adopt(value);
    } catch (error) {
      call.failed(error);
      return;
    }
    call.succeeded(arrived);
  }

  /** Takes the call, which the caller must settle. */
  #settle(): Call | undefined {
    const call = this.#call;
    this.#call = undefined;
    return call;
  }

  cancel(reason: string): void {
    // The cell before the message: a loop on the thread sees the one, everything
    // that waits there sees the other. Call numbers never repeat on a thread, so
    // a late write names a call that is over and does nothing.
    store(this.#cells, CANCELLED_CALL, this.#callNumber);
    if (this.isAlive) this.#thread.post({ kind: "cancel", call: this.#callNumber, reason }, []);
  }

  keepAlive(keep: boolean): void {
    if (this.isAlive) this.#thread.keepAlive(keep);
  }

  async terminate(): Promise<void> {
    this.isAlive = false; // at once, so that the pool gives it nothing more
    await this.#thread.terminate();
  }

  #ended({ exitCode, error }: ThreadEnd): void {
    this.isAlive = false;
    this.#stopImportLimit?.();
    this.#leaveDirectory();
    // Before anybody learns that the job has failed: who then takes a lock that the
    // thread held finds it free.
    poolThreadEnded(this.index, this.#call !== undefined);
    const call = this.#settle();
    const cause = error === undefined ? "" : `: ${describeThrown(error)}`;
    if (call !== undefined) {
      const how = error === undefined ? `with exit code ${exitCode ?? "unknown"}` : "by an uncaught error";
      call.failed(
        new WorkerLostError(
          "SKEIN_WORKER_LOST",
          `thread "${this.name}" ended ${how} while it ran task "${call.task.key}"${cause}`,
          { cause: error },
        ),
      );
    } else if (error !== undefined) {
      reportToOwner(`thread "${this.name}" ended between jobs by an uncaught error${cause}`, error);
    }
    this.#onEnd();
  }
}

function importError(module: string, raw: RawError, thread: string): WorkerLostError {
  const cause = new Error(raw.message);
  Object.defineProperty(cause, "name", { value: raw.name, configurable: true, writable: true });
  Object.defineProperty(cause, "stack", {
    value: raw.stack ?? `${raw.name}: ${raw.message}`,
    configurable: true,
    writable: true,
  });
  if (raw.code !== undefined) Object.assign(cause, { code: raw.code });
  return new WorkerLostError(
    "SKEIN_TASK_IMPORT_FAILED",
    `thread "${thread}" could not import ${module}: ${raw.name}: ${raw.message}. ` +
      "Each thread imports the module that declares a task; keep the program's own work in main()",
    { cause },
  );
}

function noSuchTask(call: Call, answer: { readonly known: readonly string[]; readonly unnamed: number }): MisuseError {
  const { module, key, declaredIn } = call.task;
  if (declaredIn !== undefined) {
    return new MisuseError(
      "SKEIN_TASK_INSIDE_FUNCTION",
      `task "${key}" is declared inside ${declaredIn} of ${module}, so a thread that imports the module does not find it. ` +
        "Declare it at the top level of the module, and pass what it used of the function as arguments",
    );
  }
  const known =
    answer.known.length === 0
      ? "it declares none there"
      : `there it declares ${answer.known.map((name) => `"${name}"`).join(", ")}`;
  return new MisuseError(
    "SKEIN_TASK_NOT_FOUND",
    `a thread imported ${module}, but did not find task "${key}": ${known}. ` +
      "Declare tasks at the top level, unconditionally and before any work of the module; " +
      (key.startsWith("#")
        ? 'tasks without a name must be declared in the same order everywhere, so give it one: task("name", fn)'
        : "a task inside a function is not found"),
  );
}

function warnOfParked(module: string, what: string): void {
  if (warnedModules.has(module)) return;
  warnedModules.add(module);
  reportToOwner(
    `${module} calls ${what}() at its top level, which each thread that imports it would do again. ` +
      "On threads the import stops there. Move that work into main(), or the tasks into a module of their own",
    new MisuseError("SKEIN_TASK_AT_IMPORT", `${what}() was called while a thread imported ${module} for its tasks`),
  );
}

/** The stack as it was on the thread, and below it, for the error thrown, the one that spawned the job. */
function cleanStack(stack: string, thrownBy: Call | undefined, thread: string): string {
  const lines = stack.split("\n").filter((line) => !isPlumbing(line));
  if (thrownBy === undefined) return lines.join("\n");
  const spawned = (thrownBy.spawnSite.stack ?? "")
    .split("\n")
    .slice(1)
    .filter((line) => !isPlumbing(line));
  return [...lines, `    at job "${thrownBy.name}" on thread "${thread}", spawned:`, ...spawned].join("\n");
}

// This package's own frames, by path and by URL, as compiled and as source maps
// show them; and what Node puts between the port and us.
const PACKAGE = new URL("../..", import.meta.url);
const PLUMBING = ["dist/", "src/"]
  .flatMap((folder) => [new URL(folder, PACKAGE).href, decodeURIComponent(new URL(folder, PACKAGE).pathname)])
  .concat("([worker eval]", "node:internal/per_context/messageport", "[nodejs.internal.kHybridDispatch]");

function isPlumbing(line: string): boolean {
  return /^\s+at /.test(line) && PLUMBING.some((part) => line.includes(part));
}
