/** The command `skein`, which `bin.ts` starts. */
import { Command, InvalidArgumentError, Option } from "commander";

import type { AdviseOptions } from "./advise.js";
import { addDisplayOptions, displayOptions, type DisplayFlags, pidOf } from "./display-options.js";
import { doctor } from "./doctor.js";
import type { ExploreFlags } from "./explore.js";
import { countOf, durationOf, seedOf } from "./explore-options.js";
import type { OpenOptions } from "./open.js";
import type { ObserveFlags } from "./observing.js";
import { runProgram } from "./run.js";
import { packageVersion } from "./version.js";
import { STRATEGIES } from "../explore/options.js";
import type { LabOptions } from "../labs/lab-command.js";
import type { LabInspectOptions } from "./open-labs.js";

interface WatchFlags {
  readonly output?: string;
  readonly deep?: boolean;
}

interface TopFlags {
  readonly pid?: number;
  readonly output?: string;
}

export function runCommand(): void {
  const program = new Command("skein")
    .description("Runs concurrent TypeScript and JavaScript programs, and shows what really happened.")
    .version(packageVersion(), "-v, --version")
    .showHelpAfterError("(`skein --help` lists the commands)")
    .enablePositionalOptions();

  addObserveOptions(program.command("run"))
    .description("run a TypeScript or JavaScript program, with TypeScript on its threads too")
    .argument("<file>", "the program: a module that calls main(…) or exports a default function")
    .argument("[args...]", "passed to the program, in process.argv from index 2")
    .option("--share", "let `skein top`, from another terminal, show it")
    .option(
      "-d, --deep",
      "record more: whose code runs after each await, where jobs are spawned, and a CPU profile; the program runs slower",
    )
    .option(
      "-s, --snapshots <folder>",
      "keep the last minute in memory, and write it there when something goes wrong: the event loop stands still for a second, jobs wait for each other, or an error is not handled",
    )
    .addOption(new Option("--observed <folder>", "for `skein advise`").hideHelp())
    // What stands behind the file is the program's, options included.
    .passThroughOptions()
    .action(async (file: string, args: string[], options: ObserveFlags) => {
      await runProgram(file, args, options);
    });

  program
    .command("open")
    .description("show a recorded trace in the browser, or two beside each other")
    .argument("<trace>", "a file that `skein run --trace` wrote")
    .argument("[other]", "another one to compare it with")
    .addOption(
      new Option("-p, --port <port>", "where to listen; a free port by default").argParser(portOf).default(0, "any"),
    )
    .option("--no-browser", "only print the address")
    .action(async (trace: string, other: string | undefined, options: OpenOptions) => {
      // Loaded only here, as it brings the server along.
      const { openTraces } = await import("./open.js");
      await openTraces(other === undefined ? [trace] : [trace, other], options);
    });

  program
    .command("advise")
    .description("run a program under observation, and say where its tasks and functions should run")
    .argument("<file>", "the program, as for `skein run`")
    .argument("[args...]", "passed to the program")
    .option("--try", "run it once more with its tasks placed as advised, and compare the two")
    .addOption(new Option("--lang <language>", "the language of the advice").choices(["en", "ru"]).default("en"))
    .option("--json", "print the advice as JSON; what the program prints goes to standard error")
    .passThroughOptions()
    .action(async (file: string, args: string[], options: AdviseOptions) => {
      const { advise } = await import("./advise.js");
      await advise(file, args, options);
    });

  program
    .command("explore")
    .description("run programs of threads or jobs through the orders of their steps, until one goes wrong")
    .argument("<file>", "exports programs, functions of t; or calls explore() itself, as a test does")
    .argument("[args...]", "passed to the file, in process.argv")
    .option("-t, --token <token>", "run the one schedule again that was found, and printed with it")
    .addOption(
      new Option("-b, --budget <time>", "how long to search, each program: 10s, 500ms, 2m; 10s by default").argParser(
        durationOf,
      ),
    )
    .addOption(
      new Option("-n, --schedules <count>", "how many schedules to run, each program, at most").argParser(countOf),
    )
    .addOption(new Option("-s, --strategy <name>", "how schedules are chosen").choices(STRATEGIES))
    .addOption(new Option("--seed <number>", "of what is left to chance").argParser(seedOf))
    .addOption(
      new Option(
        "--memory <model>",
        "what plain reads may see: sc, the last write, or js, what JavaScript allows",
      ).choices(["sc", "js"]),
    )
    .option("--confirm", "have real threads take the steps of what is found, and say what came of it")
    .option("-o, --only <name>", "only the program of this name")
    .option("--trace <out>", "write the schedule that goes wrong as a timeline, in a form as of `skein run --trace`")
    .option("--json", "print a line of JSON for each program")
    .addOption(
      new Option("--lang <language>", "of what is printed; that of the environment by default").choices(["en", "ru"]),
    )
    // What was found has the exit code 1, so mistakes have another.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .action(async (file: string, args: string[], flags: ExploreFlags) => {
      const { exploreFile } = await import("./explore.js");
      await exploreFile(file, args, flags);
    });

  program
    .command("doctor")
    .description("say what this machine and runtime offer, what is missing, and how to get it")
    .option("--json", "print the findings as JSON")
    .action(async (options: { readonly json?: boolean }) => {
      await doctor(options);
    });

  addDisplayOptions(
    program
      .command("top")
      .description("show a program live in the terminal; without a file, one that is running")
      .argument("[file]", "a program, run as `skein run` does")
      .argument("[args...]", "passed to the program")
      .addOption(new Option("-p, --pid <pid>", "a process that is running").argParser(pidOf))
      .option("-o, --output <file>", "what the program prints goes there, all of it"),
  )
    .passThroughOptions()
    .action(async (file: string | undefined, args: string[], flags: DisplayFlags & TopFlags) => {
      const { topAny, topFile, topProcess } = await import("./top.js");
      const options = displayOptions(flags);
      if (file !== undefined && flags.pid !== undefined) {
        program.error("error: name a file to run, or --pid of a process that runs already, not both");
      }
      if (file !== undefined) await topFile(file, args, flags.output, options);
      else if (flags.pid !== undefined) await topProcess(flags.pid, options);
      else await topAny(options);
    });

  addDisplayOptions(
    addObserveOptions(
      program
        .command("watch")
        .description("run any Node program, which need not use Skein, and show its threads, loops and stalls live")
        .argument("<file>", "the program, TypeScript or JavaScript")
        .argument("[args...]", "passed to the program"),
    )
      .option("-o, --output <file>", "what the program prints goes there, all of it")
      .option("--deep", "count every asynchronous operation, promises too; much slower"),
  )
    .passThroughOptions()
    .action(async (file: string, args: string[], flags: DisplayFlags & ObserveFlags & WatchFlags) => {
      const { watchFile } = await import("./watch.js");
      await watchFile(file, args, flags, displayOptions(flags));
    });

  addDisplayOptions(
    program
      .command("attach")
      .description("show the threads of a running Node program, from outside: it need not use Skein, nor be restarted")
      .argument("<pid>", "the number of its process", pidOf)
      .option("--inspector", "ask it too, by its inspector: SIGUSR1 opens that on 127.0.0.1 meanwhile"),
  ).action(async (pid: number, flags: DisplayFlags & { readonly inspector?: boolean }) => {
    const { attachTo } = await import("./attach.js");
    await attachTo(pid, flags.inspector === true, displayOptions(flags));
  });

  program
    .command("lab")
    .description("show what concurrency is, by experiments on this machine: predict, run, change")
    .argument("[which...]", "labs by number or name, or a statement, as S4; without any, they are listed")
    .option("-a, --all", "run all of them; exit code 1 if any is not shown")
    .option("--code", "print the lab's program, to be changed")
    .option("--with <file>", "run this program in the place of the lab's own")
    .option(
      "--knob <name=value>",
      "run it otherwise than usual: skein lab 8 --knob requests=20; may be given several times",
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .option("--predict <letter>", "what you expect: a, b or c; asked for on a terminal")
    .option("--json", "print what was measured as JSON")
    .option("-i, --inspect [port]", "run labs in the browser: predict, turn knobs, compare timelines", portOf)
    .option("--no-browser", "with --inspect: only print the address")
    .addOption(new Option("--lang <language>", "language of what is printed").choices(["en", "ru"]))
    .action(async (which: string[], options: LabOptions & LabInspectOptions) => {
      if (options.inspect !== undefined) {
        const { openLabs } = await import("./open-labs.js");
        return openLabs(which, options);
      }
      const { runLabs } = await import("../labs/lab-command.js");
      await runLabs(which, options);
    });

  program.addHelpText(
    "after",
    `
Examples:
  skein run server.ts --port 8080
  skein run --inspect server.ts
  skein run --report out.html crunch.ts data/
  skein run --trace before.skein crunch.ts data/
  skein run --snapshots wrong/ server.ts    (and kill -USR2 its process for one more)
  skein open before.skein after.skein
  skein advise --try crunch.ts data/
  skein explore queue.test.ts --budget 1m
  skein top crunch.ts data/
  skein watch server.js
  skein attach 4711
  skein lab 3
  skein lab --inspect
  skein doctor`,
  );

  // Not awaited at the top level: a program that ends while it still waits would
  // otherwise be reported as this file's mistake.
  program.parseAsync(withInspectPort(process.argv)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}

/** What a run is recorded for. */
function addObserveOptions(command: Command): Command {
  return command
    .option(
      "-t, --trace <out>",
      "record the run and write a trace: .skein for `skein open`, .json or .pftrace for ui.perfetto.dev, .csv, .otlp.json for OpenTelemetry, or .cpuprofile for profilers",
    )
    .option("-r, --report <out>", "record the run and write a report: one page that shows it, and needs nothing else")
    .addOption(
      new Option(
        "-i, --inspect [port]",
        "show the run live in the browser; written --inspect=port, a free one by default",
      )
        .argParser(portOf)
        .preset("0"),
    );
}

/** `--inspect` alone means any port: to the parser, the program's file behind it would be its value. */
function withInspectPort(argv: readonly string[]): string[] {
  const args = [...argv];
  // A lab has no arguments of its own, so the option may stand behind its name too.
  if (args[2] === "lab") return args.map((arg) => (arg === "--inspect" || arg === "-i" ? "--inspect=0" : arg));
  if (args[2] !== "run" && args[2] !== "watch") return args;
  for (let i = 3; args[i]?.startsWith("-") === true && args[i] !== "--"; i++) {
    const arg = args[i] ?? "";
    if (arg === "--inspect" || arg === "-i") args[i] = "--inspect=0";
    else if (/^(?:-t|--trace|-r|--report|-s|--snapshots|-o|--output|-n|--interval|-w|--width|--lang)$/.test(arg)) i++;
  }
  return args;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return port;
}
