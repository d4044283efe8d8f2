/** All labs, in the order in which they are listed: a lab's number is its place. */
import { illusion } from "./catalog/illusion.js";
import { lostUpdates } from "./catalog/lost-updates.js";
import { threadsLab } from "./catalog/threads.js";
import type { Lab } from "./lab.js";

export const LABS: readonly Lab[] = [threadsLab, lostUpdates, illusion];

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
