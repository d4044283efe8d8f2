/** Runs a lab in a process of its own, and judges what it measured. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { setAlarm } from "#clock";

import { inconclusive, judge } from "./evidence.js";
import { describeFailure } from "./failure.js";
import { usualKnobs } from "./knobs.js";
import type { Judgement, Knobs, Lab, Measured } from "./lab.js";
import type { LabAnswer, LabNews, LabOrder } from "./lab-process.js";

/** Labs take 3 s at most; one that takes so long has hung. */
const MOST_MS = 30_000;

/** A lab that has run. */
export interface LabRun {
  readonly lab: Lab;
  readonly judgement: Judgement;
  /** `undefined` if its program failed. */
  readonly measured: Measured | undefined;
  /** Encoded, one of each phase, in order; none if they were not asked for. */
  readonly traces: readonly Uint8Array[];
  /** What its program wrote, mostly nothing. */
  readonly output: string;
  /** How often it ran; this is the last. */
  readonly tries: number;
}

/** How a lab is run. */
export interface LabStart {
  /** Of another program than its own, to be judged as that. */
  readonly programUrl?: string | undefined;
  /** Those that are not named are as usual. */
  readonly knobs?: Knobs;
  /** Keeps what was recorded in each phase. False by default. */
  readonly keepsTraces?: boolean;
  /** Gets what stops it; of a second try anew. */
  readonly onStart?: (stop: () => void) => void;
  /** A phase begins; told only if traces are kept. */
  readonly onPhase?: (name: string) => void;
}

/** Runs a lab, and again if the machine did not let it be measured: neighbours come and go. */
export async function runLabAgain(lab: Lab, how: LabStart = {}): Promise<LabRun> {
  const first = await runLab(lab, how);
  const isWorthAnother = first.judgement.kind === "inconclusive" && (first.measured?.cores ?? 0) > 1;
  return isWorthAnother ? { ...(await runLab(lab, how)), tries: 2 } : first;
}

/** Runs a lab once. */
async function runLab(lab: Lab, how: LabStart = {}): Promise<LabRun> {
  const { answer, output } = await ask(lab, how);
  if (typeof answer !== "string" && answer.kind === "measured") {
    const { measured, traces } = answer;
    return { lab, judgement: judge(lab, measured), measured, traces, output, tries: 1 };
  }
  const why = typeof answer === "string" ? answer : answer.error;
  return {
    lab,
    judgement: inconclusive({ en: `its program failed: ${why}`, ru: `программа завершилась с ошибкой: ${why}` }),
    measured: undefined,
    traces: [],
    output,
    tries: 1,
  };
}

/** @returns what the process answers; as text why there is no answer */
async function ask(
  lab: Lab,
  { programUrl, knobs, keepsTraces = false, onStart, onPhase }: LabStart,
): Promise<{ readonly answer: LabAnswer | string; readonly output: string }> {
  const order: LabOrder = { knobs: { ...usualKnobs(lab), ...knobs }, keepsTraces };
  const program = programUrl ?? import.meta.resolve(`#lab-programs/${lab.name}`);
  let child: ChildProcess;
  try {
    child = fork(fileURLToPath(import.meta.resolve("#lab-process")), [program, JSON.stringify(order)], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced", // traces are bytes
    });
  } catch (error) {
    return { answer: describeFailure(error), output: "" };
  }
  const stop = (): void => void child.kill("SIGKILL");
  onStart?.(stop);
  // However this process ends: a lab that is blocked would not notice, and stay.
  process.once("exit", stop);
  return new Promise((resolve) => {
    let answer: LabAnswer | string | undefined = undefined;
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const cancelAlarm = setAlarm(() => {
      answer ??= `it did not end within ${MOST_MS / 1000} s`;
      stop();
    }, MOST_MS);
    child.on("message", (message) => {
      const told = message as LabAnswer | LabNews;
      if (told.kind === "phase") onPhase?.(told.name);
      else answer ??= told;
    });
    child.on("error", (error) => (answer ??= error.message));
    child.on("close", (code, signal) => {
      cancelAlarm();
      process.off("exit", stop);
      resolve({ answer: answer ?? `its process ended with ${signal ?? `code ${code}`}`, output });
    });
  });
}
