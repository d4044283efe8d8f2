/**
 * A CPU profile of the event loop's thread, read: which functions held the loop, and for
 * how much of the time in which it stood still for others.
 *
 * The engine notes every millisecond what runs, so all of this is sampled.
 */
import { isOwnFrame } from "../core/own-frames.js";

/** What the engine writes, as far as it is used. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
  readonly startTime: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** A function of the program. */
export interface ProfiledFunction {
  readonly name: string;
  readonly url: string;
  /** From 1 on. */
  readonly line: number;
  /** In its own code, and with what it called. */
  readonly selfMs: number;
  readonly totalMs: number;
  /** Of `totalMs`, in stretches in which the loop stood still for others. */
  readonly blockingMs: number;
  /** Of `selfMs`, what was outside of all the functions that were asked about. */
  readonly looseMs: number;
}

/** What a profile shows. */
export interface LoopProfile {
  /** The loop's thread did something. */
  readonly busyMs: number;
  /** Of that, in stretches of at least `BLOCKED_MS` without a pause. */
  readonly blockedMs: number;
  /** Those of the program and of what it uses, those that took most first. */
  readonly functions: readonly ProfiledFunction[];
}

/** A stretch of so long without a pause keeps everything else waiting noticeably. */
const BLOCKED_MS = 10;

/** Sums of a function while samples are read. */
interface Sums {
  readonly name: string;
  readonly url: string;
  readonly line: number;
  selfMs: number;
  totalMs: number;
  blockingMs: number;
  looseMs: number;
}

/**
 * @param isTask - functions whose time, with what they call, is asked about by itself
 * @param fromUs - what was before is left out, and what comes after `toUs`
 */
export function readProfile(
  profile: CpuProfile,
  isTask: (name: string, url: string) => boolean,
  fromUs: number,
  toUs: number = Infinity,
): LoopProfile {
  const { stackOf, all } = readStacks(profile.nodes, isTask);
  let [busyMs, blockedMs] = [0, 0];
  let stretch: { readonly node: number; readonly ms: number }[] = [];
  const endStretch = (): void => {
    const lengthMs = stretch.reduce((sum, { ms }) => sum + ms, 0);
    const isBlocked = lengthMs >= BLOCKED_MS;
    busyMs += lengthMs;
    if (isBlocked) blockedMs += lengthMs;
    for (const { node, ms } of stretch) {
      const stack = stackOf.get(node);
      if (stack === undefined) continue;
      for (const sums of stack.functions) {
        sums.totalMs += ms;
        if (isBlocked) sums.blockingMs += ms;
      }
      if (stack.leaf === undefined) continue;
      stack.leaf.selfMs += ms;
      if (!stack.isInTask) stack.leaf.looseMs += ms;
    }
    stretch = [];
  };
  const { samples = [], timeDeltas = [] } = profile;
  let atUs = profile.startTime;
  samples.forEach((node, i) => {
    atUs += timeDeltas[i] ?? 0;
    if (atUs < fromUs || atUs > toUs) return;
    // A sample stands until the next one.
    const ms = Math.max(0, timeDeltas[i + 1] ?? 0) / 1000;
    if (stackOf.get(node)?.isIdle === true) endStretch();
    else stretch.push({ node, ms });
  });
  endStretch();
  const functions = all.filter(({ totalMs }) => totalMs > 0).sort((a, b) => b.selfMs - a.selfMs);
  return { busyMs, blockedMs, functions };
}

interface Stack {
  /** The program's functions on it, each once. */
  readonly functions: ReadonlySet<Sums>;
  /** The innermost of them: what the platform does for it is its doing, what this package does is not. */
  readonly leaf: Sums | undefined;
  readonly isInTask: boolean;
  readonly isIdle: boolean;
}

function readStacks(
  nodes: readonly ProfileNode[],
  isTask: (name: string, url: string) => boolean,
): { readonly stackOf: ReadonlyMap<number, Stack>; readonly all: readonly Sums[] } {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sumsOf = new Map<string, Sums>();
  const stackOf = new Map<number, Stack>();
  const root = nodes[0];
  const open: { readonly node: ProfileNode; readonly outer: Stack | undefined }[] = [];
  if (root !== undefined) open.push({ node: root, outer: undefined });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, outer } = next;
    const { functionName: name, url, lineNumber } = node.callFrame;
    let stack: Stack = outer ?? { functions: new Set(), leaf: undefined, isInTask: false, isIdle: false };
    if (name === "(idle)") stack = { ...stack, isIdle: true };
    else if (isOwnFrame(url)) stack = { ...stack, leaf: undefined };
    else if (isOfProgram(url)) {
      const key = `${name} ${url} ${lineNumber}`;
      const leaf = sumsOf.get(key) ?? {
        // A module's own code has no name, and begins where the module does.
        name: name !== "" ? name : lineNumber === 0 ? "(top level)" : "(anonymous)",
        url,
        line: lineNumber + 1,
        selfMs: 0,
        totalMs: 0,
        blockingMs: 0,
        looseMs: 0,
      };
      sumsOf.set(key, leaf);
      stack = {
        functions: new Set([...stack.functions, leaf]),
        leaf,
        isInTask: stack.isInTask || isTask(name, url),
        isIdle: false,
      };
    }
    stackOf.set(node.id, stack);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) open.push({ node: child, outer: stack });
    }
  }
  return { stackOf, all: [...sumsOf.values()] };
}

/** Neither the platform's, nor of what loads programs. */
function isOfProgram(url: string): boolean {
  return url !== "" && !url.startsWith("node:") && !/\/node_modules\/(?:tsx|esbuild|commander)\//.test(url);
}
