/** What a figure was measured on, and how far it can be trusted. */
import { execFileSync } from "node:child_process";
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

// Above this the same loop takes too different times for a missed target to mean
// anything. On an idle machine with 2 virtual cores it was 3 to 6 % (2026-11).
const NOISY_ABOVE = 0.15;

/**
 * Times one loop again and again, between everything else that is measured: what
 * differs then is the machine.
 */
export class Calibration {
  readonly #timesMs: number[] = [];

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

  get isNoisy(): boolean {
    return this.spread > NOISY_ABOVE;
  }
}
