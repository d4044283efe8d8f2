/**
 * The process in which a lab runs, apart from the one that shows it: so that what is
 * counted of the process is the lab's alone, and a lab may block or deadlock.
 *
 * Started with the URL of the lab's program; answers with one message.
 */
import { spawnSync } from "node:child_process";

import { main } from "../async/main.js";
import type { Scope } from "../async/scope.js";
import { describeThrown } from "../core/errors.js";
import { availableCores } from "../threads/available-cores.js";
import { isTypeScript, useTypeScript } from "../threads/host/typescript.js";
import type { Machine, Measured, ProgramResult } from "./lab.js";
import { allowedCoreNumbers, mostOpenFiles } from "./machine-use.js";
import { type Phase, phaseMeter } from "./phase.js";

/** What the process says in the end. */
export type LabAnswer =
  | { readonly kind: "measured"; readonly measured: Measured }
  | { readonly kind: "failed"; readonly error: string };

/** What the program of a lab exports. */
interface Program {
  readonly measure?: (s: Scope, phase: Phase, machine: Machine) => Promise<ProgramResult>;
}

const [url = ""] = process.argv.slice(2);
// Whoever started it has gone: nobody waits for the answer.
process.once("disconnect", () => process.exit(1));

void main(
  async (s) => {
    const answer = await runProgram(s).catch((error: unknown): LabAnswer => ({
      kind: "failed",
      error: describeThrown(error),
    }));
    await new Promise<void>((resolve) => {
      if (process.send === undefined) throw new Error("a lab's process is started by skein lab");
      process.send(answer, undefined, {}, () => resolve());
    });
    // A lab may leave threads behind that are blocked for good.
    process.exit(0);
  },
  { name: "lab" },
);

async function runProgram(s: Scope): Promise<LabAnswer> {
  if (isTypeScript(url) && !(await useTypeScript(url))) {
    throw new Error(`Node ${process.versions.node} can't load TypeScript by itself: npm install -D tsx`);
  }
  const { measure } = (await import(url)) as Program;
  if (typeof measure !== "function") throw new Error(`${url} exports no function measure(s, phase, machine)`);
  const machine = readMachine();
  const { phase, phases } = phaseMeter();
  const { numbers, lanes = {} } = await measure(s, phase, machine);
  return {
    kind: "measured",
    measured: { numbers, lanes, phases, cores: machine.cores, canPin: machine.pinTo.length > 0 },
  };
}

function readMachine(): Machine {
  const allowed = allowedCoreNumbers();
  return { cores: availableCores(), pinTo: canPinTo(allowed) ? allowed : [], mostFiles: mostOpenFiles() };
}

/** Tried, with the cores that the first thread has anyway: that the tool is there does not say that it may. */
function canPinTo(cores: readonly number[]): boolean {
  if (cores.length === 0) return false;
  try {
    return spawnSync("taskset", ["-p", "-c", cores.join(","), String(process.pid)]).status === 0;
  } catch {
    return false; // Node runs with --permission, and may start no processes
  }
}
