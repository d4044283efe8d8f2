/**
 * Locks, as far as they can be told from the steps of a run: a place that a thread
 * changes from 0 to something else in one step has been taken, and free again when
 * that thread makes it 0. So are the library's, and what programs make of cells.
 */
import { Step } from "../operations.js";
import type { StepRecord } from "../step-record.js";
import type { VirtualThread } from "../virtual-thread.js";

/** What a step does to a lock. */
type LockChange = "takes" | "frees" | undefined;

/** What a step does, if its place is a lock. */
function lockChangeOf(run: StepRecord, step: number): LockChange {
  const kind = run.stepKinds[step];
  const argument = run.stepArguments[step];
  if (kind === Step.store) return argument === 0 ? "frees" : undefined;
  if (kind !== Step.change || typeof argument !== "string") return undefined;
  const before = String(run.stepValues[step]);
  const [expected, next] = argument.startsWith(":= ") ? [before, argument.slice(3)] : argument.split(" -> ");
  if (next === undefined || before !== expected) return undefined;
  if (before === "0") return next === "0" ? undefined : "takes";
  return next === "0" ? "frees" : undefined;
}

/** Who has taken a place and not freed it, if it is used as a lock is. */
export function holderOf(run: StepRecord, place: number): VirtualThread | undefined {
  for (let step = run.stepCount - 1; step >= 0; step--) {
    if (run.stepPlaces[step] !== place) continue;
    const change = lockChangeOf(run, step);
    if (change !== undefined) return change === "takes" ? run.threads[run.stepThreads[step] as number] : undefined;
  }
  return undefined;
}

/** One lock taken while another was held. */
interface LockOrder {
  readonly first: string;
  readonly second: string;
  readonly thread: string;
  /** Locks held besides: where two orders have one in common, they can't meet. */
  readonly gates: readonly string[];
}

/** The orders in which a run took locks that their takers also freed. */
function lockOrdersOf(run: StepRecord): LockOrder[] {
  const locks = placesUsedAsLocks(run);
  if (locks.size < 2) return [];
  const held: number[][] = [];
  const orders: LockOrder[] = [];
  for (let step = 0; step < run.stepCount; step++) {
    const place = run.stepPlaces[step] as number;
    if (!locks.has(place)) continue;
    const index = run.stepThreads[step] as number;
    const own = (held[index] ??= []);
    const change = lockChangeOf(run, step);
    if (change === "takes") {
      const thread = run.threads[index]?.name ?? "";
      for (const first of own) {
        const gates = own.filter((other) => other !== first).map((other) => run.nameOf(other));
        orders.push({ first: run.nameOf(first), second: run.nameOf(place), thread, gates });
      }
      own.push(place);
    } else if (change === "frees") {
      held[index] = own.filter((other) => other !== place);
    }
  }
  return orders;
}

/** Places that some thread has taken, and then freed itself; and that nobody else ever freed. */
function placesUsedAsLocks(run: StepRecord): Set<number> {
  const takers = new Map<number, number>();
  const locks = new Set<number>();
  const others = new Set<number>();
  for (let step = 0; step < run.stepCount; step++) {
    const change = lockChangeOf(run, step);
    if (change === undefined) continue;
    const place = run.stepPlaces[step] as number;
    const thread = run.stepThreads[step] as number;
    if (change === "takes") takers.set(place, thread);
    else if (takers.get(place) === thread) locks.add(place);
    else if (takers.has(place)) others.add(place);
  }
  for (const place of others) locks.delete(place);
  return locks;
}

/** Keeps the orders of all runs, and finds two that contradict each other. */
export class LockOrders {
  readonly #orders: Map<string, LockOrder> = new Map();
  #inversion: string | undefined;

  note(run: StepRecord): void {
    for (const order of lockOrdersOf(run)) {
      const key = [order.first, order.second, order.thread, ...order.gates].join("\n");
      if (this.#orders.has(key)) continue;
      this.#orders.set(key, order);
      this.#inversion ??= this.#against(order);
    }
  }

  #against(order: LockOrder): string | undefined {
    for (const other of this.#orders.values()) {
      const isOpposite = other.first === order.second && other.second === order.first;
      if (!isOpposite || other.thread === order.thread) continue;
      if (other.gates.some((gate) => order.gates.includes(gate))) continue;
      return `lock order: "${other.thread}" takes ${other.first}, then ${other.second}; "${order.thread}" takes them the other way round`;
    }
    return undefined;
  }

  /** Two orders that contradict each other, so that threads could wait for each other. */
  get inversion(): string | undefined {
    return this.#inversion;
  }
}
