/** Which strategy makes the next run, and how far they have come together. */
import { type Coverage, coverageOf, type Ending, type Escape, type Whole } from "./coverage.js";
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
  readonly #name: StrategyName;
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
    this.#name = name;
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

  /** Who made the last one, or will make the first. */
  get current(): Strategy {
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
    return coverageOf({
      completeBy: this.#isComplete ? this.#completeBy : undefined,
      isInexact: this.#isInexact,
      strategy: this.#name,
      schedules: this.#members.reduce((sum, { runs }) => sum + runs, 0),
      whole: this.#whole,
      isBoundedAlone: this.#members.length === 1 && this.#bounded !== undefined,
      escapes: this.#escapes,
    });
  }

  /** How the search came to its end, if it did, and after how many schedules. */
  get #completeBy(): Ending | undefined {
    if (this.#dpor?.isComplete === true) return { schedules: this.#dpor.runs, isUpToEquality: true };
    if (this.#bounded?.isComplete === true) return { schedules: this.#bounded.runsBefore, isUpToEquality: false };
    return undefined;
  }

  get #whole(): Whole | undefined {
    if (this.#bounded === undefined) return undefined;
    const isOver = this.#members.find(({ strategy }) => strategy === this.#bounded)?.isOver === true;
    const { bound, runsBefore: schedules } = this.#bounded;
    const preemptions = isOver ? bound : bound - 1;
    return preemptions < 0 ? undefined : { preemptions, schedules };
  }

  /** How likely a bug has escaped, by its depth: each run is one try, whatever the ones before gave. */
  get #escapes(): Escape[] {
    return this.#members.flatMap(({ strategy, runs }) => {
      if (!(strategy instanceof PctStrategy) || runs === 0) return [];
      const chance = 1 / (this.#threads * this.#steps ** (strategy.depth - 1));
      return [{ depth: strategy.depth, probability: (1 - chance) ** runs }];
    });
  }
}
