/** Finds the program that a command is to run. */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";

import { ProgramError } from "./program-error.js";

/** The path of the program in `file`. @param command - that it was given to */
export function findProgram(command: string, file: string): string {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new ProgramError(`${command}: there is no file ${file}\n  looked for ${path}`);
  }
  if (!statSync(path).isFile()) {
    throw new ProgramError(
      `${command}: ${file} is a folder, not a program; name a file: ${command} ${file.replace(/\/$/, "")}/main.ts`,
    );
  }
  return path;
}
