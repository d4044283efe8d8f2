/** What a trace has beside records, as bytes and back. */
import type {
  Capability,
  CoreRun,
  Gauge,
  KernelSample,
  KernelThread,
  KernelThreadKind,
  StackFrame,
  Stall,
  ThreadState,
} from "../kernel-facts.js";
import type { ProcessUsage } from "../trace.js";
import { type ByteReader, type ByteWriter } from "./bytes.js";

// In the order of their numbers in files: new ones come last.
const STATES: readonly ThreadState[] = ["unknown", "running", "lock", "io", "blocked"];
const THREAD_KINDS: readonly KernelThreadKind[] = [
  "unknown",
  "loop",
  "pool",
  "dedicated",
  "worker",
  "observer",
  "engine",
  "io",
];
/** A core that is not known stands as 0, others one higher. */
const LEAST_SAMPLE_BYTES = 7;
const LEAST_CORE_RUN_BYTES = 5;
const LEAST_STALL_BYTES = 7;
const LEAST_FRAME_BYTES = 4;
const LEAST_GAUGE_BYTES = 4;
const LEAST_CAPABILITY_BYTES = 5;

export function writeUsage(to: ByteWriter, { cpuMs, coreWaitMs, cores }: ProcessUsage): void {
  to.maybe(cpuMs);
  to.maybe(coreWaitMs);
  to.maybe(cores);
}

export function readUsage(from: ByteReader): ProcessUsage {
  return { cpuMs: from.maybe(), coreWaitMs: from.maybe(), cores: from.maybe() };
}

export function writeCapabilities(to: ByteWriter, capabilities: readonly Capability[]): void {
  to.count(capabilities.length);
  for (const { name, isAvailable, gives, why, remedy } of capabilities) {
    to.byte(isAvailable ? 1 : 0);
    for (const text of [name, gives, why, remedy ?? ""]) to.text(text);
  }
}

export function readCapabilities(from: ByteReader): Capability[] {
  return Array.from({ length: from.countOf("capabilities", LEAST_CAPABILITY_BYTES) }, () => {
    const isAvailable = from.byte() === 1;
    const [name, gives, why, remedy] = [from.text(), from.text(), from.text(), from.text()];
    return { name, isAvailable, gives, why, remedy: remedy === "" ? undefined : remedy };
  });
}

/** Samples of one thread: a part of them, which may be read alone. */
export function writeKernelThread(to: ByteWriter, thread: KernelThread, samples: readonly KernelSample[]): void {
  to.number(thread.tid);
  to.maybe(thread.index);
  to.text(thread.name);
  to.byte(Math.max(0, THREAD_KINDS.indexOf(thread.kind)));
  to.count(samples.length);
  for (const sample of samples) {
    to.number(sample.atMs);
    to.maybe(sample.cpuMs);
    to.maybe(sample.coreWaitMs);
    to.byte(Math.max(0, STATES.indexOf(sample.state)));
    to.maybe(sample.core);
    to.maybe(sample.voluntarySwitches);
    to.maybe(sample.involuntarySwitches);
  }
}

export function readKernelThread(from: ByteReader): KernelThread {
  const tid = from.number();
  const index = from.maybe();
  const name = from.text();
  const kind = THREAD_KINDS[from.byte()] ?? "unknown";
  const samples = Array.from({ length: from.countOf("samples", LEAST_SAMPLE_BYTES) }, () => ({
    atMs: from.number(),
    cpuMs: from.maybe(),
    coreWaitMs: from.maybe(),
    state: STATES[from.byte()] ?? "unknown",
    core: from.maybe(),
    voluntarySwitches: from.maybe(),
    involuntarySwitches: from.maybe(),
  }));
  return { tid, index, name, kind, samples };
}

export function writeCoreRuns(to: ByteWriter, runs: readonly CoreRun[]): void {
  to.count(runs.length);
  for (const { core, tid, beginMs, endMs, wasPreempted } of runs) {
    to.number(core);
    to.number(tid);
    to.number(beginMs);
    to.number(endMs);
    to.byte(wasPreempted ? 1 : 0);
  }
}

export function readCoreRuns(from: ByteReader): CoreRun[] {
  return Array.from({ length: from.countOf("core runs", LEAST_CORE_RUN_BYTES) }, () => ({
    core: from.number(),
    tid: from.number(),
    beginMs: from.number(),
    endMs: from.number(),
    wasPreempted: from.byte() === 1,
  }));
}

export function writeStalls(to: ByteWriter, stalls: readonly Stall[]): void {
  to.count(stalls.length);
  for (const { thread, beginMs, endMs, isOver, cpuMs, coreWaitMs, stack } of stalls) {
    to.number(thread);
    to.number(beginMs);
    to.number(endMs);
    to.byte(isOver ? 1 : 0);
    to.maybe(cpuMs);
    to.maybe(coreWaitMs);
    to.byte(stack === undefined ? 0 : 1);
    if (stack !== undefined) writeStack(to, stack);
  }
}

function writeStack(to: ByteWriter, stack: readonly StackFrame[]): void {
  to.count(stack.length);
  for (const { name, url, line, column } of stack) {
    to.text(name);
    to.text(url);
    to.number(line);
    to.number(column);
  }
}

export function readStalls(from: ByteReader): Stall[] {
  return Array.from({ length: from.countOf("stalls", LEAST_STALL_BYTES) }, () => ({
    thread: from.number(),
    beginMs: from.number(),
    endMs: from.number(),
    isOver: from.byte() === 1,
    cpuMs: from.maybe(),
    coreWaitMs: from.maybe(),
    stack: from.byte() === 1 ? readStack(from) : undefined,
  }));
}

function readStack(from: ByteReader): StackFrame[] {
  return Array.from({ length: from.countOf("frames", LEAST_FRAME_BYTES) }, () => ({
    name: from.text(),
    url: from.text(),
    line: from.number(),
    column: from.number(),
  }));
}

export function writeGauges(to: ByteWriter, gauges: readonly Gauge[]): void {
  to.count(gauges.length);
  for (const { thread, name, atMs, value } of gauges) {
    to.number(thread);
    to.text(name);
    to.number(atMs);
    to.number(value);
  }
}

export function readGauges(from: ByteReader): Gauge[] {
  return Array.from({ length: from.countOf("gauges", LEAST_GAUGE_BYTES) }, () => ({
    thread: from.number(),
    name: from.text(),
    atMs: from.number(),
    value: from.number(),
  }));
}
