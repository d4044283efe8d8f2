/** What a thread that sleeps in a call of the system waits for, by the call's number. */
import type { ThreadState } from "../kernel-facts.js";

/** "lock" sleeps on a futex, "loop" in a call that waits for many things at once. */
type CallKind = "lock" | "loop";

// From the tables of the Linux kernel: arch/x86/entry/syscalls/syscall_64.tbl, and
// include/uapi/asm-generic/unistd.h, which the younger processors share. A number is
// never given to another call.
const BOTH: readonly (readonly [number, CallKind])[] = [
  [441, "loop"], // epoll_pwait2
  [449, "lock"], // futex_waitv
  [455, "lock"], // futex_wait
];
const X64 = new Map<number, CallKind>([
  ...BOTH,
  [202, "lock"], // futex
  [7, "loop"], // poll
  [23, "loop"], // select
  [232, "loop"], // epoll_wait
  [270, "loop"], // pselect6
  [271, "loop"], // ppoll
  [281, "loop"], // epoll_pwait
  [426, "loop"], // io_uring_enter
]);
const GENERIC = new Map<number, CallKind>([
  ...BOTH,
  [98, "lock"], // futex
  [22, "loop"], // epoll_pwait
  [72, "loop"], // pselect6
  [73, "loop"], // ppoll
  [426, "loop"], // io_uring_enter
]);
const TABLES: Readonly<Record<string, ReadonlyMap<number, CallKind>>> = {
  x64: X64,
  arm64: GENERIC,
  riscv64: GENERIC,
  loong64: GENERIC,
};

/** Whether calls can be told apart on this processor, named as Node does. */
export function knowsCalls(arch: string): boolean {
  return TABLES[arch] !== undefined;
}

/** A thread's call of the system, as the kernel tells it. */
export interface SystemCall {
  readonly number: number;
  /** Its first argument: of a wait in an event loop, the file that the loop waits on. */
  readonly first: number;
}

/**
 * What the file `syscall` of a thread says: "running", or "-1 …" for a sleep outside
 * any call, as in a page fault, or the number of the call, its arguments and where the
 * stack is, all but the first number in hexadecimals.
 */
export function parseCall(text: string): SystemCall | "running" | undefined {
  if (text.startsWith("running")) return "running";
  const fields = text.split(" ", 2);
  if (fields[0] === undefined || !/^-?\d+$/.test(fields[0])) return undefined;
  const number = Number(fields[0]);
  const first = Number(fields[1]);
  return { number, first: Number.isNaN(first) ? 0 : first };
}

/**
 * The state of a thread that sleeps in `call`.
 *
 * @param loopFile - what the thread's own event loop waits on. A synchronous child
 *   process has a loop of its own meanwhile: the thread is then blocked.
 */
export function stateInCall(call: SystemCall, arch: string, loopFile: number | undefined): ThreadState {
  if (call.number < 0) return "blocked";
  const table = TABLES[arch];
  if (table === undefined) return "unknown";
  const kind = table.get(call.number);
  if (kind === "lock") return "lock";
  if (kind === "loop" && (loopFile === undefined || loopFile === call.first)) return "io";
  return "blocked";
}

/** Whether a thread in this call waits as event loops do. */
export function isLoopCall(call: SystemCall, arch: string): boolean {
  return TABLES[arch]?.get(call.number) === "loop";
}

// Names of functions of the kernel, of several of its versions; a thread that sleeps
// stands in one of them.
const CHANNELS: readonly (readonly [RegExp, ThreadState])[] = [
  [/^(?:futex_|do_futex)/, "lock"],
  [/^(?:do_epoll_wait|ep_poll|do_sys_poll|poll_schedule|do_select|io_cqring_wait)/, "io"],
];

/**
 * The state of a thread that sleeps, by the file `wchan`: the kernel's function in which
 * it does. "0" and nothing stand where that is not told.
 */
export function stateInChannel(text: string): ThreadState {
  const name = text.trim();
  if (name === "" || name === "0") return "unknown";
  return CHANNELS.find(([names]) => names.test(name))?.[1] ?? "blocked";
}
