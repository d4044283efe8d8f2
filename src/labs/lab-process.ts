/**
 * The process in which a lab runs, apart from the one that shows it: so that what is
 * counted of the process is the lab's alone, and a lab may block or deadlock.
 *
 * Started with the URL of the lab's program and an order; says of each phase that it
 * begins, and answers with one message.
 */
import { main } from "../async/main.js";
import type { Scope } from "../async/scope.js";
import { availableCores } from "../threads/available-cores.js";
import { isTypeScript, useTypeScript } from "../threads/host/typescript.js";
import { encodeTrace } from "../trace/trace-file.js";
import { describeFailure } from "./failure.js";
import { CORES_KNOB } from "./knobs.js";
import type { Knobs, Machine, Measured, ProgramResult } from "./lab.js";
import { allowedCoreNumbers, bindToCores, mostOpenFiles } from "./machine-use.js";
import { type Phase, phaseMeter } from "./phase.js";

/** What the process is to do, besides. */
export interface LabOrder {
  readonly knobs: Knobs;
  /** Whether it hands over what was recorded in each phase. */
  readonly keepsTraces: boolean;
}

/** What the process says while it runs. */
export interface LabNews {
  readonly kind: "phase";
  readonly name: string;
}

/** What the process says in the end. */
export type LabAnswer =
  | {
      readonly kind: "measured";
      readonly measured: Measured;
      /** Encoded, one of each phase, in order; none if they were not asked for. */
      readonly traces: readonly Uint8Array[];
    }
  | { readonly kind: "failed"; readonly error: string };

/** What the program of a lab exports. */
interface Program {
  readonly measure?: (s: Scope, phase: Phase, machine: Machine, knobs: Knobs) => Promise<ProgramResult>;
}

const [url = "", orderText = '{"knobs":{},"keepsTraces":false}'] = process.argv.slice(2);
const { knobs, keepsTraces } = JSON.parse(orderText) as LabOrder;
// Whoever started it has gone: nobody waits for the answer.
process.once("disconnect", () => process.exit(1));

void main(
  async (s) => {
    const answer = await runProgram(s).catch((error: unknown): LabAnswer => ({
      kind: "failed",
      error: describeFailure(error),
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
  const cores = knobs[CORES_KNOB];
  // Before anything else: a thread runs on the cores of the one that started it.
  if (cores !== undefined) bindToCores(allowedCoreNumbers().slice(0, cores));
  const machine = readMachine();
  const traces: Uint8Array[] = [];
  const { phase, phases } = phaseMeter(
    keepsTraces
      ? { onBegin: (name) => tell({ kind: "phase", name }), onEnd: (trace) => traces.push(encodeTrace(trace)) }
      : {},
  );
  const { numbers, lanes = {} } = await measure(s, phase, machine, knobs);
  return {
    kind: "measured",
    measured: { numbers, lanes, phases, cores: machine.cores, canPin: machine.pinTo.length > 0 },
    traces,
  };
}

function tell(news: LabNews): void {
  // Whoever has gone needs no news; see "disconnect".
  process.send?.(news, undefined, {}, () => undefined);
}

function readMachine(): Machine {
  const allowed = allowedCoreNumbers();
  // Tried with the cores that it has anyway: that the tool is there does not say that it may.
  return { cores: availableCores(), pinTo: bindToCores(allowed) ? allowed : [], mostFiles: mostOpenFiles() };
}
