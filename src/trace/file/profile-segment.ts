/**
 * A part of the CPU profile of one thread, as bytes and back.
 *
 * Layout: thread, begin and end; the functions; of each node of the tree of calls its
 * function, and how far back its caller stands; of each sample its node and the
 * microseconds since the one before.
 */
import type { ProfilePart } from "../../core/host-thread-profile.js";
import { type ByteReader, type ByteWriter } from "./bytes.js";

const LEAST_FRAME_BYTES = 4;
const LEAST_PAIR_BYTES = 2;

export function writeProfilePart(to: ByteWriter, part: ProfilePart): void {
  const { thread, beginMs, endMs, frames, nodeFrames, nodeParents, samples, deltasUs } = part;
  to.count(thread);
  to.number(beginMs);
  to.number(endMs);
  to.count(frames.length);
  for (const [name, url, line, column] of frames) {
    to.text(name);
    to.text(url);
    to.count(line);
    to.count(column);
  }
  to.count(nodeFrames.length);
  for (const [node, frame] of nodeFrames.entries()) {
    to.count(frame);
    // 0 for a root, which has no caller.
    const parent = nodeParents[node] ?? -1;
    to.count(parent === -1 ? 0 : node - parent);
  }
  to.count(samples.length);
  for (const [i, node] of samples.entries()) {
    to.count(node);
    // The profiler's samples may stand a little out of order.
    to.number(deltasUs[i] ?? 0);
  }
}

export function readProfilePart(from: ByteReader): ProfilePart {
  const thread = from.count();
  const beginMs = from.number();
  const endMs = from.number();
  const frames = Array.from(
    { length: from.countOf("functions", LEAST_FRAME_BYTES) },
    () => [from.text(), from.text(), from.count(), from.count()] as const,
  );
  const nodes = from.countOf("nodes of a profile", LEAST_PAIR_BYTES);
  const nodeFrames = new Int32Array(nodes);
  const nodeParents = new Int32Array(nodes);
  for (let node = 0; node < nodes; node++) {
    nodeFrames[node] = within(from, "a function", from.count(), frames.length);
    const back = within(from, "a caller", from.count(), node + 1);
    nodeParents[node] = back === 0 ? -1 : node - back;
  }
  const count = from.countOf("samples", LEAST_PAIR_BYTES);
  const samples = new Int32Array(count);
  const deltasUs = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    samples[i] = within(from, "a sample's node", from.count(), nodes);
    deltasUs[i] = from.number();
  }
  return { thread, beginMs, endMs, frames, nodeFrames, nodeParents, samples, deltasUs };
}

function within(from: ByteReader, what: string, value: number, end: number): number {
  if (value < end) return value;
  throw from.damaged(`${what} of a profile is ${value}, of ${end}`);
}
