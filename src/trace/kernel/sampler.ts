/**
 * What every thread of the process does, asked of the kernel from outside, many times
 * a second.
 *
 * Most threads sleep most of the time, and one reading of `schedstat` tells so: who has
 * used no CPU and was given no core since is in the same sleep. Of such a thread nothing
 * else is read but now and then its state, as it may have been woken and wait for a
 * core. The engine's and the platform's own threads are read less often than those that
 * run the program: as all counts go on, only detail is lost.
 *
 * Who samples owns the sampler: it is used on one thread alone.
 */
import type { KernelFacts, KernelSample, KernelThread, KernelThreadKind, ThreadState } from "../kernel-facts.js";
import { type ProcFile, ProcFiles } from "./proc-file.js";
import { parseSchedstat, parseStat, parseSwitches } from "./proc-text.js";
import { type Reading, SampleLog } from "./sample-log.js";
import { isLoopCall, parseCall, stateInCall, stateInChannel } from "./system-calls.js";
import { enginePoolOf, kindOfForeign, type OurThread } from "./thread-kinds.js";

const DEFAULT_EVERY_MS = 20;
/**
 * So often new threads are looked for, threads read that don't run the program, states
 * read of threads that seem to sleep on, and switches, which take longest, of those that
 * have had some.
 */
const SELDOM_MS = 100;
/** One minute of a thread that never rests, 170 kB; later, half of that in detail. */
const MOST_SAMPLES = 3000;
/** So often, after a thread was found, its name is looked at again. */
const LOOKS_FOR_NAME = 3;
/** Threads that have ended and were not drained yet. */
const MOST_ENDED = 256;

interface SamplerHost {
  readonly arch?: string;
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Counts since a thread began. */
export interface ThreadUsage {
  readonly cpuMs: number;
  readonly coreWaitMs: number | undefined;
}

export interface KernelSamplerOptions {
  /** Where the kernel's files are; "/proc" by default. */
  readonly proc?: string;
  /** How often `sample` is called; 20 by default. */
  readonly everyMs?: number;
  /** Another process of the same user; this one by default. */
  readonly pid?: number;
}

/** One thread of the system, as the sampler follows it. */
class SampledThread {
  readonly tid: number;
  readonly place: number;
  /** As the kernel has it. */
  systemName: string;
  /** As it is shown. */
  name: string;
  kind: KernelThreadKind = "unknown";
  index: number | undefined = undefined;
  isOurs = false;
  readonly schedstat: ProcFile;
  readonly stat: ProcFile;
  readonly status: ProcFile;
  readonly syscall: ProcFile;
  readonly wchan: ProcFile;
  readonly comm: ProcFile;
  readonly log: SampleLog;
  readonly seen = new Set<ThreadState>();
  /** How many states it had been seen in when it was classified. */
  statesClassified = 0;
  looks = 0;
  /** The last reading; NaN and "unknown" before the first. */
  readonly last: Reading = {
    atMs: Number.NaN,
    cpuMs: Number.NaN,
    coreWaitMs: Number.NaN,
    state: "unknown",
    core: Number.NaN,
    voluntarySwitches: Number.NaN,
    involuntarySwitches: Number.NaN,
  };
  turns = Number.NaN;
  letter = "";
  stateReadMs = -Infinity;
  switchesReadMs = -Infinity;
  /** It has had a core since its switches were read. */
  hasSwitched = true;
  /** What its event loop waits on; see `stateInCall`. */
  loopFile: number | undefined = undefined;

  constructor(files: ProcFiles, folder: string, tid: number, place: number) {
    this.tid = tid;
    this.place = place;
    this.log = new SampleLog(MOST_SAMPLES);
    const file = (name: string): ProcFile => files.file(`${folder}/${tid}/${name}`);
    this.schedstat = file("schedstat");
    this.stat = file("stat");
    this.status = file("status");
    this.syscall = file("syscall");
    this.wchan = file("wchan");
    this.comm = file("comm");
    this.systemName = this.#readName() ?? "";
    this.name = this.systemName;
  }

  #readName(): string | undefined {
    const name = this.comm.read()?.trimEnd();
    this.comm.close(); // it is read a few times at most
    return name;
  }

  /** A thread may be named by itself, just after it began. */
  lookForName(): void {
    if (this.looks >= LOOKS_FOR_NAME) return;
    this.looks++;
    const name = this.#readName();
    if (name === undefined || name === this.systemName) return;
    if (this.name === this.systemName) this.name = name;
    this.systemName = name;
    this.statesClassified = 0;
  }

  close(): void {
    for (const file of [this.schedstat, this.stat, this.status, this.syscall, this.wchan, this.comm]) file.close();
  }

  described(samples: readonly KernelSample[]): KernelThread {
    return { tid: this.tid, index: this.index, name: this.name, kind: this.kind, samples };
  }
}

/**
 * Reads all threads of the process whenever `sample` is called, and keeps what it read.
 *
 * Works without any of its sources, each by itself: what can't be read stays
 * `undefined`, and where there is no `/proc` at all there are no threads.
 *
 * **Cost** A reading of a process with 16 threads of its own and the engine's takes
 * 160 µs while they idle and 330 µs while they work (median; bench `kernel-sampler`,
 * November 2026): 50 times a second, 1 and 2 % of one core. Memory: at most 170 kB a
 * thread.
 */
export class KernelSampler {
  readonly everyMs: number;
  readonly #files: ProcFiles | undefined;
  readonly #folder: string;
  readonly #arch: string;
  readonly #enginePool: number;
  /** The number of the process, which its first thread has too; -1 if not known. */
  readonly #mainTid: number;
  /** The number of the thread that samples. */
  readonly #ownTid: number;
  readonly #threads = new Map<number, SampledThread>();
  readonly #ended: SampledThread[] = [];
  #hasSchedstat = true;
  #discoveredMs = -Infinity;
  #count = 0;

  constructor({ proc = "/proc", everyMs = DEFAULT_EVERY_MS, pid }: KernelSamplerOptions = {}) {
    this.everyMs = everyMs;
    this.#folder = `${proc}/${pid ?? "self"}/task`;
    const files = ProcFiles.open();
    const host = (globalThis as { process?: SamplerHost }).process;
    this.#arch = host?.arch ?? "";
    const ownFlags = [...(host?.env?.["NODE_OPTIONS"] ?? "").split(/\s+/), ...(host?.execArgv ?? [])];
    this.#enginePool = enginePoolOf(pid === undefined ? ownFlags : flagsOf(files, `${proc}/${pid}`));
    let mainTid = pid ?? -1;
    let ownTid = -1;
    try {
      if (pid === undefined) {
        mainTid = Number(files?.link(`${proc}/self`) ?? -1);
        ownTid = Number(files?.link(`${proc}/thread-self`).split("/").at(-1) ?? -1);
      }
      files?.names(this.#folder);
      this.#files = files;
    } catch {
      this.#files = undefined; // not Linux, or not allowed to look: `capabilities` says which
    }
    this.#mainTid = mainTid;
    this.#ownTid = ownTid;
  }

  /** False where there is nothing to read: then `sample` does nothing. */
  get isAvailable(): boolean {
    return this.#files !== undefined;
  }

  /**
   * Reads every thread once.
   *
   * @param nowMs - milliseconds since the epoch
   * @param ourThreads - by the kernel's numbers; what is not in it is classified by what is seen of it
   */
  sample(nowMs: number, ourThreads: ReadonlyMap<number, OurThread>): void {
    if (this.#files === undefined) return;
    if (nowMs - this.#discoveredMs >= SELDOM_MS || hasNew(ourThreads, this.#threads)) {
      this.#discover(this.#files);
      this.#discoveredMs = nowMs;
    }
    for (const thread of this.#threads.values()) {
      const ours = ourThreads.get(thread.tid);
      const isHelper = ours === undefined && (thread.kind === "engine" || thread.kind === "io");
      if (isHelper && nowMs - thread.last.atMs < SELDOM_MS) continue;
      if (this.#read(thread, nowMs)) this.#classify(thread, ours);
      else this.#end(thread);
    }
    this.#count++;
  }

  #discover(files: ProcFiles): void {
    let names: string[];
    try {
      names = files.names(this.#folder);
    } catch {
      return; // those that are known go on being read
    }
    const tids = names
      .map(Number)
      .filter((tid) => tid > 0)
      .sort((a, b) => a - b);
    for (const tid of tids) {
      const known = this.#threads.get(tid);
      known?.lookForName();
      if (known !== undefined) continue;
      // How many began before it, the first one not counted.
      const place = tids.indexOf(tid) - (this.#mainTid > 0 ? 1 : 0);
      this.#threads.set(tid, new SampledThread(files, this.#folder, tid, place));
    }
  }

  /** @returns false if the thread has ended */
  #read(thread: SampledThread, nowMs: number): boolean {
    const { last } = thread;
    const counts = this.#hasSchedstat ? parseSchedstat(thread.schedstat.read() ?? "") : undefined;
    const hasMoved = counts === undefined || counts.cpuMs !== last.cpuMs || counts.turns !== thread.turns;
    if (hasMoved || thread.letter !== "S" || nowMs - thread.stateReadMs >= SELDOM_MS) {
      thread.stateReadMs = nowMs;
      const stat = parseStat(thread.stat.read() ?? "");
      if (stat === undefined && counts === undefined) return false;
      // The thread is there and its counts are not: this kernel does not count so.
      if (counts === undefined) this.#hasSchedstat = false;
      last.cpuMs = counts?.cpuMs ?? (stat as { cpuMs: number }).cpuMs;
      last.coreWaitMs = counts?.waitMs ?? Number.NaN;
      last.core = stat?.core ?? Number.NaN;
      if (hasMoved) thread.hasSwitched = true;
      const letter = stat?.letter ?? "";
      if (letter === "Z" || letter === "X") return false;
      if (hasMoved || letter !== thread.letter || letter === "R" || last.state === "unknown") {
        last.state = this.#stateOf(thread, letter);
      }
      thread.letter = letter;
      thread.turns = counts?.turns ?? Number.NaN;
    }
    if (thread.hasSwitched && nowMs - thread.switchesReadMs >= SELDOM_MS) {
      const switches = parseSwitches(thread.status.read() ?? "");
      last.voluntarySwitches = switches?.voluntary ?? Number.NaN;
      last.involuntarySwitches = switches?.involuntary ?? Number.NaN;
      thread.switchesReadMs = nowMs;
      // One that runs on has switches to come that its counts don't announce.
      thread.hasSwitched = thread.letter === "R";
    }
    last.atMs = nowMs;
    thread.log.add(last);
    thread.seen.add(last.state);
    return true;
  }

  #stateOf(thread: SampledThread, letter: string): ThreadState {
    if (letter === "R") return "running";
    // Stopped, by a signal or a tracer: of what it waits in nothing is known.
    if (letter !== "S" && letter !== "D") return "unknown";
    const call = parseCall(thread.syscall.read() ?? "");
    if (call === "running") return "running"; // woken since its state was read
    if (call === undefined) {
      // Where tracing is restricted, other processes' calls are not shown, but what they sleep in.
      const state = stateInChannel(thread.wchan.read() ?? "");
      return state === "unknown" && letter === "D" ? "blocked" : state;
    }
    if (isLoopCall(call, this.#arch)) {
      // The first thread's loop is older than any child process, and its file lower.
      if (thread.tid === this.#mainTid) thread.loopFile = Math.min(thread.loopFile ?? Infinity, call.first);
      else thread.loopFile ??= call.first;
    }
    return stateInCall(call, this.#arch, thread.loopFile);
  }

  #classify(thread: SampledThread, ours: OurThread | undefined): void {
    if (ours !== undefined) {
      thread.name = ours.name;
      thread.kind = ours.kind;
      thread.index = ours.index;
      thread.isOurs = true;
    } else if (!thread.isOurs && thread.statesClassified !== thread.seen.size) {
      // What was ours and is not named any more is about to end, and remains what it was.
      thread.statesClassified = thread.seen.size;
      thread.kind = this.#kindOf(thread);
    }
  }

  #kindOf(thread: SampledThread): KernelThreadKind {
    if (thread.tid === this.#mainTid) return "loop";
    if (thread.tid === this.#ownTid) return "observer";
    const { tid, systemName: name, place, seen } = thread;
    const mainName = this.#threads.get(this.#mainTid)?.systemName ?? "";
    return kindOfForeign({ tid, name, place, seen }, { mainName, enginePool: this.#enginePool });
  }

  #end(thread: SampledThread): void {
    this.#threads.delete(thread.tid);
    thread.close();
    if (thread.log.length === 0) return;
    thread.log.finish();
    this.#ended.push(thread);
    if (this.#ended.length > MOST_ENDED) this.#ended.shift();
  }

  /** CPU time of a thread and its wait for a core, as of the last sample; `undefined` if it is not known. */
  usageOf(tid: number): ThreadUsage | undefined {
    const last = this.#threads.get(tid)?.last;
    if (last === undefined || Number.isNaN(last.cpuMs)) return undefined;
    return { cpuMs: last.cpuMs, coreWaitMs: Number.isNaN(last.coreWaitMs) ? undefined : last.coreWaitMs };
  }

  /** What was read since the recording began, or since the last `drain`, and stays. */
  facts(): KernelFacts {
    return {
      sampleEveryMs: this.#count === 0 ? 0 : this.everyMs,
      threads: [...this.#ended, ...this.#threads.values()].map((thread) => thread.described(thread.log.samples())),
      coreRuns: undefined,
    };
  }

  /**
   * The same, and forgets it but for the last reading of each thread, with which the
   * next one begins: so each holds differences for its whole time. Threads that have
   * ended are told for the last time.
   */
  drain(): KernelFacts {
    const facts = this.facts();
    this.#ended.length = 0;
    for (const { log } of this.#threads.values()) log.keepLast();
    return facts;
  }

  close(): void {
    for (const thread of this.#threads.values()) thread.close();
    this.#threads.clear();
  }
}

/** What a process was started with: its arguments, and its environment's options. */
function flagsOf(files: ProcFiles | undefined, folder: string): readonly string[] {
  const texts = ["cmdline", "environ"].map((name) => {
    try {
      return files?.text(`${folder}/${name}`) ?? "";
    } catch {
      return ""; // another user's, or ended
    }
  });
  const [args = "", environment = ""] = texts;
  const options = environment.split("\0").find((entry) => entry.startsWith("NODE_OPTIONS=")) ?? "";
  return [...args.split("\0"), ...options.slice("NODE_OPTIONS=".length).split(/\s+/)];
}

function hasNew(ourThreads: ReadonlyMap<number, OurThread>, known: ReadonlyMap<number, unknown>): boolean {
  for (const tid of ourThreads.keys()) if (!known.has(tid)) return true;
  return false;
}
