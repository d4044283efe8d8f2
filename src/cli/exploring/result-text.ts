/** The lines that are printed of a program when its search has ended. */
import { replayOf } from "../../explore/replay-command.js";
import type { Language } from "../../trace/index.js";
import type { ProgramRecord } from "./record.js";
import { coveredText, foundText, ON_THREADS, STATES, WARNING } from "./words.js";

const MARKS = {
  "nothing found": ["✔", "32"],
  found: ["✖", "31"],
  misuse: ["✖", "31"],
  "passed by": ["–", "2"],
  stopped: ["·", "33"],
} as const;

interface Paper {
  readonly language: Language;
  readonly isColoured: boolean;
  /** Whether what was found is told in full: not where the file has it printed itself. */
  readonly isFull: boolean;
}

export function resultText(record: ProgramRecord, { language, isColoured, isFull }: Paper): string {
  const [mark, colour] = MARKS[record.result];
  const sign = isColoured ? `\u001B[${colour}m${mark}\u001B[0m` : mark;
  const lines = [`${sign} ${record.name}: ${stateText(record, language)}`];
  const { found } = record;
  if (found !== undefined && isFull) lines.push(found.diagnosis, "", found.listing, "");
  const { verdict, text } = found?.confirmation ?? {};
  if (verdict !== undefined) lines.push(`${isFull ? "" : "  "}${ON_THREADS[language]}: ${verdict}: ${text}`);
  if (found !== undefined) lines.push(`${isFull ? "" : "  "}replay: ${replayOf(found.token)}`);
  for (const warning of record.warnings) lines.push(`  ${WARNING[language]}: ${warning}`);
  return lines.join("\n");
}

function stateText(record: ProgramRecord, language: Language): string {
  const { found, misuse, passedBy, coverage } = record;
  if (found !== undefined) return foundText(found.kind, found.schedules, found.data, language);
  if (misuse !== undefined) return misuse.message;
  if (passedBy !== undefined) return STATES[passedBy === "unused" ? "passedByUnused" : "passedByToken"][language];
  if (record.isReplay) return STATES.goesRight[language];
  const covered = coveredText(
    {
      kind: coverage?.kind ?? "sampled",
      preemptions: coverage?.preemptions,
      searches: record.searches,
      schedules: record.schedules,
      steps: record.steps,
      tookMs: record.tookMs,
    },
    language,
  );
  return record.isStopped ? `${STATES.stopped[language]}; ${covered}` : covered;
}
