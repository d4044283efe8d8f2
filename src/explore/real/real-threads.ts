/**
 * Real threads that follow schedules: one for the main thread of the program, and one
 * for each that it spawns. They are kept from run to run.
 */
import { host } from "#host";

import { hasWaitAsync } from "../../shared/atomics.js";
import { registry } from "../../threads/registry.js";
import { Chance } from "../chance.js";
import type { Execution } from "../execution.js";
import { hostMs, setImmediateOrSoon } from "../host-time.js";
import { hasThreads, startRoleThread } from "./host-workers.js";
import { Line } from "./line.js";
import { makeRealBuffers, type RealBuffers, writePlan } from "./real-memory.js";
import type { Recording } from "./recording.js";
import type { FromRole, ProgramPlace, RoleSetup } from "./role.js";

/** Room for so many cells. */
const MOST_CELLS = 65_536;
/** More steps are not followed. */
const MOST_STEPS = 200_000;
/** How long the event loop is kept from its turns while a run goes on. */
const SLICE_MS = 20;

/** What a role has left to say. */
export interface Remark {
  readonly failure?: { readonly kind: string; readonly message: string } | string;
  readonly outcome?: string;
  readonly kind?: number;
  readonly place?: number;
  readonly gave?: string;
  readonly isMissing?: boolean;
  /** What its body returned could not be carried to the main thread. */
  readonly hasLostResult?: boolean;
  /** It slept by the schedule, and in the platform's list it did not any more. */
  readonly wasAwake?: boolean;
}

/** How a run on real threads ended. */
export interface Ending {
  readonly how: number;
  readonly role: number;
  /** Steps that were taken. */
  readonly step: number;
  readonly remarks: readonly Remark[];
  readonly pending: readonly { readonly kind: number; readonly place: number; readonly hasEnded: boolean }[];
}

/** A sentence: why there is no run to tell of. */
export type Impossible = string;

export class RealThreads {
  /** Runs of more threads can't be followed. */
  readonly roles: number;
  readonly #line: Line;
  readonly #buffers: RealBuffers | undefined;
  readonly #threads: { terminate(): Promise<unknown> }[] = [];
  #readyCount = 0;
  #broken: string | undefined;

  private constructor(roles: number, mostSteps: number, heapBytes: number | undefined) {
    this.roles = roles;
    this.#line = Line.make(roles, Math.min(mostSteps, MOST_STEPS));
    this.#buffers = heapBytes === undefined ? undefined : makeRealBuffers(heapBytes, roles);
  }

  /** Starts threads for a run as the one that the execution has just made. */
  static async start(
    execution: Execution,
    program: ProgramPlace,
    loadingMs: number,
  ): Promise<RealThreads | Impossible> {
    if (!hasThreads()) return "this platform has no node:worker_threads";
    if (!hasWaitAsync) return "this platform has no Atomics.waitAsync";
    const loader = host.typeScriptLoaderFor(program.module, registry().typeScriptLoader);
    if (typeof loader === "string") return loader;
    const threads = new RealThreads(
      execution.threadCount,
      execution.mostSteps,
      execution.shared === undefined ? undefined : execution.shared.buffer.byteLength,
    );
    const words = new SharedArrayBuffer(4 * MOST_CELLS);
    for (let role = 0; role < threads.roles; role++) {
      const name = execution.threads[role]?.name ?? "main";
      const setup: RoleSetup = { role, line: threads.#line.memory, words, buffers: threads.#buffers, program };
      const heard = (fact: unknown): void => threads.#heard(fact as FromRole);
      const ended = (why: string | undefined): void => threads.#hasEnded(name, why, program);
      threads.#threads.push(
        startRoleThread(`explore: ${name}`, import.meta.resolve("#explore-thread"), setup, loader, heard, ended),
      );
    }
    const problem = await threads.#loaded(program, loadingMs);
    if (problem === undefined) return threads;
    await threads.close();
    return problem;
  }

  #heard(fact: FromRole): void {
    if (fact.kind === "ready") this.#readyCount++;
    else this.#broken ??= `the program's module can't be imported on a thread: ${fact.why}`;
  }

  #hasEnded(name: string, why: string | undefined, program: ProgramPlace): void {
    const isUnready = this.#readyCount < this.roles && program.path === undefined;
    this.#broken ??=
      why === undefined && isUnready
        ? notReached(program, "and had nothing left to do")
        : `the thread for "${name}" is gone: ${why ?? "it has ended"}`;
  }

  async #loaded(program: ProgramPlace, loadingMs: number): Promise<Impossible | undefined> {
    const endMs = hostMs() + loadingMs;
    while (this.#readyCount < this.roles) {
      if (this.#broken !== undefined) return this.#broken;
      if (hostMs() > endMs) {
        const within = `within ${loadingMs / 1000} s`;
        return program.path === undefined
          ? notReached(program, within)
          : `a thread could not import ${program.module} ${within}`;
      }
      await turn();
    }
    return undefined;
  }

  /**
   * Has the threads take the steps of the run that the execution has just made.
   *
   * @param recording - made with that run
   */
  async follow(execution: Execution, recording: Recording, limitMs: number): Promise<Ending | Impossible> {
    const problem = this.#broken ?? this.#prepare(execution);
    if (problem !== undefined) return problem;
    this.#line.begin({
      threads: execution.stepThreads,
      kinds: execution.stepKinds,
      places: execution.stepPlaces,
      values: execution.stepValues,
      timesMs: recording.timesMs,
      stepCount: execution.stepCount,
      choices: execution.choices.slice(0, execution.choiceCount),
      chance: new Chance(1).state,
    });
    const endMs = hostMs() + limitMs;
    while (!this.#line.isOver(SLICE_MS)) {
      if (hostMs() > endMs) this.#broken ??= `the threads did not come to an end within ${limitMs} ms`;
      if (this.#broken !== undefined) return this.#broken;
      await turn();
    }
    const all = Array.from({ length: execution.threadCount }, (_, role) => role);
    return {
      ...this.#line.over,
      remarks: all.map((role) => this.#line.remarkOf(role)),
      pending: all.map((role) => this.#line.pendingOf(role)),
    };
  }

  #prepare(execution: Execution): Impossible | undefined {
    if (execution.stepCount > this.#line.memory.mostSteps) return `the schedule has more than ${MOST_STEPS} steps`;
    if (execution.placeCount > MOST_CELLS) return `the program has more than ${MOST_CELLS} cells`;
    if (this.#buffers === undefined) return undefined;
    const memory = execution.memory === undefined ? undefined : execution.shared;
    return writePlan(this.#buffers, memory) ? undefined : "the program makes too many shared objects";
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

function notReached({ module, site }: ProgramPlace, how: string): Impossible {
  return `a thread that imported ${module} did not come to the call of explore at ${site} ${how}: export the program, and name it by the option \`program\``;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediateOrSoon(resolve));
}
