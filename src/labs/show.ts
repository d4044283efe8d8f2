/** Labs and their runs as text. */
import { styleText } from "node:util";

import { decimal, duration, type Language, percent } from "../trace/words/language.js";
import { LABS, numberOf } from "./catalog.js";
import { outcomeOf } from "./evidence.js";
import type { Judgement, JudgementKind, Lab, Lane, Measured, NumberEntry, PhaseFacts } from "./lab.js";
import { drawLanes, lengthOf } from "./picture.js";
import type { LabRun } from "./start-lab.js";
import { labelled, table, wrap } from "./text.js";
import { laneName, WORDS } from "./words.js";

const LABEL_WIDTH = 10;
const INDENT = "  ";

/** How to write: for whom, how wide, and whether in colour. */
export interface Look {
  readonly language: Language;
  /** 60 to 120. */
  readonly width: number;
  readonly useColour: boolean;
}

const MARKS: Readonly<Record<JudgementKind, readonly ["green" | "red" | "yellow", string]>> = {
  shown: ["green", "✔"],
  "not-shown": ["red", "✖"],
  inconclusive: ["yellow", "?"],
};

function style(format: Parameters<typeof styleText>[0], text: string, { useColour }: Look): string {
  return useColour ? styleText(format, text) : text;
}

export function showList(look: Look): string {
  const words = WORDS[look.language];
  const nameWidth = Math.max(...LABS.map(({ name }) => name.length));
  const rows = LABS.flatMap((lab) => {
    const head = `${String(numberOf(lab)).padStart(4)}  ${lab.name.padEnd(nameWidth)}  `;
    const lines = wrap(`${lab.title[look.language]} (${lab.statements.join(", ")})`, look.width - head.length);
    return lines.map((line, i) => (i === 0 ? head : " ".repeat(head.length)) + line);
  });
  return [...wrap(words.labs, look.width), "", ...rows, "", ...words.listTail.map((line) => INDENT + line)].join("\n");
}

/** What stands above a run: claim, question, choices. */
export function showHead(lab: Lab, look: Look): string {
  const { language } = look;
  const words = WORDS[language];
  const title = `${words.lab} ${numberOf(lab)} · ${lab.title[language]}`;
  const choices = lab.prediction.choices.map((choice, i) => `${letterOf(i)}  ${choice[language]}`);
  return [
    ...wrap(`${title} (${lab.statements.join(", ")})`, look.width).map((line) => style("bold", line, look)),
    "",
    ...paragraph(words.claim, lab.claim[language], look),
    ...paragraph(words.predict, lab.prediction.question[language], look),
    ...choices.flatMap((choice) => paragraph("", choice, look)),
    "",
  ].join("\n");
}

/** The run itself. */
export function showRun({ lab, judgement, measured, output }: LabRun, guess: number | undefined, look: Look): string {
  const { language } = look;
  const words = WORDS[language];
  const lines: string[] = [];
  if (measured !== undefined) {
    lines.push(...numbersOf(lab, measured, look), "", ...phasesOf(lab, measured, look), "");
    for (const [phase, lanes] of Object.entries(measured.lanes)) {
      const title = words.picture(lab.phases[phase]?.[language] ?? phase, duration(lengthOf(lanes), language));
      lines.push(INDENT + title, ...drawLanes(named(lanes, language), look.width - 2).map((row) => INDENT + row), "");
    }
  }
  if (output.trim() !== "") lines.push(`${INDENT}${words.programSaid}:`, output.trimEnd(), "");
  lines.push(...verdictLines(judgement, look));
  const outcome = measured === undefined ? undefined : outcomeOf(lab, measured);
  if (outcome !== undefined) lines.push(...paragraph("", outcomeText(lab, outcome, guess, language), look));
  lines.push("", ...paragraph(words.means, lab.explanation[language], look));
  lines.push(...paragraph(words.next, lab.next[language], look));
  lines.push(
    ...words.nextHow(numberOf(lab)).map((line) => INDENT + " ".repeat(LABEL_WIDTH) + style("dim", line, look)),
  );
  return lines.join("\n");
}

function named(lanes: readonly Lane[], language: Language): readonly Lane[] {
  return lanes.map(({ name, runs }) => ({ name: laneName(name, language), runs }));
}

function outcomeText(lab: Lab, outcome: number, guess: number | undefined, language: Language): string {
  const words = WORDS[language];
  const was = `${words.itWas} ${letterOf(outcome)}: ${lab.prediction.choices[outcome]?.[language] ?? ""}`;
  if (guess === undefined) return was;
  return `${words.predicted} ${letterOf(guess)}, ${was}${guess === outcome ? " ✔" : ""}`;
}

export function letterOf(choice: number): string {
  return "abcdefgh"[choice] ?? "?";
}

function paragraph(label: string, text: string, look: Look): readonly string[] {
  const [first = "", ...rest] = labelled(label, text, look.width - INDENT.length, LABEL_WIDTH);
  const dimmed = style("dim", first.slice(0, LABEL_WIDTH), look) + first.slice(LABEL_WIDTH);
  return [dimmed, ...rest].map((line) => INDENT + line);
}

function verdictLines(judgement: Judgement, look: Look): readonly string[] {
  const [colour, mark] = MARKS[judgement.kind];
  const verdict = `${mark} ${WORDS[look.language].verdicts[judgement.kind]}`;
  const text = wrap(`${verdict}: ${judgement.because[look.language]}`, look.width - INDENT.length - 2);
  return text.map((line, i) =>
    i === 0 ? INDENT + style([colour, "bold"], verdict, look) + line.slice(verdict.length) : `${INDENT}  ${line}`,
  );
}

function numbersOf(lab: Lab, { numbers }: Measured, look: Look): readonly string[] {
  const rows = lab.numbers.flatMap((entry) => {
    const value = numbers[entry.name];
    return value === undefined ? [] : [[entry.words[look.language], numberText(value, entry.unit, look.language)]];
  });
  if (rows.length === 0) return [];
  return [
    INDENT + style("dim", WORDS[look.language].numbers, look),
    ...table(rows).map((row) => INDENT + INDENT + row),
  ];
}

export function numberText(value: number, unit: NumberEntry["unit"], language: Language): string {
  switch (unit) {
    case "count":
      return Math.round(value).toLocaleString(language);
    case "ms":
      return duration(value, language);
    case "us":
      return `${decimal(value, language)} ${language === "ru" ? "мкс" : "µs"}`;
    case "share":
      return percent(value);
    case "kb":
      return `${decimal(value, language)} ${language === "ru" ? "кБ" : "kB"}`;
    case "plain":
      return decimal(value, language);
  }
}

/** The phases beside each other; columns that nothing is known of, or that don't fit, are left out. */
function phasesOf(lab: Lab, { phases }: Measured, look: Look): readonly string[] {
  const { language } = look;
  const { columns, notTold } = WORDS[language];
  const text = (value: number | undefined, write: (value: number) => string): string =>
    value === undefined ? notTold : write(value);
  const cells = (facts: PhaseFacts): string[] => [
    lab.phases[facts.name]?.[language] ?? facts.name,
    duration(facts.wallMs, language),
    duration(facts.cpuMs, language),
    decimal(facts.wallMs <= 0 ? 0 : facts.cpuMs / facts.wallMs, language),
    text(facts.mostInFlight === 0 ? undefined : facts.meanInFlight, (mean) => decimal(mean, language)),
    text(facts.ownSwitches, (count) => count.toLocaleString(language)),
    text(facts.forcedSwitches, (count) => count.toLocaleString(language)),
    text(facts.othersCores, (cores) => decimal(cores, language)),
  ];
  let rows = [[...columns], ...phases.map(cells)];
  const isEmpty = (column: number): boolean => rows.slice(1).every((row) => row[column] === notTold);
  const kept = columns.map((_, column) => column).filter((column) => !isEmpty(column));
  // The last columns are the least needed.
  for (;;) {
    const narrowed = rows.map((row) => kept.map((column) => row[column] ?? ""));
    const lines = table(narrowed);
    if (kept.length <= 4 || Math.max(...lines.map((line) => line.length)) <= look.width - 2) {
      rows = narrowed;
      return lines.map((line, i) => INDENT + (i === 0 ? style("dim", line, look) : line));
    }
    kept.pop();
  }
}

/** A line of the table of all labs. */
export function showRow({ lab, judgement }: LabRun, look: Look): string {
  const { language } = look;
  const [colour, mark] = MARKS[judgement.kind];
  const number = String(numberOf(lab)).padStart(3);
  const verdict = WORDS[language].verdicts[judgement.kind];
  const head = `${number}  ${style(colour, `${mark} ${verdict}`, look)}  ${lab.title[language]} (${lab.statements.join(", ")})`;
  const reason = wrap(judgement.because[language], look.width - 7).map((line) => `       ${style("dim", line, look)}`);
  return [head, ...reason].join("\n");
}

/** Of each statement, what its labs say together: not shown if one says so, shown if one does and none other. */
export function showStatements(runs: readonly LabRun[], look: Look): string {
  const statements = new Set(runs.flatMap(({ lab }) => lab.statements));
  const order = [...statements].toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  const texts = order.map((statement) => {
    const theirs = runs.filter(({ lab }) => lab.statements.includes(statement));
    const kinds = new Set(theirs.map(({ judgement }) => judgement.kind));
    const kind = (["not-shown", "shown"] as const).find((one) => kinds.has(one)) ?? "inconclusive";
    return `${statement}\u00A0${MARKS[kind][1]}`;
  });
  return wrap(texts.join(" "), look.width - INDENT.length)
    .map((line) => INDENT + line)
    .join("\n");
}

export function showSummary(runs: readonly LabRun[], { language }: Look): string {
  const count = (kind: JudgementKind): number => runs.filter(({ judgement }) => judgement.kind === kind).length;
  return WORDS[language].summary(count("shown"), count("not-shown"), count("inconclusive"));
}
