/** The live tree of a scope in words. */
import { nowMs } from "#clock";

import { isOwnFrame } from "../core/own-frames.js";
import type { CancelNode } from "./cancel.js";
import type { TaskScope } from "./scope.js";
import { timeWaits, Waiter } from "./wait-queue.js";

interface Line {
  readonly text: string;
  readonly inner: readonly Line[];
}

/** What dumps show behind the trees: what belongs to no scope. */
const sections: (() => readonly string[])[] = [];

/**
 * Has dumps show more.
 *
 * @param describe - gives its head and one line for each thing, or nothing
 */
export function addDumpSection(describe: () => readonly string[]): void {
  sections.push(describe);
}

/** The trees of some scopes, and all sections. */
export function dump(scopes: Iterable<TaskScope>): string {
  const lines: string[] = [];
  for (const scope of scopes) print(describeScope(scope, "scope"), "", "", lines);
  for (const describe of sections) {
    const [head, ...inner] = describe();
    if (head !== undefined) print({ text: head, inner: inner.map((text) => ({ text, inner: [] })) }, "", "", lines);
  }
  return lines.join("\n");
}

function print(line: Line, head: string, tail: string, into: string[]): void {
  into.push(head + line.text);
  line.inner.forEach((inner, index) => {
    const isLast = index === line.inner.length - 1;
    print(inner, `${tail}${isLast ? "└─ " : "├─ "}`, `${tail}${isLast ? "   " : "│  "}`, into);
  });
}

function describeScope(scope: TaskScope, kind: string): Line {
  const facts: string[] = [scope.state === "open" ? "open" : scope.state, `for ${duration(nowMs() - scope.openedMs)}`];
  if (scope.shielded) facts.push("shielded");
  if (scope.isCancelled) facts.push(`cancelled: ${scope.makeErrorForWait().message}`);
  else if (scope.deadlineMs !== Infinity) facts.push(`deadline in ${duration(scope.deadlineMs - nowMs())}`);
  return { text: `${kind} "${scope.name}" · ${facts.join(" · ")}`, inner: insideOf(scope) };
}

function insideOf(scope: TaskScope): Line[] {
  const inner: Line[] = waitsOf(scope).map((label) => ({ text: `waits: ${label}`, inner: [] }));
  for (const job of scope.jobs.toArray()) {
    if (job.isBody) continue;
    const node = job.code.node;
    const site = job.spawnSite === undefined ? undefined : callerIn(job.spawnSite.stack ?? "");
    const { affinity } = job.code;
    const key = affinity === undefined ? "" : ` · key ${JSON.stringify(affinity)}`;
    const text = `job "${job.name}" · ${job.state}${site === undefined ? "" : ` · spawned at ${site}`}${key}`;
    // A job's own scope is the job: its waits and jobs stand right under it.
    if (isScope(node)) inner.push({ text, inner: job.state === "created" ? [] : insideOf(node) });
    else inner.push({ text: job.code.stopByForce === undefined ? text : `${text} · on another thread`, inner: [] });
  }
  for (const child of scope.innerScopes) inner.push(describeScope(child, "scope"));
  if (scope.runningCleanup !== undefined) inner.push(describeScope(scope.runningCleanup, "scope"));
  return inner;
}

// By shape, because importing the class would make the two files a circle.
function isScope(node: CancelNode | undefined): node is TaskScope {
  return node !== undefined && "jobs" in node;
}

/** What is waited for with this scope as its cancellation, and for how long; as one where several wait alike. */
function waitsOf(scope: CancelNode): string[] {
  timeWaits();
  const alike = new Map<string, { count: number; beganMs: number }>();
  for (const listener of scope.listeners()) {
    if (!(listener instanceof Waiter)) continue;
    const { label, beganMs } = listener;
    const known = alike.get(label);
    if (known === undefined) alike.set(label, { count: 1, beganMs });
    else known.count++; // those who came later have waited less
  }
  const now = Math.trunc(nowMs());
  return [...alike].map(([label, { count, beganMs }]) =>
    count === 1
      ? `${label} · for ${duration(now - beganMs)}`
      : `${label} (${count} times) · the longest for ${duration(now - beganMs)}`,
  );
}

/** The place of the first frame that is not this package's: file, line and column. */
function callerIn(stack: string): string | undefined {
  const frame = stack.split("\n").find((line) => /^\s+at /.test(line) && !isOwnFrame(line));
  return frame === undefined
    ? undefined
    : (/\(([^()]+)\)$/.exec(frame)?.[1] ?? frame.replace(/^\s+at (?:async )?/, ""));
}

function duration(ms: number): string {
  if (ms < 0) return "no time";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
