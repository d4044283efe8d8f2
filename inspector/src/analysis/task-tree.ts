/**
 * Jobs and scopes as one tree, and its place on the timeline.
 *
 * A scope that a job opened as its own is that job's inside, so it stands for no node
 * of its own: its jobs are the job's children.
 *
 * Each node is a block: its own bar, and below it the blocks of its children, packed
 * onto as few rows as they need. Siblings that overlap stand below each other, others
 * beside each other.
 */
import type { JobSpan, ScopeSpan, Timeline } from "skein/trace";

import { RowsInUse } from "./packing.js";

export interface TreeNode {
  /** Index into the timeline's jobs, or into its scopes. */
  readonly index: number;
  readonly isJob: boolean;
  readonly beginMs: number;
  readonly endMs: number;
  /** In order of beginning; empty arrays are shared. */
  children: readonly TreeNode[];
  parent: TreeNode | undefined;
  /** Of the whole block. */
  height: number;
  /** When the last of the block ends. */
  lastMs: number;
  /** Below the first row of its parent's block. */
  row: number;
}

const NO_CHILDREN: readonly TreeNode[] = [];

export interface TaskTree {
  readonly roots: readonly TreeNode[];
  /** By index of the job. */
  readonly jobs: readonly TreeNode[];
  readonly scopes: readonly TreeNode[];
  readonly height: number;
}

export function treeOf(timeline: Timeline): TaskTree {
  const jobs = timeline.jobs.map((job, index) => nodeOf(job, index, true));
  const scopes = timeline.scopes.map((scope, index) => nodeOf(scope, index, false));
  const jobById = new Map(timeline.jobs.map(({ id }, index) => [id, jobs[index] as TreeNode]));
  // Where the jobs of a scope stand: below the job whose own it is, or below itself.
  const insideOf = new Map<number, TreeNode>();
  timeline.scopes.forEach(({ id, job }, index) => {
    const owner = job === undefined ? undefined : jobById.get(job);
    insideOf.set(id, owner ?? (scopes[index] as TreeNode));
  });
  const roots: TreeNode[] = [];
  const hang = (node: TreeNode, around: number): void => {
    const parent = insideOf.get(around);
    // A parent below its own child can only come from a damaged trace.
    if (parent === undefined || parent === node || isBelow(parent, node)) {
      roots.push(node);
      return;
    }
    node.parent = parent;
    if (parent.children === NO_CHILDREN) parent.children = [node];
    else (parent.children as TreeNode[]).push(node);
  };
  timeline.scopes.forEach(({ id, parent }, index) => {
    const node = scopes[index] as TreeNode;
    if (insideOf.get(id) === node) hang(node, parent);
  });
  timeline.jobs.forEach(({ scope }, index) => hang(jobs[index] as TreeNode, scope));
  roots.sort(byBegin);
  const height = place(roots);
  return { roots, jobs, scopes, height };
}

function nodeOf(span: JobSpan | ScopeSpan, index: number, isJob: boolean): TreeNode {
  return {
    index,
    isJob,
    beginMs: span.beginMs,
    endMs: span.endMs,
    children: NO_CHILDREN,
    parent: undefined,
    height: 1,
    lastMs: span.endMs,
    row: 0,
  };
}

function isBelow(node: TreeNode, other: TreeNode): boolean {
  for (let above = node.parent; above !== undefined; above = above.parent) if (above === other) return true;
  return false;
}

function byBegin(a: TreeNode, b: TreeNode): number {
  return a.beginMs - b.beginMs || a.index - b.index;
}

/** Gives each block its height and row, the inner ones first. @returns the rows that all of them need */
function place(roots: readonly TreeNode[]): number {
  // Without recursion: a chain of a hundred thousand scopes is a program like any other.
  const order: TreeNode[] = [...roots];
  for (let i = 0; i < order.length; i++) for (const child of (order[i] as TreeNode).children) order.push(child);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as TreeNode;
    if (node.children.length === 0) continue;
    node.height = 1 + pack(node.children);
    for (const child of node.children) {
      child.row += 1;
      node.lastMs = Math.max(node.lastMs, child.lastMs);
    }
  }
  return pack(roots);
}

function pack(blocks: readonly TreeNode[]): number {
  if (blocks !== NO_CHILDREN) (blocks as TreeNode[]).sort(byBegin);
  const rows = new RowsInUse();
  for (const block of blocks) block.row = rows.takeBlock(block.height, block.beginMs, block.lastMs);
  return rows.count;
}

/** Every node, with its row counted from the first of all, in no special order. */
export function forEachPlaced(
  roots: readonly TreeNode[],
  visit: (node: TreeNode, row: number, depth: number) => void,
): void {
  const stack: { readonly node: TreeNode; readonly row: number; readonly depth: number }[] = [];
  for (const node of roots) stack.push({ node, row: node.row, depth: 0 });
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    visit(next.node, next.row, next.depth);
    for (const node of next.node.children) stack.push({ node, row: next.row + node.row, depth: next.depth + 1 });
  }
}
