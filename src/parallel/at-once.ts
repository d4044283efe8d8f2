/**
 * What is known before a call is prepared: whether it is done here at once, and whether helpers
 * are there, or are to be woken for it.
 *
 * A call that is not worth sharing out is done at once, where its algorithm knows how. What others
 * would need of it is not even prepared, nor is it measured: all that takes as long as a short call,
 * most of all where its code and data have left the caches. For the same reason, of one that is to be
 * shared out, helpers are woken first of all.
 *
 * Calls in a row. One that is worth sharing out if helpers are there, but not worth waking them,
 * stays here; and so would all that follow it, as nobody comes by himself. So when such calls take
 * most of the time, helpers are woken at the end of one, and wait for the next a little.
 */
import { nowMs } from "#clock";

import { heap, type Life } from "../shared/heap.js";
import { contextHere } from "../threads/remotes.js";
import type { ThreadPool } from "../threads/thread-pool.js";
import { idleShares, isHelperComing, isHelperThere } from "./call-memory.js";
import type { Cost } from "./costs.js";
import { explaining } from "./explain.js";
import { countCallHere, countWoken } from "./figures.js";
import type { Sleepers } from "./shares.js";
import { ownerOf, sharingWith, type Team, teamOf, wakeThread } from "./team.js";
import { seams } from "./testing.js";
import { SLICE_MS } from "./turns.js";
import { COPY_US, LEAST_US, type Sharing, type Worth } from "./worth.js";

/** Calls are in a row if they take more of the time than this. */
const MOST_OF_TIME = 0.5;
/** In vain, helpers are woken after twice as many calls in a row each time, up to so many. */
const MOST_IN_A_ROW = 64;

/** By what it is decided whether a call with this team is shared out. */
export function worthWith(team: Team): Worth {
  const sharing = sharingWith(team);
  if (team.helpers > 0) {
    const owner = ownerOf(team);
    // Those that were woken for a row are worth it by the calls that follow.
    if (isHelperThere(owner) || (sharing.areWoken && isHelperComing(owner))) return sharing.present;
    sharing.mayBeThere = false;
  }
  return sharing.called;
}

/**
 * Whether a call of so many items is to be done at once: asked once a call. One of some is not, and
 * is measured.
 *
 * @param on - whose threads help
 * @param copiedBytes - to where all threads see them, and back
 */
export function isAtOnce(cost: Cost, items: number, on: ThreadPool | undefined, copiedBytes: number): boolean {
  if (seams.itemsBefore !== undefined || explaining() !== undefined) return false;
  const us = cost.expectedUs(items);
  // Where to copy takes longer than all that helpers could do, nobody need be looked for. What takes longer than
  // a slice gives turns in between.
  const isCopying = us < SLICE_MS * 1000 && copiedBytes * COPY_US >= us;
  if (us >= LEAST_US && !isCopying) {
    const team = teamOf(on);
    const sharing = sharingWith(team);
    const isShared = copiedBytes === 0;
    if (sharing.called.has(us)) {
      // Arrays that have to be copied before take longer than helpers wait.
      if (isShared) {
        const beganMs = nowMs();
        // Whoever was woken for a row has fallen asleep again: this call pays for it.
        if (wakeHelpers(team, sharing) > 0) wereWokenInVain(sharing);
        sharing.wakingUs = (nowMs() - beganMs) * 1000;
      }
      return false;
    }
    if (sharing.mayBeThere) return false;
    // It is one of a row, perhaps: helpers that are woken while it runs are there for the next.
    stayedHere(team, cost, us, sharing.called, isShared);
  } else if (!(us < LEAST_US || isCopying)) return false; // nothing is known
  cost.countUnmeasured();
  countCallHere();
  return true;
}

/** Does a call at once, by its loop. @returns what that gives */
export function doAtOnce(cost: Cost, items: number, loop: unknown, args: readonly unknown[]): unknown {
  const beganMs = cost.isWorthAClock(items) ? nowMs() : undefined;
  // See `callLoop`.
  const result: unknown = Reflect.apply(loop as (...values: unknown[]) => unknown, undefined, args);
  if (beganMs !== undefined) {
    const us = (nowMs() - beganMs) * 1000;
    cost.tookAtOnce(items, us);
    cost.tookAll(items, us);
  }
  return result;
}

/**
 * A call stays here and takes so long; it ends now, or begins.
 *
 * @param worth - by what it was decided
 * @param isInRow - whether helpers would be there for the next
 */
export function stayedHere(team: Team, cost: Cost, us: number, worth: Worth, isInRow: boolean): void {
  if (team.helpers === 0) return;
  worth.stayed(us);
  if (!isInRow) return;
  const sharing = sharingWith(team);
  wereWokenInVain(sharing);
  sharing.inARow = cost.partOfTime(us, nowMs()) >= MOST_OF_TIME ? sharing.inARow + 1 : 0;
  if (sharing.inARow < sharing.wanted) return;
  if (!sharing.present.has(us)) {
    if (worth !== sharing.present) sharing.present.stayed(us);
    return;
  }
  sharing.inARow = 0;
  sharing.areWoken = wakeHelpers(team, sharing) > 0;
}

/** If helpers were woken at the end of a call: another has come, and they were not there any more. */
function wereWokenInVain(sharing: Sharing): void {
  if (sharing.areWoken) sharing.wanted = Math.min(MOST_IN_A_ROW, 2 * sharing.wanted);
  sharing.areWoken = false;
}

/** A call was shared out: helpers stay. */
export function sharedOut(team: Team): void {
  const sharing = sharingWith(team);
  if (sharing.areWoken) sharing.wanted = Math.max(1, sharing.wanted >> 1);
  sharing.areWoken = false;
  sharing.mayBeThere = true;
}

/** Wakes those that sleep, for the next call of this thread. @returns how many */
function wakeHelpers(team: Team, sharing: Sharing): number {
  // Where the program carries a context, helpers are called anew.
  if (team.helpers === 0 || contextHere() !== undefined) return 0;
  const sleepers = new SleepersOf(team);
  const shares = idleShares(ownerOf(team));
  for (let helper = 1; helper <= team.helpers; helper++) shares?.expects(helper, sleepers);
  if (sleepers.woken > 0) sharing.mayBeThere = true;
  return sleepers.woken;
}

/** The threads of a team's helpers that sleep. */
export class SleepersOf implements Sleepers {
  readonly #team: Team;
  woken = 0;

  constructor(team: Team) {
    this.#team = team;
  }

  hasEnded(life: Life): boolean {
    return heap().isSaidToHaveEnded(life);
  }

  wake({ slot }: Life): boolean {
    if (!wakeThread(this.#team, slot)) return false;
    this.woken++;
    countWoken();
    return true;
  }
}
