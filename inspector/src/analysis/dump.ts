/** The table of tasks as text, to be pasted into a report. */
import { STATES } from "../timeline/states.js";
import type { Analysed } from "./build-model.js";
import { listTasks, taskLine } from "./tasks.js";
import { WAYS } from "./trace.js";

const MOST_LINES = 5000;

export function dumpOf(analysed: Analysed, query: string): string {
  const { jobs } = listTasks(analysed, query, "tree", false);
  const lines = [
    `${jobs.length} tasks${query.trim() === "" ? "" : `, query: ${query}`}`,
    `times in ms: age ${WAYS.join(" ")}`,
  ];
  for (const job of jobs.subarray(0, MOST_LINES)) {
    const line = taskLine(analysed, job);
    if (line === undefined) continue;
    const times = [line.ageMs, ...line.split].map((ms) => ms.toFixed(2)).join(" ");
    const state = line.outcome ?? STATES[line.state]?.name ?? "";
    const wait = line.waitsFor === "" ? "" : `  waits for ${line.waitsFor}`;
    const thread = line.thread === "" ? "" : `  on ${line.thread}`;
    lines.push(
      `${"  ".repeat(line.depth)}${line.name === "" ? `job ${line.id}` : line.name}  ${state}  ${times}${thread}${wait}`,
    );
  }
  if (jobs.length > MOST_LINES) lines.push(`… and ${jobs.length - MOST_LINES} more`);
  return lines.join("\n");
}
