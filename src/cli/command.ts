/** The command `skein`, which `bin.ts` starts. */
import { Command, InvalidArgumentError, Option } from "commander";

import { doctor } from "./doctor.js";
import type { OpenOptions } from "./open.js";
import { type RunOptions, runProgram } from "./run.js";
import { packageVersion } from "./version.js";
import type { LabOptions } from "../labs/lab-command.js";

export function runCommand(): void {
  const program = new Command("skein")
    .description("Runs concurrent TypeScript and JavaScript programs, and shows what really happened.")
    .version(packageVersion(), "-v, --version")
    .showHelpAfterError("(`skein --help` lists the commands)")
    .enablePositionalOptions();

  program
    .command("run")
    .description("run a TypeScript or JavaScript program, with TypeScript on its threads too")
    .argument("<file>", "the program: a module that calls main(…) or exports a default function")
    .argument("[args...]", "passed to the program, in process.argv from index 2")
    .option(
      "-t, --trace <out>",
      "record the run and write a trace: .skein for `skein open`, .json or .pftrace for ui.perfetto.dev, .csv, or .otlp.json for OpenTelemetry",
    )
    .option("-r, --report <out>", "record the run and write a report: one page that shows it, and needs nothing else")
    .addOption(
      new Option(
        "-i, --inspect [port]",
        "show the run live in the browser; written --inspect=port, a free one by default",
      )
        .argParser(portOf)
        .preset("0"),
    )
    // What stands behind the file is the program's, options included.
    .passThroughOptions()
    .action(async (file: string, args: string[], options: RunOptions) => {
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
    .command("doctor")
    .description("say what this machine and runtime offer, what is missing, and how to get it")
    .option("--json", "print the findings as JSON")
    .action(async (options: { readonly json?: boolean }) => {
      await doctor(options);
    });

  program
    .command("lab")
    .description("show what concurrency is, by experiments on this machine: predict, run, change")
    .argument("[which...]", "labs by number or name, or a statement, as S4; without any, they are listed")
    .option("-a, --all", "run all of them; exit code 1 if any is not shown")
    .option("--code", "print the lab's program, to be changed")
    .option("--with <file>", "run this program in the place of the lab's own")
    .option("--predict <letter>", "what you expect: a, b or c; asked for on a terminal")
    .option("--json", "print what was measured as JSON")
    .addOption(new Option("--lang <language>", "language of what is printed").choices(["en", "ru"]))
    .action(async (which: string[], options: LabOptions) => {
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
  skein open before.skein after.skein
  skein lab 3
  skein doctor`,
  );

  // Not awaited at the top level: a program that ends while it still waits would
  // otherwise be reported as this file's mistake.
  program.parseAsync(withInspectPort(process.argv)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}

/** `--inspect` alone means any port: to the parser, the program's file behind it would be its value. */
function withInspectPort(argv: readonly string[]): string[] {
  const args = [...argv];
  if (args[2] !== "run") return args;
  for (let i = 3; args[i]?.startsWith("-") === true && args[i] !== "--"; i++) {
    const arg = args[i] ?? "";
    if (arg === "--inspect" || arg === "-i") args[i] = "--inspect=0";
    else if (/^(?:-t|--trace|-r|--report)$/.test(arg)) i++;
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
