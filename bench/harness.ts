/**
 * Runs one question: every variant in processes of its own, in turns, and prints
 * and stores what came out.
 *
 * A process of its own, because two variants in one heap slow each other down: by
 * garbage, and by call sites that saw both. In turns (A B, B A, …), because the
 * machine changes while it runs: what counts is the ratio within one round, and of
 * those the median.
 *
 *     node build/ping-pong.js [--quick] [--save] [--only name,name] [--rounds n]
 *
 * `--quick` runs small loads once, to see that everything works; its figures say
 * nothing. `--save` stores in `results/latest/`, which is committed; otherwise in
 * `../build/bench/`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { Calibration, CRATES, describeMachine } from "./machine.js";
import { median, percentile, significant } from "./statistics.js";

/** Values of each metric, measured in one process. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** How much to do. */
export interface Load {
  readonly isQuick: boolean;
  /** `full`, or `quick` in a quick run. */
  of(full: number, quick: number): number;
}

/** One way of doing what is asked, and its measurement. Throws if the result is wrong. */
export type Variant = (load: Load) => Promise<Samples>;

/** A program in `go/` instead, which prints its samples as JSON. */
export interface GoVariant {
  readonly go: string;
}

/** A program in `rust/` instead, with the crates that Debian packages. */
export interface RustVariant {
  readonly rust: string;
}

/** A program in `cpp/` instead, compiled by g++ with OpenMP. */
export interface CppVariant {
  readonly cpp: string;
}

/** What should hold of the figures. */
export type Target =
  | { readonly metric: string; readonly of: string; readonly atMost: number }
  | { readonly metric: string; readonly of: string; readonly against: string; readonly ratioAtMost: number }
  | { readonly metric: string; readonly of: string; readonly against: string; readonly moreAtMost: number };

export interface Question {
  /** The module's `import.meta.url`; its name is the question's. */
  readonly module: string;
  readonly asks: string;
  /** Unit of each metric. */
  readonly units: Readonly<Record<string, string>>;
  readonly variants: Readonly<Record<string, Variant | GoVariant | RustVariant | CppVariant>>;
  readonly targets: readonly Target[];
  /** False if the variants do different things, so that their figures are not to be compared. */
  readonly areRivals?: boolean;
  /** Rounds of a full run; 5 if omitted. */
  readonly rounds?: number;
}

/** Asks the question, or in a child process measures one variant of it. */
export async function ask(question: Question): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string" },
      measure: { type: "string" },
    },
  });
  if (values.measure === undefined) {
    const names = values.only?.split(",") ?? Object.keys(question.variants);
    const rounds = values.quick ? 1 : Number(values.rounds ?? question.rounds ?? 5);
    process.exitCode = new Run(question, names, rounds, values.quick).perform(values.save) ? 0 : 1;
    return;
  }
  const variant = question.variants[values.measure];
  if (typeof variant !== "function") throw new Error(`there is no variant "${values.measure}" to measure`);
  const load: Load = { isQuick: values.quick, of: (full, quick) => (values.quick ? quick : full) };
  process.stdout.write(JSON.stringify(await variant(load)));
}

/** Figures of one variant: by metric, by round, what was measured. */
type Measured = Record<string, number[][]>;

class Run {
  readonly #question: Question;
  readonly #names: readonly string[];
  readonly #rounds: number;
  readonly #isQuick: boolean;
  readonly #calibration = new Calibration();
  readonly #measured = new Map<string, Measured>();
  readonly #machine = describeMachine();

  constructor(question: Question, names: readonly string[], rounds: number, isQuick: boolean) {
    this.#question = question;
    this.#rounds = rounds;
    this.#isQuick = isQuick;
    this.#names = names.filter((name) => {
      const variant = question.variants[name];
      if (variant === undefined) throw new Error(`there is no variant "${name}"`);
      if (typeof variant === "function") return true;
      return this.#machine[languageOf(variant)] !== undefined;
    });
  }

  /** @returns false if a target was missed in a full run on a quiet machine */
  perform(save: boolean): boolean {
    const { module, asks } = this.#question;
    const { node, platform, processor, cores, go, rust, cpp } = this.#machine;
    console.log(`\n${asks}`);
    console.log(
      `  Node ${node}, ${platform}, ${cores} cores, ${processor}; ` +
        `${go ?? "no Go"}, ${rust ?? "no Rust with crossbeam"}, ${cpp ?? "no g++ with OpenMP"}`,
    );
    for (let round = 0; round < this.#rounds; round++) {
      const order = round % 2 === 0 ? this.#names : this.#names.toReversed();
      this.#calibration.sampleScaling();
      for (const name of order) {
        this.#calibration.sample();
        this.#record(name, this.#measure(name));
      }
    }
    this.#calibration.sample();
    this.#printFigures();
    // A quick run measures the compiler's warming up.
    const targets = this.#isQuick ? [] : this.#question.targets;
    const verdicts = targets.flatMap((target) => this.#judge(target) ?? []);
    for (const { text, holds } of verdicts) console.log(`  ${holds ? "✔" : "✖"} ${text}`);
    console.log(
      `  one loop took times that differ by ${(this.#calibration.spread * 100).toFixed(0)} %, ` +
        `two threads did ${this.#calibration.scaling.toFixed(2)} times the work of one: ` +
        (this.#calibration.isNoisy ? "a noisy machine, missed targets are inconclusive" : "a quiet machine"),
    );
    const name = basename(fileURLToPath(module), ".js");
    const folder = fileURLToPath(new URL(save ? "../results/latest" : "../../build/bench", module));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(this.#result(name, verdicts), undefined, 2)}\n`);
    return this.#isQuick || this.#calibration.isNoisy || verdicts.every(({ holds }) => holds);
  }

  #measure(name: string): Samples {
    const variant = this.#question.variants[name];
    const program = fileURLToPath(this.#question.module);
    const flags = this.#isQuick ? ["--quick"] : [];
    const [file, args] =
      typeof variant === "object"
        ? [programOf(variant), flags]
        : [process.execPath, ["--expose-gc", program, "--measure", name, ...flags]];
    const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`variant "${name}" failed\n${stderr}`, { cause: error });
    return JSON.parse(stdout) as Samples;
  }

  #record(name: string, samples: Samples): void {
    const measured = this.#measured.get(name) ?? {};
    this.#measured.set(name, measured);
    for (const [metric, values] of Object.entries(samples)) (measured[metric] ??= []).push([...values]);
  }

  #printFigures(): void {
    const widest = Math.max(...this.#names.map((name) => name.length));
    for (const [metric, unit] of Object.entries(this.#question.units)) {
      if (!this.#names.some((name) => this.#measured.get(name)?.[metric] !== undefined)) continue;
      console.log(`  ${metric} (${unit})`);
      for (const name of this.#names) {
        const rounds = this.#measured.get(name)?.[metric];
        if (rounds === undefined) continue;
        const all = rounds.flat();
        const first = this.#names[0] as string;
        const ratio =
          name === first || this.#question.areRivals === false ? undefined : this.#ratio(metric, name, first);
        console.log(
          `    ${name.padEnd(widest)}  p50 ${significant(percentile(all, 0.5)).padStart(8)}  ` +
            `p99 ${significant(percentile(all, 0.99)).padStart(8)}` +
            (ratio === undefined ? "" : `  ${ratio.toFixed(2).padStart(6)} × ${first}`),
        );
      }
    }
  }

  /** The median over the rounds of how the medians of two variants compare. */
  #ratio(metric: string, name: string, against: string): number | undefined {
    return this.#compared(metric, name, against, (one, other) => one / other);
  }

  #compared(
    metric: string,
    name: string,
    against: string,
    compare: (one: number, other: number) => number,
  ): number | undefined {
    const these = this.#measured.get(name)?.[metric];
    const those = this.#measured.get(against)?.[metric];
    if (these === undefined || those === undefined) return undefined;
    return median(these.map((samples, round) => compare(median(samples), median(those[round] as number[]))));
  }

  #judge(target: Target): { readonly text: string; readonly holds: boolean } | undefined {
    const { metric, of } = target;
    const unit = this.#question.units[metric] ?? "";
    if ("atMost" in target) {
      const rounds = this.#measured.get(of)?.[metric];
      if (rounds === undefined) return undefined;
      const value = percentile(rounds.flat(), 0.5);
      return {
        text: `${of}: ${metric} ${significant(value)} ${unit}, at most ${target.atMost}`,
        holds: value <= target.atMost,
      };
    }
    if ("moreAtMost" in target) {
      const more = this.#compared(metric, of, target.against, (one, other) => one - other);
      if (more === undefined) return undefined;
      return {
        text: `${of}: ${metric} ${more.toFixed(2)} ${unit} more than ${target.against}, at most ${target.moreAtMost}`,
        holds: more <= target.moreAtMost,
      };
    }
    const ratio = this.#ratio(metric, of, target.against);
    if (ratio === undefined) return undefined;
    return {
      text: `${of}: ${metric} ${ratio.toFixed(2)} × ${target.against}, at most ${target.ratioAtMost}`,
      holds: ratio <= target.ratioAtMost,
    };
  }

  #result(name: string, verdicts: readonly { readonly text: string; readonly holds: boolean }[]): object {
    const figures = Object.fromEntries(
      [...this.#measured].map(([variant, metrics]) => [
        variant,
        Object.fromEntries(
          Object.entries(metrics).map(([metric, rounds]) => [
            metric,
            {
              p50: percentile(rounds.flat(), 0.5),
              p99: percentile(rounds.flat(), 0.99),
              samples: rounds.flat().length,
              medianOfEachRound: rounds.map(median),
            },
          ]),
        ),
      ]),
    );
    return {
      name,
      question: this.#question.asks,
      units: this.#question.units,
      isQuick: this.#isQuick,
      measuredAt: new Date().toISOString(),
      machine: {
        ...this.#machine,
        calibrationSpread: this.#calibration.spread,
        scaling: this.#calibration.scaling,
        isNoisy: this.#calibration.isNoisy,
      },
      figures,
      targets: verdicts,
    };
  }
}

type ForeignVariant = GoVariant | RustVariant | CppVariant;

function languageOf(variant: ForeignVariant): "go" | "rust" | "cpp" {
  if ("go" in variant) return "go";
  return "rust" in variant ? "rust" : "cpp";
}

function programOf(variant: ForeignVariant): string {
  if ("go" in variant) return goProgram(variant.go);
  return "rust" in variant ? rustProgram(variant.rust) : cppProgram(variant.cpp);
}

const built = new Map<string, string>();

/** Builds a program of `go/` once, and gives its path. */
function goProgram(name: string): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  const folder = fileURLToPath(new URL("../../build/bench", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const program = join(folder, `go-${name}`);
  const source = fileURLToPath(new URL(`../go/${name}.go`, import.meta.url));
  execFileSync("go", ["build", "-o", program, source], { stdio: ["ignore", "inherit", "inherit"] });
  built.set(name, program);
  return program;
}

/** Builds a program of `rust/` once, from crates that are on this machine, and gives its path. */
function rustProgram(name: string): string {
  const known = built.get(`rust ${name}`);
  if (known !== undefined) return known;
  const folder = fileURLToPath(new URL(`../../build/bench/rust-${name}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const source = fileURLToPath(new URL(`../rust/${name}.rs`, import.meta.url));
  const manifest = [
    `[package]\nname = "bench"\nversion = "0.0.0"\nedition = "2021"`,
    `[[bin]]\nname = "bench"\npath = ${JSON.stringify(source)}`,
    `[dependencies]\ncrossbeam-channel = "0.5"`,
    `[workspace]`,
  ];
  writeFileSync(join(folder, "Cargo.toml"), `${manifest.join("\n\n")}\n`);
  const sources = ['source.crates-io.replace-with="debian"', `source.debian.directory="${CRATES}"`];
  const options = sources.flatMap((option) => ["--config", option]);
  execFileSync("cargo", ["build", "--release", "--offline", "--quiet", ...options], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const program = join(folder, "target/release/bench");
  built.set(`rust ${name}`, program);
  return program;
}

/** Compiles a program of `cpp/` once, for this machine's processor, and gives its path. */
function cppProgram(name: string): string {
  const known = built.get(`cpp ${name}`);
  if (known !== undefined) return known;
  const folder = fileURLToPath(new URL("../../build/bench", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const program = join(folder, `cpp-${name}`);
  const source = fileURLToPath(new URL(`../cpp/${name}.cpp`, import.meta.url));
  execFileSync("g++", ["-std=c++17", "-O3", "-march=native", "-fopenmp", "-o", program, source], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  built.set(`cpp ${name}`, program);
  return program;
}

/** How often and how long `time` measures. */
export interface Batches {
  /** Operations in one batch: their number is what a batch's time is divided by. */
  readonly operations: number;
  readonly batches: number;
  /** Batches before that, for the compiler to do its work. */
  readonly warmUp: number;
}

/** Nanoseconds for each operation, batch by batch. */
export async function time({ operations, batches, warmUp }: Batches, batch: () => unknown): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < warmUp + batches; i++) {
    const startMs = performance.now();
    await batch();
    const nsEach = ((performance.now() - startMs) * 1e6) / operations;
    if (i >= warmUp) samples.push(nsEach);
  }
  return samples;
}

/** Bytes in use on the heap and beside it, after collecting all garbage. */
export function bytesInUse(): number {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Fails unless a variant computed what it should have. */
export function check(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${String(expected)}, but ${String(actual)} came out`);
}
