/** A process that knows nothing of it, looked at from outside by the kernel's files alone. */
import { nowMs } from "#clock";

import { KernelSampler, type OurThread } from "../../trace/kernel/index.js";
import type { KernelThread } from "../../trace/index.js";
import type { LiveView } from "./display.js";
import { coresUsed, threadRow } from "./kernel-rows.js";
import { outsideFindings } from "./outside-findings.js";
import { type LocalProcess, textOf } from "./processes.js";
import type { LiveSource, LiveState } from "./state.js";

const NOBODY: ReadonlyMap<number, OurThread> = new Map();
const READ_EVERY_MS = 100;

export interface OutsideOptions {
  /** Where the kernel's files are; "/proc" by default. */
  readonly proc?: string;
}

/**
 * Reads the threads of one process ten times a second.
 *
 * **Cost** As `KernelSampler`, to this process; the other one does not notice.
 */
export class OutsideView implements LiveView {
  readonly sampleEveryMs: number = READ_EVERY_MS;
  readonly #process: LocalProcess;
  readonly #proc: string;
  readonly #sampler: KernelSampler;
  readonly #beganMs = nowMs();
  #sampledMs = this.#beganMs;
  #threads: readonly KernelThread[] = [];

  constructor(process: LocalProcess, { proc = "/proc" }: OutsideOptions = {}) {
    this.#process = process;
    this.#proc = proc;
    this.#sampler = new KernelSampler({ proc, pid: process.pid, everyMs: READ_EVERY_MS });
    this.sample();
  }

  sample(): void {
    this.#sampledMs = nowMs();
    this.#sampler.sample(this.#sampledMs, NOBODY);
  }

  get ended(): string | undefined {
    // One that has ended and was not waited for yet still has a folder, with an empty command line.
    const command = textOf(`${this.#proc}/${this.#process.pid}/cmdline`);
    return command === undefined || command === "" ? "" : undefined;
  }

  state(): LiveState {
    const { pid, title, cores } = this.#process;
    const { threads } = this.#sampler.drain();
    const window = { toMs: this.#sampledMs, lengthMs: Infinity };
    this.#threads = threads;
    const rows = threads.map((thread) => threadRow(thread, window, { waitsIn: this.#waitsIn(thread.tid) }));
    return {
      title,
      pid,
      atMs: this.#sampledMs,
      elapsedMs: this.#sampledMs - this.#beganMs,
      totals: {
        ...coresUsed(rows),
        cores,
        inFlight: undefined,
        queued: undefined,
        stealRate: undefined,
        wakeRate: undefined,
      },
      threads: rows,
      tasks: undefined,
      work: undefined,
      findings: outsideFindings(this.#threads, rows),
      sources: sourcesOf(rows),
      ended: this.ended,
    };
  }

  #waitsIn(tid: number): string | undefined {
    const name = textOf(`${this.#proc}/${this.#process.pid}/task/${tid}/wchan`)?.trim();
    return name === undefined || name === "" || name === "0" ? undefined : name;
  }

  close(): void {
    this.#sampler.close();
  }
}

function sourcesOf(rows: LiveState["threads"]): readonly LiveSource[] {
  const has = (field: keyof LiveState["threads"][number]): boolean => rows.some((row) => row[field] !== undefined);
  const hidden = {
    en: "this kernel or container does not show it",
    ru: "ядро или контейнер этого не показывает",
  };
  const source = (name: LiveSource["what"], isThere: boolean, badge: LiveSource["badge"], why?: LiveSource["why"]) =>
    ({ what: name, badge: isThere ? badge : "not available", why: isThere ? why : hidden }) satisfies LiveSource;
  const inside = {
    en: "only a program that is started with `skein top`, `skein watch` or `skein run --share` tells",
    ru: "это сообщает только программа, запущенная через `skein top`, `skein watch` или `skein run --share`",
  };
  return [
    source({ en: "time without a core (WAIT)", ru: "время без ядра (ОЧЕР.)" }, has("waitShare"), "exact"),
    source({ en: "time on a core (CPU)", ru: "время на ядре (ЦП)" }, has("cpuShare"), "exact", {
      en: "of a thread that runs it may lag by a tick, 4 ms",
      ru: "у работающего потока может отставать на тик, 4 мс",
    }),
    source({ en: "context switches (GAVE, TAKEN)", ru: "переключения (ОТДАЛ, ОТНЯТО)" }, has("voluntaryRate"), "exact"),
    source({ en: "last core, state", ru: "последнее ядро, состояние" }, has("core"), "sampled", {
      en: "ten times a second",
      ru: "десять раз в секунду",
    }),
    source({ en: "what a thread sleeps in", ru: "в чём поток спит" }, has("waitsIn"), "sampled"),
    { what: { en: "roles of threads", ru: "роли потоков" }, badge: "inferred", why: undefined },
    {
      what: { en: "loop delay, tasks, stacks, async work", ru: "задержка цикла, задачи, стеки, асинхронная работа" },
      badge: "not available",
      why: inside,
    },
  ];
}
