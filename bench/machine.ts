/** What a figure was measured on, and how far it can be trusted. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

/** The machine, as it is written beside every figure. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  /** `undefined` if Go is not there: then its figures are missing. */
  readonly go: string | undefined;
  /** `undefined` if Rust is not there, or Debian's package of crossbeam's channels. */
  readonly rust: string | undefined;
  /** `undefined` if g++ is not there, or can't do OpenMP. */
  readonly cpp: string | undefined;
}

/** Where Debian puts crates. */
export const CRATES = "/usr/share/cargo/registry";

export function describeMachine(): Machine {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    go: goVersion(),
    rust: rustVersion(),
    cpp: cppVersion(),
  };
}

function goVersion(): string | undefined {
  try {
    return execFileSync("go", ["version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(" ")[2];
  } catch {
    return undefined;
  }
}

function rustVersion(): string | undefined {
  try {
    const crate = readdirSync(CRATES).find((name) => name.startsWith("crossbeam-channel-"));
    const text = execFileSync("cargo", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return crate === undefined ? undefined : `${text.split(" ").slice(0, 2).join(" ")} with ${crate}`;
  } catch {
    return undefined;
  }
}

function cppVersion(): string | undefined {
  try {
    const output = execFileSync("g++", ["-fopenmp", "-E", "-dM", "-x", "c++", "/dev/null"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const version = /__VERSION__ "([\d.]+)/.exec(output)?.[1];
    return output.includes("#define _OPENMP") ? `g++ ${version ?? "of some version"}` : undefined;
  } catch {
    return undefined;
  }
}

// Above this the same loop takes too different times for a missed target to mean
// anything. On an idle machine with 2 virtual cores it was 3 to 6 % (2026-11).
const NOISY_ABOVE = 0.15;

/** Two threads that do less together than so many times the work of one have not had two cores. */
const SCALES_FROM = 1.8;

/** Counts how far one thread and then two get in the same time, and prints how these compare. */
const SCALING_PROGRAM = `
const { Worker } = require("node:worker_threads");
const source = \`
const { parentPort } = require("node:worker_threads");
parentPort.on("message", ({ fromMs, untilMs }) => {
  while (Date.now() < fromMs) continue;
  let steps = 0;
  let state = 1;
  while (Date.now() < untilMs) {
    for (let i = 0; i < 1000; i++) state = (Math.imul(state, 48271) + i) | 0;
    steps++;
  }
  parentPort.postMessage(state === 0 ? 0 : steps);
});\`;
const workers = [0, 1].map(() => new Worker(source, { eval: true }));
const count = async (number) => {
  const fromMs = Date.now() + 10;
  const steps = workers.slice(0, number).map((worker) => new Promise((resolve) => {
    worker.once("message", resolve);
    worker.postMessage({ fromMs, untilMs: fromMs + 60 });
  }));
  return (await Promise.all(steps)).reduce((sum, each) => sum + each, 0);
};
(async () => {
  await count(2);
  const ratios = [];
  for (let i = 0; i < 3; i++) {
    const alone = await count(1);
    ratios.push((await count(2)) / alone);
  }
  console.log(ratios.sort((a, b) => a - b)[1]);
  process.exit();
})();
`;

/**
 * Times one loop again and again, between everything else that is measured: what
 * differs then is the machine.
 */
export class Calibration {
  readonly #timesMs: number[] = [];
  readonly #scalings: number[] = [];

  /** Takes about 20 ms. */
  sample(): void {
    const startMs = performance.now();
    let state = 1;
    for (let i = 0; i < 8_000_000; i++) state = (Math.imul(state, 48271) + i) | 0;
    if (state === 0) throw new Error("the loop was optimised away");
    this.#timesMs.push(performance.now() - startMs);
  }

  /** Difference between the slow tenth and the fast tenth, as a part of the median. */
  get spread(): number {
    const sorted = this.#timesMs.slice(1).toSorted((first, second) => first - second);
    const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
    return (at(0.9) - at(0.1)) / at(0.5);
  }

  /** Measures what two threads do together, in times of what one does alone; takes half a second. */
  sampleScaling(): void {
    const { stdout } = spawnSync(process.execPath, ["-e", SCALING_PROGRAM], { encoding: "utf8" });
    this.#scalings.push(Number(stdout));
  }

  /** The median of those. */
  get scaling(): number {
    return this.#scalings.toSorted((first, second) => first - second)[this.#scalings.length >> 1] ?? 0;
  }

  /** Without two cores for itself, or with other speeds at other times, nothing is to be judged. */
  get isNoisy(): boolean {
    return this.spread > NOISY_ABOVE || !(this.scaling >= SCALES_FROM);
  }
}
