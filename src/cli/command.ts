/** The command `skein`, which `bin.ts` starts. */
import { Command } from "commander";

import { doctor } from "./doctor.js";
import { runProgram } from "./run.js";
import { packageVersion } from "./version.js";

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
    .option("-t, --trace <out>", "record the run and write a trace for ui.perfetto.dev and chrome://tracing")
    // What stands behind the file is the program's, options included.
    .passThroughOptions()
    .action(async (file: string, args: string[], options: { readonly trace?: string }) => {
      await runProgram(file, args, options);
    });

  program
    .command("doctor")
    .description("say what this machine and runtime offer, what is missing, and how to get it")
    .option("--json", "print the findings as JSON")
    .action(async (options: { readonly json?: boolean }) => {
      await doctor(options);
    });

  program.addHelpText(
    "after",
    `
Examples:
  skein run server.ts --port 8080
  skein run --trace out.json crunch.ts data/
  skein doctor`,
  );

  // Not awaited at the top level: a program that ends while it still waits would
  // otherwise be reported as this file's mistake.
  program.parseAsync().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
