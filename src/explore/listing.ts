/** A run, for people: a column for each thread or job, a row for each step. */
import type { Failure } from "./failure.js";
import { type Lanes, lanesOf } from "./lanes.js";
import { Step, WaitOutcome } from "./operations.js";
import type { StepRecord } from "./step-record.js";

const LONGEST_LISTING = 120;
/** Rounds of a loop after which the others are counted, and how long a loop is at most. */
const SHOWN_ROUNDS = 2;
const LONGEST_LOOP = 4;

interface Row {
  readonly label: string;
  readonly lane: number;
  readonly text: string;
  readonly why: string;
}

/** The steps of the run, and the failure at its end. */
export function writeListing(execution: StepRecord, failure?: Failure): string {
  const lanes = lanesOf(execution);
  const { names } = lanes;
  const all = withoutRounds(rowsOf(execution, lanes, failure));
  const left = Math.max(0, all.length - LONGEST_LISTING);
  const rows = all.slice(left);
  const widths = names.map((name, lane) =>
    Math.max(name.length, ...rows.filter((row) => row.lane === lane).map((row) => row.text.length)),
  );
  const labelWidth = Math.max(1, ...rows.map(({ label }) => label.length));
  const line = (label: string, cells: readonly string[], why = ""): string =>
    [label.padStart(labelWidth), ...cells.map((cell, at) => cell.padEnd(widths[at] as number)), why && `<- ${why}`]
      .join("  ")
      .trimEnd();
  return [
    headOf(execution),
    line("#", names),
    ...(left > 0 ? [`${"".padStart(labelWidth)}  (${left} rows before)`] : []),
    ...rows.map(({ label, lane, text, why }) =>
      line(
        label,
        names.map((_, at) => (at === lane ? text : "")),
        why,
      ),
    ),
    ...pendingLines(execution),
  ].join("\n");
}

/** What a program that failed may not have waited for. */
function pendingLines({ pendingOutside }: StepRecord): string[] {
  return pendingOutside.length === 0 ? [] : [`pending outside at the end: ${pendingOutside.join(", ")}`];
}

/** Jobs are not switched between: the one goes on to whom something has come. */
function headOf(execution: StepRecord): string {
  const { stepCount, threadCount } = execution;
  const steps = `${stepCount} step${stepCount === 1 ? "" : "s"}`;
  if (threadCount === 1) return steps;
  const switches = countSwitches(execution);
  return `${steps}, ${switches} switch${switches === 1 ? "" : "es"}`;
}

function rowsOf(execution: StepRecord, { ofSteps, ofNotes }: Lanes, failure: Failure | undefined): Row[] {
  const marked = new Set(failure?.steps);
  const rows: Row[] = [];
  const addNotes = (step: number): void => {
    for (const [note, { step: before, text }] of execution.notes.entries()) {
      if (before === step) rows.push({ label: "", lane: ofNotes[note] ?? 0, text: `# ${text}`, why: "" });
    }
  };
  for (let step = 0; step < execution.stepCount; step++) {
    addNotes(step);
    rows.push({
      label: `${marked.has(step) ? ">" : ""}${step + 1}`,
      lane: ofSteps[step] as number,
      text: describeStep(execution, step),
      why: whySwitched(execution, step),
    });
  }
  addNotes(execution.stepCount);
  return rows;
}

/** What each step of a run did, in a few words. */
export function stepTexts(execution: StepRecord): string[] {
  return Array.from({ length: execution.stepCount }, (_, step) => describeStep(execution, step));
}

/** The rows, with those of loops counted after two rounds. */
function withoutRounds(rows: readonly Row[]): Row[] {
  const shown: Row[] = [];
  for (let at = 0; at < rows.length;) {
    const [length, rounds] = loopAt(rows, at);
    if (rounds <= SHOWN_ROUNDS + 1) {
      shown.push(rows[at++] as Row);
      continue;
    }
    shown.push(...rows.slice(at, at + SHOWN_ROUNDS * length));
    at += rounds * length;
    const { lane } = rows[at - 1] as Row;
    shown.push({ label: "", lane, text: `(${rounds - SHOWN_ROUNDS} times more)`, why: "" });
  }
  return shown;
}

/** How long the loop is that begins with a row, and how often it goes round. */
function loopAt(rows: readonly Row[], begin: number): [length: number, rounds: number] {
  for (let length = 1; length <= LONGEST_LOOP; length++) {
    let end = begin + length;
    while (end < rows.length && isSame(rows[end] as Row, rows[end - length] as Row)) end++;
    const rounds = Math.floor((end - begin) / length);
    if (rounds > SHOWN_ROUNDS + 1) return [length, rounds];
  }
  return [1, 1];
}

function isSame(row: Row, other: Row): boolean {
  return row.lane === other.lane && row.text === other.text && row.why === "" && !row.label.startsWith(">");
}

/** How often another thread went on than before although that one could have. */
export function countSwitches(execution: StepRecord): number {
  let switches = 0;
  for (let step = 1; step < execution.stepCount; step++) {
    if (execution.stepThreads[step] !== execution.stepThreads[step - 1]) switches++;
  }
  return switches;
}

function describeStep(execution: StepRecord, step: number): string {
  const kind = execution.stepKinds[step] as number;
  const place = execution.nameOf(execution.stepPlaces[step] as number);
  const value = execution.stepValues[step];
  const argument = execution.stepArguments[step];
  switch (kind) {
    case Step.start:
      return "starts";
    case Step.spawn:
      return `spawns ${execution.threads[value as number]?.name ?? "a thread"}`;
    case Step.join:
      return "joins";
    case Step.yield:
      return "yields";
    case Step.read:
      return `${place} is ${show(value)}`;
    case Step.write:
      return `${place} = ${show(value)}`;
    case Step.load:
      return `load ${place}: ${show(value)}`;
    case Step.store:
      return `store ${place} ${show(value)}`;
    case Step.change:
      return `${place} ${show(argument)}, was ${show(value)}`;
    case Step.wait:
      return `wait ${place} ${value === WaitOutcome.sleeps ? "for change: sleeps" : "no more as expected"}`;
    case Step.woken:
      return value === WaitOutcome.timedOut ? "its time is over" : "is awake";
    case Step.notify:
      return `notify ${place}: ${value === 0 ? "nobody sleeps" : `wakes ${show(value)}`}`;
    case Step.call:
      return `calls ${show(argument)}`;
    case Step.return:
      return `has ${show(argument)}`;
    case Step.happen:
      return String(value);
    default:
      return "?";
  }
}

function show(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** Why this step is another thread's than the one before. */
function whySwitched(execution: StepRecord, step: number): string {
  if (step === 0) return "";
  const before = execution.stepThreads[step - 1] as number;
  const now = execution.stepThreads[step] as number;
  if (before === now) return "";
  const name = execution.threads[before]?.name ?? "";
  for (let later = step; later < execution.stepCount; later++) {
    if (execution.stepThreads[later] !== before) continue;
    const kind = execution.stepKinds[later];
    if (kind === Step.woken) return `${name} sleeps`;
    if (kind === Step.join) return `${name} waits`;
    return `${name} stopped before ${later + 1}`;
  }
  const thread = execution.threads[before];
  return thread !== undefined && execution.unfinished().includes(thread) ? `${name} can't go on` : `${name} ended`;
}
