/** Which exports of a file are programs to explore. */
import { basename } from "node:path";

import { taskIdentity } from "../../async/executor.js";
import type { ExploredProgram, ExploreOptions } from "../../explore/index.js";

export interface FoundProgram {
  readonly name: string;
  readonly options: ExploreOptions;
  readonly program: ExploredProgram;
  /** The export that it is; a path of names, if it is within one. */
  readonly exported: string;
  /** Whether it is one by its shape alone: a function of one parameter may be something else. */
  readonly isGuess: boolean;
}

/** In the order in which a module has its exports, which is that of their names. */
export function programsOf(module: Readonly<Record<string, unknown>>, path: string): FoundProgram[] {
  return Object.entries(module).flatMap(([exported, value]): FoundProgram[] => {
    if (isProgramFunction(value)) {
      const own = value.name === "default" ? "" : value.name;
      const name = exported === "default" ? own || basename(path).replace(/\.[^.]*$/, "") : exported;
      return [{ name, options: {}, program: value, exported, isGuess: true }];
    }
    if (!isDescribed(value)) return [];
    const options = value.options ?? {};
    const name = options.name ?? exported;
    return [{ name, options, program: value.program, exported: `${exported}.program`, isGuess: false }];
  });
}

function isProgramFunction(value: unknown): value is ExploredProgram {
  if (typeof value !== "function" || value.length !== 1) return false;
  // A task is for threads of a pool; a class is no program.
  return taskIdentity(value) === undefined && !/^class\b/.test(Function.prototype.toString.call(value));
}

function isDescribed(value: unknown): value is { options?: ExploreOptions; program: ExploredProgram } {
  if (typeof value !== "object" || value === null) return false;
  const { program, options = {} } = value as { program?: unknown; options?: unknown };
  return typeof program === "function" && typeof options === "object" && options !== null;
}
