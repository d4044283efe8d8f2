/** What the two runs found, and what they show. */
import Table from "cli-table3";
import { buildTimeline, computeFigures, type Figures, type Trace } from "skein/trace";

import type { Problem } from "./problem.js";
import type { Summary } from "./summary.js";

export interface Run {
  readonly name: string;
  readonly summary: Summary;
  readonly trace: Trace;
}

/** A speed-up below this on two cores or more shows nothing. */
const CLEAR_SPEED_UP = 1.3;
const PROBLEMS_SHOWN = 20;
/** Less work than this is over before the threads have started and warmed up. */
const ENOUGH_WORK_MS = 1000;

export function printReport(alone: Run, together: Run, areEqual: boolean): void {
  printSummary(together.summary);
  const runs = [alone, together].map((run) => ({ ...run, figures: computeFigures(buildTimeline(run.trace)) }));
  const [first, second] = runs.map(({ figures }) => figures) as [Figures, Figures];
  const speedUp = (first.durationMs.value ?? 0) / (second.durationMs.value ?? 1);
  const row = (name: string, of: (run: (typeof runs)[number]) => string): string[] => [name, ...runs.map(of)];
  const table = new Table({
    head: ["", ...runs.map(({ name }) => name)],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  table.push(
    row("files", ({ summary }) => summary.files.toLocaleString("en")),
    row("MB", ({ summary }) => (summary.bytes / 1e6).toFixed(1)),
    row("wall time, s", ({ figures }) => seconds(figures.durationMs.value)),
    row("most jobs in flight", ({ figures }) => String(figures.mostInFlight.value ?? "?")),
    row("mean in flight (concurrency)", ({ figures }) => (figures.meanInFlight.value ?? 0).toFixed(1)),
    row("CPU time / wall time (parallelism)", ({ figures }) => figures.coresBusy.value?.toFixed(2) ?? "?"),
    row("waited for a core, s", ({ figures }) => seconds(figures.coreWaitMs.value)),
    ["speed-up", "1.00", speedUp.toFixed(2)],
  );
  console.log(table.toString());
  console.log(`\n${areEqual ? "Both runs found exactly the same." : "THE TWO RUNS DIFFER: that is a bug."}`);
  console.log(verdictOf(first, second, speedUp));
}

function printSummary(summary: Summary): void {
  const count = (value: number): string => value.toLocaleString("en");
  console.log(
    `\n${count(summary.lines)} lines, ${count(summary.functions)} functions, ${count(summary.imports)} imports\n`,
  );
  console.log(
    `Most used identifiers: ${summary.topIdentifiers.map(([name, uses]) => `${name} ${count(uses)}`).join(", ")}\n`,
  );
  console.log("Largest files:");
  for (const [path, bytes] of summary.largest) console.log(`  ${(bytes / 1e6).toFixed(2).padStart(6)} MB  ${path}`);
  const importing = summary.packages.filter(([, imports]) => imports.length > 0);
  const edges = importing.reduce((sum, [, imports]) => sum + imports.length, 0);
  console.log(`\nPackages: ${summary.packages.length}, of which ${importing.length} import others (${edges} pairs):`);
  for (const [name, imports] of importing.toSorted((one, other) => other[1].length - one[1].length).slice(0, 8)) {
    console.log(
      `  ${name} → ${imports.slice(0, 6).join(", ")}${imports.length > 6 ? `, and ${imports.length - 6} more` : ""}`,
    );
  }
  printProblems(summary.problems);
  console.log();
}

function printProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  console.log(`\nLeft out: ${problems.length}`);
  for (const { path, what } of problems.slice(0, PROBLEMS_SHOWN)) console.log(`  ${path}: ${what}`);
  if (problems.length > PROBLEMS_SHOWN) console.log(`  and ${problems.length - PROBLEMS_SHOWN} more`);
}

function verdictOf(alone: Figures, together: Figures, speedUp: number): string {
  const inFlight = (figures: Figures): string => (figures.meanInFlight.value ?? 0).toFixed(0);
  const busy = (figures: Figures): string => figures.coresBusy.value?.toFixed(1) ?? "an unknown number of";
  const facts =
    `the same structure kept ${inFlight(alone)} jobs in flight on one thread with ${busy(alone)} cores busy, ` +
    `and ${inFlight(together)} on threads with ${busy(together)} cores busy, ${speedUp.toFixed(2)} times as fast`;
  if ((alone.durationMs.value ?? 0) < ENOUGH_WORK_MS)
    return `Verdict: too little work to tell: ${facts}, start of the threads included.`;
  if (speedUp >= CLEAR_SPEED_UP) return `Verdict: ${facts}: concurrent both times, parallel the second.`;
  const cores = together.coresAllowed.value ?? 1;
  if (cores < 2) return `Verdict: ${facts}: concurrent both times, parallel neither, as there is one core.`;
  return (
    `Verdict: inconclusive: ${facts}, while threads waited ${seconds(together.coreWaitMs.value)} s ` +
    "for cores that others used, of this program or of other programs."
  );
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "?" : (ms / 1000).toFixed(2);
}
