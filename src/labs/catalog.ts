/** All labs, in the order in which they are listed: a lab's number is its place. */
import { backpressure } from "./catalog/backpressure.js";
import { blocking } from "./catalog/blocking.js";
import { cancellation } from "./catalog/cancellation.js";
import { connections } from "./catalog/connections.js";
import { cpuBound } from "./catalog/cpu-bound.js";
import { deadlock } from "./catalog/deadlock.js";
import { fairShare } from "./catalog/fair-share.js";
import { fourModels } from "./catalog/four-models.js";
import { illusion } from "./catalog/illusion.js";
import { interleaving } from "./catalog/interleaving.js";
import { lostUpdates } from "./catalog/lost-updates.js";
import { notified } from "./catalog/notified.js";
import { overlap } from "./catalog/overlap.js";
import { parallel } from "./catalog/parallel.js";
import { switching } from "./catalog/switching.js";
import { threadsLab } from "./catalog/threads.js";
import type { Lab } from "./lab.js";

export const LABS: readonly Lab[] = [
  fourModels,
  threadsLab,
  lostUpdates,
  switching,
  illusion,
  fairShare,
  notified,
  blocking,
  connections,
  cpuBound,
  interleaving,
  overlap,
  parallel,
  backpressure,
  cancellation,
  deadlock,
];

export function numberOf(lab: Lab): number {
  return LABS.indexOf(lab) + 1;
}

/** The labs that a word means: a number or a name means one; a statement, as "S4", all that show it. */
export function findLabs(word: string): readonly Lab[] {
  const wanted = word.toLowerCase();
  const number = /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  if (number !== undefined) return LABS.slice(number - 1, number === 0 ? 0 : number);
  return LABS.filter(
    ({ name, statements }) => name === wanted || statements.some((one) => one.toLowerCase() === wanted),
  );
}
