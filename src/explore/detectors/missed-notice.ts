/**
 * Why somebody waits for ever for a condition or an event of the library: it was
 * notified, or set and cleared again, before the waiter had begun to wait.
 *
 * Such an object is told by its name, and known by its cells: threads sleep on its
 * epoch, and who changes it looks at the cell behind that, which counts the sleepers.
 */
import type { Failure } from "../failure.js";
import { Step } from "../operations.js";
import type { StepRecord } from "../step-record.js";
import type { VirtualThread } from "../virtual-thread.js";

const SLEEPERS_BEHIND_EPOCH = 1;

/** The thread sleeps, in the step `slept`. */
export function findMissedNotice(run: StepRecord, { index, name }: VirtualThread, slept: number): Failure | undefined {
  const word = run.nameOf(run.stepPlaces[slept] as number);
  const object = /^(?<object>(?<kind>condition|event)\b.*)\[\d+\]$/.exec(word)?.groups;
  if (object?.["object"] === undefined) return undefined;
  const wait = { run, index, name, slept, object: object["object"] };
  return object["kind"] === "event" ? missedSet(wait) : missedNotification(wait);
}

interface Wait {
  readonly run: StepRecord;
  readonly index: number;
  readonly name: string;
  readonly slept: number;
  readonly object: string;
}

/** Where a thread last looked at what it waits for, and where it began to wait after that. */
interface Beginning {
  /** -1 if it did not look. */
  readonly looked: number;
  readonly began: number;
}

function missedNotification(wait: Wait): Failure | undefined {
  const { run, name, slept, object } = wait;
  const { looked, began } = beginningOf(wait);
  const missed = changesBetween(wait, looked, began).at(-1);
  if (missed === undefined) return undefined;
  const notifier = threadOf(run, missed);
  const story =
    looked === -1
      ? `"${notifier}" notified when nobody waited yet (step ${missed + 1}), then it began to wait without a look (step ${slept + 1})`
      : `it looked (step ${looked + 1}), then "${notifier}" notified, when nobody waited yet (step ${missed + 1}), then it began to wait (step ${slept + 1})`;
  return {
    kind: "lost wake-up",
    message:
      `"${name}" waits for ${object} for ever: ${story}. ` +
      "The waiter has to look while it holds the mutex that it waits with, and the notifier to change what is looked at while it holds that, too",
    steps: looked === -1 ? [missed, slept] : [looked, missed, slept],
  };
}

/** Set, then cleared: whoever waits from then on waits for the next time. */
function missedSet(wait: Wait): Failure | undefined {
  const { run, name, slept, object } = wait;
  // The last change has cleared it, or it would be set; so the one before has set it.
  const [set, cleared] = changesBetween(wait, -1, slept).slice(-2);
  if (set === undefined || cleared === undefined) return undefined;
  return {
    kind: "lost wake-up",
    message:
      `"${name}" waits for ${object} for ever: "${threadOf(run, set)}" set it (step ${set + 1}), ` +
      `"${threadOf(run, cleared)}" cleared it (step ${cleared + 1}), then it fell asleep (step ${slept + 1}). ` +
      "An event that is cleared at once lets go on only who waits already: leave it set, or count what happened by a semaphore",
    steps: [set, cleared, slept],
  };
}

/** Steps between two others in which another thread has changed the object, and looked whether somebody sleeps. */
function changesBetween({ run, index, slept }: Wait, after: number, before: number): number[] {
  const sleepers = (run.stepPlaces[slept] as number) + SLEEPERS_BEHIND_EPOCH;
  const steps: number[] = [];
  for (let step = after + 1; step < before; step++) {
    const isLook = run.stepKinds[step] === Step.load && run.stepPlaces[step] === sleepers;
    if (isLook && run.stepThreads[step] !== index) steps.push(step);
  }
  return steps;
}

function beginningOf({ run, index, slept, object }: Wait): Beginning {
  let began = slept;
  for (let step = slept - 1; step >= 0; step--) {
    if (run.stepThreads[step] !== index) continue;
    const kind = run.stepKinds[step];
    const place = run.nameOf(run.stepPlaces[step] as number);
    // Woken before: what came then belongs to another wait.
    if (kind === Step.woken) return { looked: -1, began: slept };
    if (place.startsWith(`${object}[`)) began = step;
    else if (!place.startsWith("mutex") && LOOKS.has(kind as number)) return { looked: step, began };
  }
  return { looked: -1, began };
}

const LOOKS: ReadonlySet<number> = new Set([Step.load, Step.read, Step.change]);

function threadOf(run: StepRecord, step: number): string {
  return run.threads[run.stepThreads[step] as number]?.name ?? "";
}
