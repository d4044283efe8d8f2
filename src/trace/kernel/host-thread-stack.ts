/**
 * The stack of another thread, while it can't answer.
 *
 * The platform's inspector reaches a thread that runs without a pause: a message to it
 * is an interrupt that its engine looks for in loops, at calls, and in a blocking wait.
 * The message has it evaluate an expression that describes its own stack. Nothing is
 * attached before and nothing stays: the thread is not stopped, no script is looked
 * at, no breakpoint set, and no job or promise of it goes on meanwhile. A debugger's
 * pause would tell the same, but would have every script announced first, 40 ms of a
 * small program, and would leave the thread stopped if the watcher ended in between.
 *
 * A thread in a synchronous call of the system looks for no interrupts: it answers when
 * the call returns, mostly still in the function that made it.
 *
 * The first thread is reached from any other, worker threads through it. So one watcher
 * on a thread of its own sees all of them, whatever the others do, except that with the
 * first thread in a synchronous call workers are out of reach too.
 */
import type * as Inspector from "node:inspector";

import { hostModule, isInspected, platformThreadId } from "../../core/host-thread.js";
import type { StackFrame } from "../kernel-facts.js";

/** A stack, and the moment at which it was that. */
export interface TakenStack {
  /** Milliseconds since the epoch, by the thread's own clock. */
  readonly atMs: number;
  /** Innermost first. */
  readonly frames: readonly StackFrame[];
}

/** A stack that was asked for. */
export interface StackRequest {
  /** `undefined` if it can't be had: it never rejects. */
  readonly taken: Promise<TakenStack | undefined>;
  /** Gives up, and leaves nothing attached; `taken` settles. */
  cancel(): void;
}

const OWN_URL = "skein:stack";
const MOST_FRAMES = 64;

// Evaluated on the thread. It changes how stacks are described and puts it back before
// any other code can run. Positions are those of the sources where the program asked
// for that (`--enable-source-maps`), as it then pays for the maps anyhow.
const EXPRESSION = `(() => {
  const atMs = performance.timeOrigin + performance.now();
  const { prepareStackTrace, stackTraceLimit } = Error;
  let sites;
  try {
    Error.stackTraceLimit = ${MOST_FRAMES + 4};
    Error.prepareStackTrace = (_, all) => all;
    sites = new Error().stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
  if (!Array.isArray(sites)) return JSON.stringify({ atMs, text: String(sites) });
  const find = globalThis.process?.getBuiltinModule?.("node:module")?.findSourceMap;
  const frames = [];
  for (const site of sites) {
    let url = site.getScriptNameOrSourceURL() ?? "";
    if (url === "${OWN_URL}" || frames.length === ${MOST_FRAMES}) continue;
    let line = site.getLineNumber() ?? 0;
    let column = site.getColumnNumber() ?? 0;
    const of = url === "" ? site.getTypeName() : null;
    let name = site.getFunctionName() ?? "";
    if (of !== null && name !== "") name = of + "." + name;
    if (site.isAsync?.()) name = "async " + name;
    try {
      const origin = url === "" ? undefined : find?.(url)?.findOrigin?.(line, column);
      if (origin?.fileName !== undefined) {
        url = origin.fileName;
        line = origin.lineNumber;
        column = origin.columnNumber;
      }
    } catch {}
    frames.push({ name, url, line, column });
  }
  return JSON.stringify({ atMs, frames });
})()
//# sourceURL=${OWN_URL}`;

const EVALUATION = { expression: EXPRESSION, returnByValue: true, silent: true };

/** Why stacks can't be had from this thread, in words; `undefined` if they can, as far as is known without trying. */
export function noStacks(): string | undefined {
  const session = inspectorModule()?.Session;
  if (session === undefined) return "this runtime has no inspector";
  const { versions } = (globalThis as { process?: { versions?: Readonly<Record<string, string>> } }).process ?? {};
  if (versions?.["bun"] !== undefined) return "Bun's inspector does not reach a thread that is busy";
  if ("Deno" in globalThis) return "Deno's inspector does not reach other threads";
  if (typeof session.prototype.connectToMainThread !== "function") return "this inspector does not reach other threads";
  if (isInspected()) return "a debugger may be attached, and is left alone";
  return undefined;
}

function inspectorModule(): typeof Inspector | undefined {
  return hostModule("node:inspector") as typeof Inspector | undefined;
}

/**
 * Asks for the stack of the thread that the platform knows by this number, 0 for the
 * first of the process.
 *
 * Waits for as long as the thread does not answer: cancel it when the answer would say
 * nothing any more. The caller's thread must be kept alive meanwhile; a session does
 * not. It must not be the thread itself.
 */
export function requestStack(platformThread: number): StackRequest {
  let settle: (taken: TakenStack | undefined) => void = () => undefined;
  const taken = new Promise<TakenStack | undefined>((resolve) => (settle = resolve));
  const inspector = inspectorModule();
  const own = platformThreadId();
  if (inspector === undefined || own === undefined || own === platformThread || noStacks() !== undefined) {
    settle(undefined);
    return { taken, cancel: () => undefined };
  }
  const session = new inspector.Session();
  let isOpen = true;
  const finish = (result: TakenStack | undefined): void => {
    if (!isOpen) return;
    isOpen = false;
    try {
      // At once: while a session is there, a process that ends says that it waits for
      // the debugger. This detaches from worker threads too.
      session.disconnect();
    } catch {
      // it did not connect
    }
    settle(result);
  };
  try {
    // From the first thread workers are reached without going anywhere.
    if (own === 0) session.connect();
    else session.connectToMainThread();
    if (platformThread === 0) askMain(session, finish);
    else askWorker(session, platformThread, finish);
  } catch {
    finish(undefined); // not permitted
  }
  return { taken, cancel: () => finish(undefined) };
}

interface Evaluated {
  readonly result?: { readonly value?: unknown };
}

type Finish = (taken: TakenStack | undefined) => void;

function askMain(session: Inspector.Session, finish: Finish): void {
  session.post("Runtime.evaluate", EVALUATION, (error, answer?: Evaluated) => {
    finish(error === null ? readStack(answer?.result?.value) : undefined);
  });
}

function askWorker(session: Inspector.Session, platformThread: number, finish: Finish): void {
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId, workerInfo } }) => {
    // "[worker 3] name"
    if (Number(/^\[?worker (\d+)/i.exec(workerInfo.title)?.[1]) !== platformThread) return;
    session.on("NodeWorker.detachedFromWorker", ({ params }) => {
      if (params.sessionId === sessionId) finish(undefined); // the thread has ended
    });
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      if (params.sessionId !== sessionId) return;
      const answer = JSON.parse(params.message) as {
        readonly result?: { readonly result?: { readonly value?: unknown } };
      };
      finish(readStack(answer.result?.result?.value));
    });
    const message = JSON.stringify({ id: 1, method: "Runtime.evaluate", params: EVALUATION });
    session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, (error) => {
      if (error !== null) finish(undefined);
    });
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => {
    if (error !== null) finish(undefined);
  });
}

/** The answer of the expression. The thread's program may have replaced what it uses. */
function readStack(value: unknown): TakenStack | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const { atMs, frames, text } = JSON.parse(value) as {
      readonly atMs: number;
      readonly frames?: readonly StackFrame[];
      readonly text?: string;
    };
    return { atMs, frames: frames ?? parseStackText(text ?? "") };
  } catch {
    return undefined;
  }
}

const FRAME = /^\s+at (?:(.*?) \()?(?:(.*?):(\d+):(\d+)|<anonymous>)\)?$/;

/** The stack of an error as text, where the program does not let it be had otherwise. */
export function parseStackText(text: string): readonly StackFrame[] {
  const frames: StackFrame[] = [];
  for (const line of text.split("\n")) {
    const match = FRAME.exec(line);
    if (match === null || match[2] === OWN_URL) continue;
    const [, name = "", url = "", lineNumber = "0", column = "0"] = match;
    frames.push({ name, url, line: Number(lineNumber), column: Number(column) });
  }
  return frames;
}
