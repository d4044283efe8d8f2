/**
 * Where this thread is, a thousand times a second: the platform's CPU profiler, by its
 * inspector, from inside of the thread.
 *
 * To start the profiler takes some 10 ms, as it makes a list of all code. So one part of
 * the profile follows the other without its being stopped: the next is begun before the
 * last is taken, which takes half a millisecond (Node 20, November 2026).
 */
import type * as Inspector from "node:inspector";

import { hostModule, isInspected } from "./host-thread.js";
import { threadIndex } from "./thread.js";

/** Microseconds from sample to sample. */
const SAMPLE_EVERY_US = 1000;
/** Where parts of profiles go: each thread of the process that opens it hears of them. */
const CHANNEL = "skein.profile";
/** A part is taken when a step ends and so long has passed: 2 % of the time at most. */
const TAKE_EVERY_MS = 25;
/** And so often in any case, while the event loop turns: a part of a minute takes some 2 MB. */
const TAKE_IDLE_EVERY_MS = 1000;

/**
 * A part of the CPU profile of one thread; in columns, as messages of many small objects are slow.
 *
 * @since 0.1.0
 */
export interface ProfilePart {
  /** Index of the thread. */
  readonly thread: number;
  /** Milliseconds since the epoch. */
  readonly beginMs: number;
  readonly endMs: number;
  /** Functions: name, URL, line and column, the last two from 1, 0 if not known. */
  readonly frames: readonly (readonly [name: string, url: string, line: number, column: number])[];
  /** Of each node of the tree of calls: its function, and its caller, which comes before it; -1 for the root. */
  readonly nodeFrames: Int32Array;
  readonly nodeParents: Int32Array;
  /** Of each sample: its node, and microseconds since the one before, or since the beginning. */
  readonly samples: Int32Array;
  readonly deltasUs: Int32Array;
}

interface Port {
  postMessage(message: unknown): void;
  close(): void;
  unref?(): void;
  onmessage: unknown;
}

interface ProfileConsole {
  profile(title: string): void;
  profileEnd(title: string): void;
}

type OpenChannel = new (name: string) => Port;

/** Why there is no profiler, in words; `undefined` if there is one, as far as is known without trying. */
export function noProfiler(): string | undefined {
  const { process } = globalThis as { process?: { versions?: Readonly<Record<string, string>> } };
  if (process?.versions?.["bun"] !== undefined) return "Bun's inspector has no profiler for programs";
  if ("Deno" in globalThis) return "Deno's inspector has no profiler for programs";
  const inspector = hostModule("node:inspector") as typeof Inspector | undefined;
  if (inspector?.Session === undefined) return "this runtime has no inspector";
  if (openChannel() === undefined) return "this runtime's threads can't tell each other of their profiles";
  if (isInspected()) return "a debugger may be attached, and is left alone";
  return undefined;
}

function openChannel(): OpenChannel | undefined {
  return (globalThis as { BroadcastChannel?: OpenChannel }).BroadcastChannel;
}

/** Takes the profile of the thread that makes it, and tells of each part. */
export class ThreadProfile {
  readonly #session: Inspector.Session;
  readonly #console: ProfileConsole;
  readonly #channel: Port;
  readonly #stopTimer: () => void;
  #finished: Inspector.Profiler.Profile | undefined = undefined;
  #part = 0;
  #takenMs = performance.now();

  private constructor(inspector: typeof Inspector, Channel: OpenChannel) {
    this.#session = new inspector.Session();
    this.#session.connect();
    // The inspector's own console: a program may have replaced the other.
    this.#console = inspector.console;
    this.#session.on("Profiler.consoleProfileFinished", ({ params }) => (this.#finished = params.profile));
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_US });
    this.#console.profile(this.#title);
    this.#channel = new Channel(CHANNEL);
    this.#channel.unref?.();
    // oxlint-disable-next-line no-restricted-globals -- what is sampled in real time, under a virtual clock too
    const timer = setInterval(() => this.take(), TAKE_IDLE_EVERY_MS);
    (timer as { unref?(): void }).unref?.();
    this.#stopTimer = () => clearInterval(timer);
  }

  /** @returns `undefined` where there is no profiler */
  static start(): ThreadProfile | undefined {
    const Channel = openChannel();
    if (noProfiler() !== undefined || Channel === undefined) return undefined;
    try {
      return new ThreadProfile(hostModule("node:inspector") as typeof Inspector, Channel);
    } catch {
      return undefined; // not permitted
    }
  }

  get #title(): string {
    return `skein ${this.#part}`;
  }

  /** A step of the thread is over: a moment at which little is lost if there is no other. */
  stepEnded(timeMs: number): void {
    if (timeMs - this.#takenMs >= TAKE_EVERY_MS) this.take();
  }

  /** Tells of what was sampled since the last time. */
  take(): void {
    const last = this.#title;
    this.#part++;
    this.#console.profile(this.#title);
    this.#end(last);
  }

  stop(): void {
    this.#stopTimer();
    this.#end(this.#title);
    this.#channel.close();
    this.#session.disconnect();
  }

  #end(title: string): void {
    this.#console.profileEnd(title);
    const profile = this.#finished;
    this.#finished = undefined;
    this.#takenMs = performance.now();
    if (profile !== undefined) this.#channel.postMessage(partOf(profile));
  }
}

/** Hears of the parts of all threads. */
export class ProfileListener {
  readonly #channel: Port | undefined;
  readonly #told: (part: ProfilePart) => void;

  constructor(told: (part: ProfilePart) => void) {
    const Channel = openChannel();
    this.#told = told;
    this.#channel = Channel === undefined || noProfiler() !== undefined ? undefined : new Channel(CHANNEL);
    if (this.#channel === undefined) return;
    this.#channel.unref?.();
    this.#channel.onmessage = ({ data }: { readonly data: ProfilePart }) => told(data);
  }

  /** Takes those that have come and whose turn of the event loop is yet to be. */
  receiveNow(): void {
    const { receiveMessageOnPort } = hostModule("node:worker_threads") as {
      receiveMessageOnPort?(port: unknown): { readonly message: ProfilePart } | undefined;
    };
    if (this.#channel === undefined || receiveMessageOnPort === undefined) return;
    for (let next = receiveMessageOnPort(this.#channel); next !== undefined;) {
      this.#told(next.message);
      next = receiveMessageOnPort(this.#channel);
    }
  }

  close(): void {
    this.#channel?.close();
  }
}

function partOf({ nodes, samples = [], timeDeltas = [], startTime, endTime }: Inspector.Profiler.Profile): ProfilePart {
  const frames: ProfilePart["frames"][number][] = [];
  const frameIndexes = new Map<string, number>();
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]));
  const nodeFrames = new Int32Array(nodes.length);
  const nodeParents = new Int32Array(nodes.length).fill(-1);
  for (const [index, { callFrame, children }] of nodes.entries()) {
    const { functionName, url, lineNumber, columnNumber, scriptId } = callFrame;
    const key = `${scriptId} ${lineNumber} ${columnNumber} ${functionName}`;
    let frame = frameIndexes.get(key);
    if (frame === undefined) {
      frame = frames.push(frameOf(functionName, url, lineNumber, columnNumber)) - 1;
      frameIndexes.set(key, frame);
    }
    nodeFrames[index] = frame;
    for (const child of children ?? []) nodeParents[indexOf.get(child) ?? 0] = index;
  }
  // The profiler's clock is the kernel's, by microseconds; ours has another origin.
  const [seconds, nanoseconds] = (
    globalThis as unknown as { process: { hrtime(): [number, number] } }
  ).process.hrtime();
  const offsetMs = performance.timeOrigin + performance.now() - (seconds * 1000 + nanoseconds / 1e6);
  return {
    thread: threadIndex,
    beginMs: startTime / 1000 + offsetMs,
    endMs: endTime / 1000 + offsetMs,
    frames,
    nodeFrames,
    nodeParents,
    samples: Int32Array.from(samples, (id) => indexOf.get(id) ?? 0),
    deltasUs: Int32Array.from(timeDeltas),
  };
}

/** In the sources, where the program asked for that. The profiler counts from 0. */
function frameOf(name: string, url: string, line: number, column: number): ProfilePart["frames"][number] {
  const { findSourceMap } = (hostModule("node:module") ?? {}) as {
    findSourceMap?(url: string): { findOrigin?(line: number, column: number): Origin } | undefined;
  };
  const origin = url === "" || line < 0 ? undefined : findSourceMap?.(url)?.findOrigin?.(line + 1, column + 1);
  if (origin?.fileName === undefined) return [name, url, line + 1, column + 1];
  return [name, origin.fileName, origin.lineNumber ?? 0, origin.columnNumber ?? 0];
}

interface Origin {
  readonly fileName?: string;
  readonly lineNumber?: number;
  readonly columnNumber?: number;
}
