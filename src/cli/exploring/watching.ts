/** Looks after all searches of a file: gives them the options of the command, shows how they go, keeps what came of them. */
import { hostMs } from "../../explore/host-time.js";
import type { ExploreOptions } from "../../explore/index.js";
import type { Overseer, SearchEnd, SearchState, Watch, WatchedSearch } from "../../explore/overseer.js";
import type { Language } from "../../trace/index.js";
import { duration } from "../../trace/words/language.js";
import { type Part, ProgressLine } from "./progress-line.js";
import { ProgramRecord } from "./record.js";
import type { ExploreSettings } from "./settings.js";
import { grouped, schedulesText, STATES } from "./words.js";

interface Running {
  readonly search: WatchedSearch;
  readonly record: ProgramRecord;
  readonly beganMs: number;
}

export class Watching implements Overseer {
  readonly file: string;
  readonly replayFlags: string;
  /** Of the programs, in the order of their first searches. */
  readonly records: ProgramRecord[] = [];
  readonly line: ProgressLine;
  readonly #settings: ExploreSettings;
  #running: Running | undefined;

  constructor(settings: ExploreSettings) {
    this.#settings = settings;
    this.file = settings.file;
    // A schedule has the reads of that memory in it, so it is run under the same.
    this.replayFlags = settings.options.memory === undefined ? "" : ` --memory ${settings.options.memory}`;
    this.line = new ProgressLine(!settings.json);
  }

  begin(search: WatchedSearch): Watch {
    const { only, options: asked } = this.#settings;
    const options = withAsked(search.options, asked);
    const record = new ProgramRecord(search.name, asked.token !== undefined);
    this.records.push(record);
    const isMeant = only === undefined || only === search.name;
    if (!isMeant) record.passedBy = "name";
    const running: Running = { search, record, beganMs: hostMs() };
    this.#running = running;
    return {
      options,
      passBy: isMeant ? undefined : "it is not the one that was asked for",
      turn: () => this.#show(running),
      end: (end: SearchEnd) => {
        this.#running = undefined;
        if (isMeant) record.end(end, hostMs() - running.beganMs);
        this.#join(record);
      },
    };
  }

  /** Ends where it is: the search that is under way counts as far as it came. */
  stop(): void {
    if (this.#running === undefined) return;
    const { record, search, beganMs } = this.#running;
    record.stop(search.now(), hostMs() - beganMs);
    this.#running = undefined;
  }

  /** Of searches of one program in which nothing was found there is one record. */
  #join(record: ProgramRecord): void {
    const first = this.records.find(({ name, result }) => name === record.name && result === record.result);
    if (first === record || first === undefined || record.result === "found" || record.result === "misuse") return;
    first.join(record);
    this.records.splice(this.records.indexOf(record), 1);
  }

  #show({ search, beganMs }: Running): void {
    const nowMs = hostMs();
    this.line.show(nowMs, () => partsOf(search.name, search.now(), nowMs - beganMs, this.#settings.language));
  }
}

/** The command's options in the place of the program's; a budget of time or of schedules in the place of both. */
function withAsked(own: ExploreOptions, asked: ExploreOptions): ExploreOptions {
  const { budgetMs: _, schedules: __, ...others } = own;
  const isBudgetAsked = asked.budgetMs !== undefined || asked.schedules !== undefined;
  return { ...(isBudgetAsked ? others : own), ...asked };
}

function partsOf(
  name: string,
  { schedules, steps, strategy, leftMs, isShortening }: SearchState,
  ranMs: number,
  language: Language,
): Part[] {
  const isEnglish = language === "en";
  if (isShortening) return [named(name), { text: STATES.shortening[language], rank: 1 }];
  const perSecond = Math.round((schedules / Math.max(1, ranMs)) * 1000);
  const parts = [
    named(name),
    { text: schedulesText(schedules, language), rank: 1 },
    { text: `${grouped(perSecond, language)}/${isEnglish ? "s" : "с"}`, rank: 2 },
    { text: strategy, rank: 4 },
    { text: `${isEnglish ? "longest" : "длиннейшее"} ${steps}`, rank: 5 },
  ];
  if (leftMs === Infinity) return parts;
  const left = duration(Math.max(0, leftMs), language);
  return [...parts, { text: isEnglish ? `${left} left` : `ещё ${left}`, rank: 3 }];
}

function named(name: string): Part {
  return { text: name, rank: 0 };
}
