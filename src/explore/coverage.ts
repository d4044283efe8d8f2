/** What a search without a find has covered: as facts, and in words. */

/** What a search without a find covered. */
export interface Coverage {
  /**
   * `complete`: every order, or one of each group of orders that are equal; `bounded`:
   * all with at most so many preemptions; `sampled`: some.
   */
  readonly kind: "complete" | "bounded" | "sampled";
  /** In a sentence of two lines at most. */
  readonly text: string;
  /** Up to how many preemptions all orders were run, whatever else was; `undefined` if for no number. */
  readonly preemptions: number | undefined;
}

/** With what probability, at most, a bug escaped whose depth is this: so many steps have to come in one order. */
export interface Escape {
  readonly depth: number;
  readonly probability: number;
}

/** How a search that tried everything knows that. */
export interface Ending {
  readonly schedules: number;
  /** Whether of equal orders one was run. */
  readonly isUpToEquality: boolean;
}

/** Up to how many preemptions all orders have been run, and how many those are. */
export interface Whole {
  readonly preemptions: number;
  readonly schedules: number;
}

interface Facts {
  readonly completeBy: Ending | undefined;
  /** The one that was asked for. */
  readonly strategy: string;
  readonly schedules: number;
  readonly whole: Whole | undefined;
  readonly isBoundedAlone: boolean;
  readonly escapes: readonly Escape[];
  /** Whether a loop was taken for one that waits, which it is not: then orders may have been left out. */
  readonly isInexact: boolean;
}

/** A bug that escapes nearly always is none that was looked for. */
const MOST_ESCAPE = 0.99;
/** Of the depths for which it is known, the lowest: bugs of these are the most. */
const SHOWN_ESCAPES = 2;

export function coverageOf({ completeBy, ...facts }: Facts): Coverage {
  const preemptions = facts.whole?.preemptions;
  if (completeBy !== undefined) {
    const { schedules, isUpToEquality } = completeBy;
    const text = isUpToEquality
      ? `complete: ${count(schedules, "schedule")}, to one of which each other is equal`
      : `complete: all ${count(schedules, "schedule")}`;
    return { kind: "complete", text, preemptions };
  }
  const kind = facts.isBoundedAlone ? "bounded" : "sampled";
  const { whole } = facts;
  // Here all that was run is what the bound lets pass.
  const said = kind === "bounded" && whole !== undefined ? wholeText(whole) : sampledText(facts);
  const text = facts.isInexact ? `${said}; a loop that ends by itself was taken for a wait` : said;
  return { kind, text: `${kind}: ${text}`, preemptions };
}

function sampledText({ strategy, schedules, whole, escapes }: Omit<Facts, "completeBy">): string {
  const among = whole === undefined ? "" : `, with ${wholeText(whole)}`;
  return `${count(schedules, "schedule")} by ${strategy}${among}${escapeText(escapes)}`;
}

function wholeText({ schedules, preemptions }: Whole): string {
  return `all ${schedules} ${preemptions === 0 ? "without preemption" : `with at most ${count(preemptions, "preemption")}`}`;
}

function escapeText(escapes: readonly Escape[]): string {
  const known = escapes
    .filter(({ probability }) => probability < MOST_ESCAPE)
    .toSorted((one, other) => one.depth - other.depth)
    .slice(0, SHOWN_ESCAPES)
    .map(({ depth, probability }) => `${probability.toPrecision(2)} at depth ${depth}`);
  return known.length === 0 ? "" : `; chances to miss a bug: at most ${known.join(", ")}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
