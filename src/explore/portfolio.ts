/** Which strategy makes the next run, and what they have covered together. */
import type { Coverage } from "./explore.js";
import type { Execution } from "./execution.js";
import type { StrategyName } from "./options.js";
import { BoundedStrategy } from "./strategies/bounded.js";
import { DporStrategy } from "./strategies/dpor.js";
import { PctStrategy } from "./strategies/pct.js";
import { PosStrategy } from "./strategies/pos.js";
import { RandomStrategy } from "./strategies/random.js";
import type { Strategy } from "./strategies/strategy.js";
import { WalkStrategy } from "./strategies/walk.js";

/** Runs that a strategy makes before the next has its turn. */
const TURN_RUNS = 32;
/** Preemptions up to which all orders are tried. */
const MOST_PREEMPTIONS = 3;

/** What each strategy may do alone before they take turns: most bugs need little, and most programs are small. */
const ALONE = { bounded: 100, dpor: 400 };

interface Member {
  readonly strategy: Strategy;
  runs: number;
  isOver: boolean;
}

export class Portfolio {
  readonly #members: readonly Member[];
  readonly #alone: readonly (readonly [Member, number])[];
  readonly #bounded: BoundedStrategy | undefined;
  readonly #dpor: DporStrategy | undefined;
  /** Whose turns follow each other. */
  readonly #order: readonly Member[];
  #current: Member;
  #turn = 0;
  #at = 0;
  #threads = 0;
  #steps = 0;
  #isInexact = false;

  constructor(name: StrategyName, seed: number) {
    const bounded = new BoundedStrategy(MOST_PREEMPTIONS);
    const dpor = new DporStrategy();
    const byName: Readonly<Record<StrategyName, readonly Strategy[]>> = {
      random: [new RandomStrategy(seed)],
      pct: [new PctStrategy(seed, 3)],
      pos: [new PosStrategy(seed)],
      walk: [new WalkStrategy(seed)],
      bounded: [bounded],
      dpor: [dpor],
      auto: [
        dpor,
        new WalkStrategy(seed),
        new PctStrategy(seed + 1, 3),
        new PosStrategy(seed + 2),
        bounded,
        new PctStrategy(seed + 3, 2),
        new RandomStrategy(seed + 4),
        new PctStrategy(seed + 5, 5),
      ],
    };
    const strategies = byName[name];
    this.#members = strategies.map((strategy) => ({ strategy, runs: 0, isOver: false }));
    this.#bounded = strategies.includes(bounded) ? bounded : undefined;
    this.#dpor = strategies.includes(dpor) ? dpor : undefined;
    const memberOf = (strategy: Strategy): Member =>
      this.#members.find((member) => member.strategy === strategy) as Member;
    this.#alone =
      name === "auto"
        ? [
            [memberOf(bounded), ALONE.bounded],
            [memberOf(dpor), ALONE.dpor],
          ]
        : [];
    // Every second turn is that of the one which can come to an end.
    const first = this.#members[0] as Member;
    const others = this.#members.slice(1);
    this.#order = others.length === 0 ? [first] : others.flatMap((other) => [first, other]);
    this.#current = first;
  }

  /** Who makes the next run. */
  get next(): Strategy {
    this.#current = this.#choose();
    return this.#current.strategy;
  }

  #choose(): Member {
    for (const [member, most] of this.#alone) if (!member.isOver && member.runs < most) return member;
    if (this.#turn++ % TURN_RUNS === 0 || this.#current.isOver) {
      do this.#at = (this.#at + 1) % this.#order.length;
      while ((this.#order[this.#at] as Member).isOver);
    }
    return this.#order[this.#at] as Member;
  }

  /** A run of the strategy that `next` gave has ended. @returns false if there is nothing left to try */
  end(execution: Execution): boolean {
    const member = this.#current;
    member.runs++;
    this.#threads = Math.max(this.#threads, execution.threadCount);
    this.#steps = Math.max(this.#steps, execution.stepCount);
    this.#isInexact ||= execution.isInexact;
    member.isOver = !member.strategy.end(execution);
    if (!member.isOver) return true;
    return this.#isComplete ? false : this.#members.some(({ isOver }) => !isOver);
  }

  get #isComplete(): boolean {
    return !this.#isInexact && (this.#bounded?.isComplete === true || this.#dpor?.isComplete === true);
  }

  get coverage(): Coverage {
    if (this.#isComplete && this.#dpor?.isComplete === true) {
      return {
        kind: "complete",
        text: `complete: ${count(this.#dpor.runs, "schedule")}, to one of which each other is equal`,
      };
    }
    if (this.#isComplete && this.#bounded !== undefined) {
      return { kind: "complete", text: `complete: all ${count(this.#bounded.runsBefore, "schedule")}` };
    }
    const parts = this.#members.flatMap(({ strategy, runs }) => (runs === 0 ? [] : [this.#describe(strategy, runs)]));
    if (this.#isInexact) parts.push("a loop that ends by itself after many rounds was taken for one that waits");
    const isBounded = this.#members.length === 1 && this.#bounded !== undefined;
    return { kind: isBounded ? "bounded" : "sampled", text: parts.join("; ") };
  }

  #describe(strategy: Strategy, runs: number): string {
    if (strategy === this.#bounded) {
      const { bound, runsBefore } = this.#bounded;
      const isWhole = this.#members.find((member) => member.strategy === strategy)?.isOver === true;
      const whole = isWhole ? bound : bound - 1;
      return whole < 0
        ? `${count(runs, "schedule")} without preemption`
        : `all schedules with at most ${count(whole, "preemption")} (${runsBefore})`;
    }
    if (strategy === this.#dpor) return `${count(this.#dpor.runs, "schedule")} of those that none is equal to`;
    if (strategy instanceof PctStrategy) return this.#describePct(strategy, runs);
    return `${count(runs, "schedule")} sampled by ${strategy.name}`;
  }

  #describePct({ depth, name }: PctStrategy, runs: number): string {
    const chance = 1 / (this.#threads * this.#steps ** (depth - 1));
    const escapes = (1 - chance) ** runs;
    return `${count(runs, "schedule")} sampled by ${name} (a bug of that depth escapes with a probability of at most ${escapes.toPrecision(2)})`;
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
