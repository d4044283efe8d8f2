/** A real thread's part in runs: whose program it is, and the loop in which it plays. */
import { exploreSharedObjects } from "#views";

import { setImmediateOrSoon } from "../host-time.js";
import { type ExploredProgram, runProgram } from "../run-program.js";
import { ReplayStrategy } from "../strategies/replay.js";
import { refuseSharedObjects } from "../without-condition.js";
import { Line, type LineMemory, Over } from "./line.js";
import { RealExecution } from "./real-execution.js";
import { RealMemory, type RealBuffers } from "./real-memory.js";

/** Where a thread finds the program. */
export interface ProgramPlace {
  /** URL of the module. */
  readonly module: string;
  /** The export that it is, or a path of names to it; without it the call of `explore` at `site` is waited for. */
  readonly path: string | undefined;
  readonly site: string;
  /** How messages name it. */
  readonly name: string;
}

export interface RoleSetup {
  readonly role: number;
  readonly line: LineMemory;
  readonly words: SharedArrayBuffer;
  readonly buffers: RealBuffers | undefined;
  readonly program: ProgramPlace;
}

export type FromRole = { readonly kind: "ready" } | { readonly kind: "failed"; readonly why: string };

/** Runs after which the thread's event loop has a turn, for what the platform has left in it. */
const RUNS_A_TURN = 32;

let playing: Role | undefined;

/** The role that this thread plays; `undefined` on threads that play none. */
export function roleOfThread(): Role | undefined {
  return playing;
}

export class Role {
  readonly #setup: RoleSetup;
  readonly #tell: (fact: FromRole) => void;

  constructor(setup: RoleSetup, tell: (fact: FromRole) => void) {
    this.#setup = setup;
    this.#tell = tell;
    playing = this;
  }

  /** Loads the program's module, and plays when the program is known. */
  async begin(): Promise<void> {
    const { module, path } = this.#setup.program;
    try {
      const exported = (await import(module)) as unknown;
      if (path === undefined) return; // its call of `explore` has come, or will
      const program = at(exported, path.split("."));
      if (typeof program !== "function") throw new TypeError(`${module} has no function at ${JSON.stringify(path)}`);
      void this.#play(program as ExploredProgram);
    } catch (error) {
      this.#tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  }

  /** `explore` is called on this thread. @returns true if it is the call that is waited for: then it never comes back */
  isReached(site: string | undefined, name: string, program: ExploredProgram): boolean {
    const wanted = this.#setup.program;
    if (wanted.path !== undefined || wanted.site !== site || name !== wanted.name) return false;
    void this.#play(program);
    return true;
  }

  async #play(program: ExploredProgram): Promise<never> {
    const { role, line: memory, words, buffers } = this.#setup;
    const line = new Line(memory);
    const shared = buffers === undefined ? undefined : exploreSharedObjects();
    const realMemory = shared === undefined ? undefined : new RealMemory(shared, buffers as RealBuffers);
    const execution = new RealExecution(line, role, new Int32Array(words), realMemory);
    if (execution.shared === undefined) refuseSharedObjects();
    this.#tell({ kind: "ready" });
    for (let run = 0; ;) {
      run = line.enter(role, run);
      await this.#playOnce(execution, line, program);
      line.leave();
      if (run % RUNS_A_TURN === 0) await new Promise<void>((resolve) => setImmediateOrSoon(resolve));
    }
  }

  async #playOnce(execution: RealExecution, line: Line, program: ExploredProgram): Promise<void> {
    const { role } = this.#setup;
    const strategy = new ReplayStrategy({ ...line.schedule, fingerprint: 0, program: undefined });
    const { outcome } = await runProgram(execution, strategy, program, this.#setup.program.name);
    if (role === 0) line.remark(role, { outcome });
    if (execution.isLive) return;
    line.remark(role, { isMissing: true, failure: execution.failure?.message });
    line.end(Over.differs, role);
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = (found as Readonly<Record<string, unknown>> | undefined)?.[name];
  return found;
}
