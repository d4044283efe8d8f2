/**
 * Exact lanes of cores: which thread was on which core from when to when, from the
 * kernel's own switches, as `perf` records them.
 *
 * `perf` is not ours to bring; it is used where it is installed and allowed. Its event
 * is a dummy, so it counts nothing and only the switches are written: for a process's
 * own threads a normal user may have them, and it follows threads that begin later.
 * It ends by itself when the process does.
 */
import type * as ChildProcess from "node:child_process";
import type * as Files from "node:fs";
import type * as Os from "node:os";
import type * as Path from "node:path";
import type { Readable, Writable } from "node:stream";

import { hostModule } from "../../core/host-thread.js";
import type { CoreRun } from "../kernel-facts.js";
import { SwitchText } from "./switch-text.js";

/** 64 MB are some 100,000 switches at the most that a program makes. */
const MOST_BYTES = "64M";
const DEFAULT_MOST_RUNS = 500_000;
/** It takes half a second to start, on a busy machine more. */
const START_LIMIT_MS = 10_000;
const ANSWER_LIMIT_MS = 2000;
const STOP_LIMIT_MS = 10_000;

export interface CoreLanesOptions {
  /** The program to use; "perf" by default. */
  readonly command?: string;
  /** Runs kept; of more, the oldest are lost. 500,000 by default. */
  readonly mostRuns?: number;
}

/** What was recorded. */
export interface RecordedLanes {
  /** In order of beginning. */
  readonly runs: readonly CoreRun[];
  /** Switches and runs that are known to be missing. */
  readonly missing: number;
}

/** Switches are being recorded. */
export interface CoreLanes {
  /** From here on every switch is recorded; milliseconds since the epoch. */
  readonly startedMs: number;
  /** Ends the recording and reads it; called again, it gives the same. Takes some tenths of a second. */
  stop(): Promise<RecordedLanes>;
}

/** Why there are none. */
export interface NoCoreLanes {
  readonly why: string;
  readonly remedy: string | undefined;
}

interface Modules {
  readonly childProcess: typeof ChildProcess;
  readonly files: typeof Files;
  readonly os: typeof Os;
  readonly path: typeof Path;
}

function modules(): Modules | undefined {
  const childProcess = hostModule("node:child_process") as typeof ChildProcess | undefined;
  const files = hostModule("node:fs") as typeof Files | undefined;
  const os = hostModule("node:os") as typeof Os | undefined;
  const path = hostModule("node:path") as typeof Path | undefined;
  if (childProcess === undefined || files === undefined || os === undefined || path === undefined) return undefined;
  return { childProcess, files, os, path };
}

function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Readings of both clocks; the closest pair counts. */
const CLOCK_READINGS = 9;

/**
 * Milliseconds since the epoch at 0 of the clock that the kernel stamps switches with.
 *
 * Both clocks are the same one, counted from other moments, but a thread may lose its core
 * for many milliseconds between reading the one and the other: so the one is read before
 * and after the other, more than once, and where least time has passed it counts.
 */
function clockZeroMs(): number {
  const host = hostModule("node:process") as { hrtime: { bigint(): bigint } } | undefined;
  let [zeroMs, leastMs] = [Number.NaN, Number.POSITIVE_INFINITY];
  for (let i = 0; i < CLOCK_READINGS; i++) {
    const before = epochMs();
    const monotonicMs = Number(host?.hrtime.bigint() ?? 0n) / 1e6;
    const tookMs = epochMs() - before;
    if (tookMs < leastMs) [zeroMs, leastMs] = [before + tookMs / 2 - monotonicMs, tookMs];
  }
  return zeroMs;
}

/**
 * Records the switches of all threads of this process, those too that begin later.
 *
 * Settles when the kernel records; never rejects.
 */
export async function startCoreLanes(options: CoreLanesOptions = {}): Promise<CoreLanes | NoCoreLanes> {
  const node = modules();
  const pid = (globalThis as { process?: { pid?: number; platform?: string } }).process?.pid;
  if (node === undefined || pid === undefined) return { why: "this runtime starts no programs", remedy: undefined };
  const { command = "perf", mostRuns = DEFAULT_MOST_RUNS } = options;
  let folder: string;
  try {
    folder = node.files.mkdtempSync(node.path.join(node.os.tmpdir(), `skein-perf-${pid}-`));
  } catch (error) {
    return { why: `no folder for its data: ${messageOf(error)}`, remedy: undefined };
  }
  const recorder = new Recorder(node, command, folder, mostRuns);
  const failure = await recorder.start(pid);
  if (failure === undefined) return recorder;
  recorder.clean();
  return failure;
}

class Recorder implements CoreLanes {
  readonly #node: Modules;
  readonly #command: string;
  readonly #folder: string;
  readonly #data: string;
  readonly #mostRuns: number;
  #child: ChildProcess.ChildProcess | undefined;
  #exit: Promise<void> = Promise.resolve();
  #stopping: Promise<RecordedLanes> | undefined;
  startedMs = 0;

  constructor(node: Modules, command: string, folder: string, mostRuns: number) {
    this.#node = node;
    this.#command = command;
    this.#folder = folder;
    this.#data = node.path.join(folder, "data");
    this.#mostRuns = mostRuns;
  }

  /** @returns why it did not start */
  async start(pid: number): Promise<NoCoreLanes | undefined> {
    // It starts switched off, is told to begin, and says when it has: from then on a
    // thread of which nothing is told has kept its core.
    const events = ["-e", "dummy:u", "--switch-events", "--sample-cpu", "-T", "-k", "CLOCK_MONOTONIC"];
    const output = ["-q", "-B", "-N", `--max-size=${MOST_BYTES}`, "-o", this.#data];
    const control = ["-D", "-1", "--control", "fd:3,4"];
    let child: ChildProcess.ChildProcess;
    try {
      child = this.#node.childProcess.spawn(
        this.#command,
        ["record", ...events, ...output, ...control, "-p", String(pid)],
        { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] },
      );
    } catch (error) {
      return { why: messageOf(error), remedy: undefined }; // not allowed to start programs
    }
    this.#child = child;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
    let hasEnded = false;
    const failed = new Promise<NoCoreLanes>((resolve) => {
      const end = (failure: NoCoreLanes): void => {
        hasEnded = true;
        resolve(failure);
      };
      child.on("error", (error: NodeJS.ErrnoException) => end(explainSpawn(error, this.#command)));
      child.on("close", () => end(explainRecord(said)));
    });
    this.#exit = failed.then(() => undefined);
    if (await this.#ask("enable", START_LIMIT_MS)) {
      this.startedMs = epochMs();
      this.#unref();
      return undefined;
    }
    if (hasEnded) return failed;
    child.kill("SIGKILL");
    return { why: `${this.#command} did not answer`, remedy: undefined };
  }

  /** Sends a command and waits for its answer, or for the end of the program. @returns whether there was one */
  async #ask(command: string, limitMs: number): Promise<boolean> {
    const [, , , to, from] = this.#child?.stdio ?? [];
    const commands = to as Writable | null | undefined;
    const answers = from as Readable | null | undefined;
    let callOff: () => void = () => undefined;
    const answered = new Promise<boolean>((resolve) => {
      callOff = wait(limitMs, () => resolve(false));
      answers?.once("data", () => resolve(true));
      void this.#exit.then(() => resolve(false));
      // If it has ended, its end is told elsewhere.
      commands?.on("error", () => undefined);
      commands?.write(`${command}\n`);
    });
    try {
      return await answered;
    } finally {
      callOff();
    }
  }

  /** The program may end while it records. */
  #unref(): void {
    this.#child?.unref();
    for (const stream of this.#child?.stdio ?? []) (stream as { unref?(): void } | null | undefined)?.unref?.();
  }

  async stop(): Promise<RecordedLanes> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<RecordedLanes> {
    const child = this.#child;
    child?.ref();
    const toMs = epochMs();
    try {
      // Versions that don't know the command know the signal.
      if (!(await this.#ask("stop", ANSWER_LIMIT_MS))) child?.kill("SIGINT");
      const killer = wait(STOP_LIMIT_MS, () => child?.kill("SIGKILL"));
      await this.#exit;
      killer();
      return await this.#read(toMs);
    } finally {
      this.clean();
    }
  }

  async #read(toMs: number): Promise<RecordedLanes> {
    const text = new SwitchText({
      clockZeroMs: clockZeroMs(),
      fromMs: this.startedMs,
      toMs,
      mostRuns: this.#mostRuns,
    });
    const child = this.#node.childProcess.spawn(
      this.#command,
      ["script", "--show-switch-events", "--show-lost-events", "--ns", "-F", "comm,tid,cpu,time", "-i", this.#data],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    child.stdout.setEncoding("latin1").on("data", (piece: string) => text.push(piece));
    await new Promise<void>((resolve) => {
      child.on("error", () => resolve());
      child.on("close", () => resolve());
    });
    return text.finish();
  }

  clean(): void {
    this.#node.files.rmSync(this.#folder, { recursive: true, force: true });
  }
}

function explainSpawn(error: NodeJS.ErrnoException, command: string): NoCoreLanes {
  if (error.code === "ENOENT") {
    return {
      why: `${command} is not installed`,
      remedy: "install it: linux-perf on Debian, linux-tools on Ubuntu, perf elsewhere",
    };
  }
  return { why: messageOf(error), remedy: undefined };
}

/** From what the program said before it ended. */
function explainRecord(said: string): NoCoreLanes {
  const line = said
    .split("\n")
    .map((text) => text.trim())
    .find((text) => text !== "" && !/^Error:?$/.test(text));
  if (/perf_event_paranoid|permission|not permitted|EACCES|EPERM|access/i.test(said)) {
    return {
      why: `the kernel does not let this user watch switches: ${line ?? "no permission"}`,
      remedy:
        "sysctl kernel.perf_event_paranoid=2; in a container also --cap-add=PERFMON or a seccomp profile that lets perf_event_open pass",
    };
  }
  if (/unknown option|unrecognized|usage:/i.test(said)) {
    return { why: `this perf is too old: ${line ?? ""}`, remedy: "perf 5.9 or later" };
  }
  return { why: line ?? "perf ended at once, and said nothing", remedy: undefined };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Calls `ring` after so long; the result calls it off. */
function wait(limitMs: number, ring: () => void): () => void {
  // oxlint-disable-next-line no-restricted-globals -- another program's time, under a virtual clock too
  const timer = setTimeout(ring, limitMs);
  return () => clearTimeout(timer);
}
