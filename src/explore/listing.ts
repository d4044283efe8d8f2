/** A run, for people: a column for each thread, a row for each step. */
import type { Execution } from "./execution.js";
import type { Failure } from "./failure.js";
import { Step, WaitOutcome } from "./operations.js";

const LONGEST_LISTING = 120;

/** The steps of the run, and the failure at its end. */
export function writeListing(execution: Execution, failure?: Failure): string {
  const { stepThreads, stepCount, notes } = execution;
  const first = Math.max(0, stepCount - LONGEST_LISTING);
  const names = execution.threads.slice(0, execution.threadCount).map(({ name }) => name);
  const rows: { readonly label: string; readonly thread: number; readonly text: string; readonly why: string }[] = [];
  const marked = new Set(failure?.steps);
  for (let step = first; step < stepCount; step++) {
    for (const note of notes)
      if (note.step === step) rows.push({ label: "", thread: note.thread, text: `# ${note.text}`, why: "" });
    const thread = stepThreads[step] as number;
    rows.push({
      label: `${marked.has(step) ? ">" : ""}${step + 1}`,
      thread,
      text: describeStep(execution, step),
      why: whySwitched(execution, step),
    });
  }
  for (const note of notes)
    if (note.step >= stepCount) rows.push({ label: "", thread: note.thread, text: `# ${note.text}`, why: "" });
  const widths = names.map((name, thread) =>
    Math.max(name.length, ...rows.filter((row) => row.thread === thread).map((row) => row.text.length)),
  );
  const labelWidth = Math.max(1, ...rows.map(({ label }) => label.length));
  const lines = [
    ["#".padStart(labelWidth), ...names.map((name, thread) => name.padEnd(widths[thread] as number))]
      .join("  ")
      .trimEnd(),
    ...(first > 0 ? [`   (${first} steps before)`] : []),
    ...rows.map(({ label, thread, text, why }) =>
      [
        label.padStart(labelWidth),
        ...names.map((_, at) => (at === thread ? text : "").padEnd(widths[at] as number)),
        why && `<- ${why}`,
      ]
        .join("  ")
        .trimEnd(),
    ),
  ];
  const switches = countSwitches(execution);
  return [`${stepCount} steps, ${switches} switches`, ...lines].join("\n");
}

/** How often another thread went on than before although that one could have. */
export function countSwitches(execution: Execution): number {
  let switches = 0;
  for (let step = 1; step < execution.stepCount; step++) {
    if (execution.stepThreads[step] !== execution.stepThreads[step - 1]) switches++;
  }
  return switches;
}

function describeStep(execution: Execution, step: number): string {
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
function whySwitched(execution: Execution, step: number): string {
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
