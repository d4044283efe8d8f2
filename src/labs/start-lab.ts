/** Runs a lab in a process of its own, and judges what it measured. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { setAlarm } from "#clock";

import { describeThrown } from "../core/errors.js";
import { inconclusive, judge } from "./evidence.js";
import type { Judgement, Lab, Measured } from "./lab.js";
import type { LabAnswer } from "./lab-process.js";

/** Labs take 3 s at most; one that takes so long has hung. */
const MOST_MS = 30_000;

/** A lab that has run. */
export interface LabRun {
  readonly lab: Lab;
  readonly judgement: Judgement;
  /** `undefined` if its program failed. */
  readonly measured: Measured | undefined;
  /** What its program wrote, mostly nothing. */
  readonly output: string;
  /** How often it ran; this is the last. */
  readonly tries: number;
}

/** Runs a lab, and again if the machine did not let it be measured: neighbours come and go. */
export async function runLabAgain(...how: Parameters<typeof runLab>): Promise<LabRun> {
  const first = await runLab(...how);
  const isWorthAnother = first.judgement.kind === "inconclusive" && (first.measured?.cores ?? 0) > 1;
  return isWorthAnother ? { ...(await runLab(...how)), tries: 2 } : first;
}

/**
 * Runs a lab once.
 *
 * @param programUrl - of another program than its own, to be judged as that
 * @param onStart - gets what stops it
 */
export async function runLab(
  lab: Lab,
  programUrl: string = import.meta.resolve(`#lab-programs/${lab.name}`),
  onStart: (stop: () => void) => void = () => undefined,
): Promise<LabRun> {
  const { answer, output } = await ask(programUrl, onStart);
  if (typeof answer !== "string" && answer.kind === "measured") {
    return { lab, judgement: judge(lab, answer.measured), measured: answer.measured, output, tries: 1 };
  }
  const why = typeof answer === "string" ? answer : answer.error;
  return {
    lab,
    judgement: inconclusive({ en: `its program failed: ${why}`, ru: `программа завершилась с ошибкой: ${why}` }),
    measured: undefined,
    output,
    tries: 1,
  };
}

/** @returns what the process answers; as text why there is no answer */
async function ask(
  programUrl: string,
  onStart: (stop: () => void) => void,
): Promise<{ readonly answer: LabAnswer | string; readonly output: string }> {
  let child: ChildProcess;
  try {
    child = fork(fileURLToPath(import.meta.resolve("#lab-process")), [programUrl], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
  } catch (error) {
    return { answer: describeThrown(error), output: "" }; // as where no process may be started
  }
  const stop = (): void => void child.kill("SIGKILL");
  onStart(stop);
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
    child.on("message", (message) => (answer ??= message as LabAnswer));
    child.on("error", (error) => (answer ??= error.message));
    child.on("close", (code, signal) => {
      cancelAlarm();
      process.off("exit", stop);
      resolve({ answer: answer ?? `its process ended with ${signal ?? `code ${code}`}`, output });
    });
  });
}
