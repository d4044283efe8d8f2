/** `skein doctor`: what this machine and runtime offer, what is missing, and how to get it. */
import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { pathToFileURL } from "node:url";
import { styleText } from "node:util";

import { hasWaitAsync } from "#atomics";

import { scope } from "../async/scope.js";
import { describeThrown } from "../core/errors.js";
import { coreAllowance } from "../threads/host/cores.js";
import { findTsx, stripsTypesItself } from "../threads/host/typescript.js";
import { threads } from "../threads/threads.js";
import { measureScaling } from "./scaling.js";
import { packageVersion } from "./version.js";

/** One thing looked at. */
export interface Finding {
  readonly subject: string;
  /** `good`: there. `limited`: skein works without, less well. `missing`: something of skein does not work. */
  readonly state: "good" | "limited" | "missing";
  readonly found: string;
  /** How to get it, where it is not there. */
  readonly mend?: string;
}

/** Prints the findings; exit code 1 if something that skein needs is missing. */
export async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const findings: Finding[] = [
    runtime(),
    ...cores(),
    sharedMemory(),
    ...(await threadFindings()),
    typeScript(),
    ...kernelFacts(),
  ];
  if (options.json === true) console.log(JSON.stringify({ skein: packageVersion(), findings }, undefined, 2));
  else print(findings);
  if (findings.some((finding) => finding.state === "missing")) process.exitCode = 1;
}

const MARKS = {
  good: ["green", "✔"],
  limited: ["yellow", "•"],
  missing: ["red", "✖"],
} as const;

function print(findings: readonly Finding[]): void {
  const useColour = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
  const width = Math.max(...findings.map((finding) => finding.subject.length));
  console.log(`skein ${packageVersion()}: what this machine and runtime offer\n`);
  for (const { subject, state, found, mend } of findings) {
    const [colour, mark] = MARKS[state];
    console.log(`  ${useColour ? styleText(colour, mark) : mark} ${subject.padEnd(width)}  ${found}`);
    if (mend !== undefined) console.log(`    ${" ".repeat(width)}  → ${mend}`);
  }
  const missing = findings.filter((finding) => finding.state === "missing").length;
  const limited = findings.filter((finding) => finding.state === "limited").length;
  console.log(
    missing > 0
      ? `\n${missing} ${missing === 1 ? "thing that skein needs is" : "things that skein needs are"} missing.`
      : `\nAll that skein needs is here${limited === 0 ? "." : `; ${limited} ${limited === 1 ? "figure or comfort is" : "figures or comforts are"} limited.`}`,
  );
}

function runtime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isEnough = major > 20 || (major === 20 && minor >= 19);
  const name = "Bun" in globalThis ? "Bun" : "Deno" in globalThis ? "Deno" : "Node";
  const found = `${name} ${(process.versions as Record<string, string | undefined>)[name.toLowerCase()] ?? process.versions.node} on ${platform()} ${release()}, ${arch()}`;
  return isEnough
    ? { subject: "runtime", state: "good", found }
    : { subject: "runtime", state: "missing", found, mend: "skein needs Node 20.19 or later" };
}

function cores(): Finding[] {
  const { cores: allowed, schedulable, quota } = coreAllowance();
  const installed = cpus().length;
  const limits = [
    schedulable < installed ? `affinity leaves ${schedulable} of ${installed}` : `${installed} in the machine`,
    quota === undefined ? "no container quota" : `container quota ${quota.toFixed(2)}`,
  ].join(", ");
  return [
    {
      subject: "cores allowed",
      state: allowed > 1 ? "good" : "limited",
      found: `${allowed} (${limits})`,
      ...(allowed > 1
        ? {}
        : {
            mend: "with one core threads take turns: concurrent, but not parallel. Raise the quota or the affinity (taskset, docker --cpus)",
          }),
    },
  ];
}

function sharedMemory(): Finding {
  try {
    const cells = new Int32Array(new SharedArrayBuffer(4));
    const canWait = hasWaitAsync ? "Atomics.wait and waitAsync" : "Atomics.wait";
    return {
      subject: "shared memory",
      state: "good",
      found: `SharedArrayBuffer of ${cells.byteLength} bytes made, ${canWait}`,
    };
  } catch (error) {
    return {
      subject: "shared memory",
      state: "missing",
      found: describeThrown(error),
      mend: "a page must be cross-origin isolated: send COOP same-origin and COEP require-corp",
    };
  }
}

async function threadFindings(): Promise<Finding[]> {
  const pool = threads({ size: 2, name: "doctor" });
  try {
    const { startMs, alone, together } = await scope((s) => measureScaling(s, pool), {
      name: "doctor",
      timeoutMs: 20_000,
    });
    const scaling = together / alone;
    const found = `two threads did ${scaling.toFixed(2)} times the work of one in the same time`;
    return [
      { subject: "threads", state: "good", found: `a thread starts and answers in ${startMs.toFixed(0)} ms` },
      scaling >= 1.6
        ? { subject: "parallelism", state: "good", found }
        : {
            subject: "parallelism",
            state: "limited",
            found,
            mend: "below 1.6 something else has the cores: other programs, a quota, or a single core. Speed-ups measured now are inconclusive",
          },
    ];
  } catch (error) {
    return [
      {
        subject: "threads",
        state: "missing",
        found: describeThrown(error),
        mend: "if Node runs with --permission, add --allow-worker",
      },
    ];
  } finally {
    await pool.close();
  }
}

function typeScript(): Finding {
  const tsx = findTsx(pathToFileURL(`${process.cwd()}/`).href);
  const subject = "TypeScript";
  if (tsx !== undefined) {
    const also = stripsTypesItself() ? "; the runtime strips types itself too" : "";
    return { subject, state: "good", found: `.ts programs and threads through tsx ${tsx.version}${also}` };
  }
  if (stripsTypesItself()) {
    return {
      subject,
      state: "limited",
      found: "the runtime strips types itself: no enums, and imports must name the .ts file",
      mend: "npm install -D tsx lifts both limits",
    };
  }
  return {
    subject,
    state: "missing",
    found: `Node ${process.versions.node} can't load .ts files by itself`,
    mend: "npm install -D tsx",
  };
}

/** Files of the Linux kernel from which figures are read, and what each gives. */
const KERNEL_FACTS = [
  { file: "schedstat", gives: "CPU time and time spent waiting for a core, per thread" },
  { file: "stat", gives: "state and last core, per thread" },
  { file: "status", gives: "voluntary and forced context switches" },
  { file: "syscall", gives: "what a blocked thread waits in" },
] as const;

function kernelFacts(): Finding[] {
  if (platform() !== "linux") {
    return [
      {
        subject: "kernel facts",
        state: "limited",
        found: `per-thread facts are read from Linux's /proc, which ${platform()} does not have`,
        mend: "CPU time of the process is shown instead; cores and run-queue waits are not available",
      },
    ];
  }
  const folder = `/proc/self/task/${threadId()}`;
  const unreadable = KERNEL_FACTS.filter(({ file }) => !isReadable(`${folder}/${file}`));
  const facts: Finding =
    unreadable.length === 0
      ? {
          subject: "kernel facts",
          state: "good",
          found: `${KERNEL_FACTS.map(({ file }) => file).join(", ")} readable for each thread`,
        }
      : {
          subject: "kernel facts",
          state: "limited",
          found: `not readable: ${unreadable.map(({ file, gives }) => `${file} (${gives})`).join("; ")}`,
          mend: "the container hides /proc, or Node's --permission forbids reading it (--allow-fs-read=/proc)",
        };
  return [facts, tool("taskset", "pins threads to cores", "util-linux"), perf()];
}

function threadId(): string {
  try {
    return readlinkSync("/proc/thread-self").split("/").at(-1) ?? "self";
  } catch {
    return String(process.pid);
  }
}

function isReadable(path: string): boolean {
  try {
    return readFileSync(path, "utf8").length > 0;
  } catch {
    return false;
  }
}

function tool(name: string, gives: string, debianPackage: string): Finding {
  const missing: Finding = {
    subject: name,
    state: "limited",
    found: `not there: ${gives}`,
    mend: `apt-get install ${debianPackage}`,
  };
  try {
    return spawnSync(name, ["--version"]).error === undefined
      ? { subject: name, state: "good", found: `there: ${gives}` }
      : missing;
  } catch (error) {
    return {
      ...missing,
      found: `can't be looked for: ${describeThrown(error)}`,
      mend: "if Node runs with --permission, add --allow-child-process",
    };
  }
}

function perf(): Finding {
  const there = tool("perf", "exact lanes of which thread ran on which core", "linux-perf");
  if (there.state !== "good") return there;
  const paranoid = isReadable("/proc/sys/kernel/perf_event_paranoid")
    ? Number(readFileSync("/proc/sys/kernel/perf_event_paranoid", "utf8"))
    : Number.NaN;
  return paranoid <= 2
    ? there
    : {
        ...there,
        state: "limited",
        found: `perf is there, but perf_event_paranoid is ${paranoid}`,
        mend: "sysctl kernel.perf_event_paranoid=2",
      };
}
