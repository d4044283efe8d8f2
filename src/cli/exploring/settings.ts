/** What `skein explore` tells the process in which it explores, and hears from it. */
import type { Confirmation, ExploreOptions } from "../../explore/index.js";
import type { Language } from "../../trace/index.js";

export interface ExploreSettings {
  /** As the command was given it, and where that is. */
  readonly file: string;
  readonly path: string;
  readonly args: readonly string[];
  /** Of the command; they replace those of the programs. */
  readonly options: ExploreOptions;
  /** The one program that is meant, by name. */
  readonly only: string | undefined;
  readonly trace: string | undefined;
  readonly json: boolean;
  readonly language: Language;
}

/** A program, as `--json` prints it. */
export interface ProgramResult {
  readonly program: string;
  readonly file: string;
  readonly result: "nothing found" | "found" | "passed by" | "stopped" | "misuse";
  /** Calls of `explore` for a program of this name, taken together. */
  readonly searches: number;
  readonly schedules: number;
  /** Of the longest schedule. */
  readonly steps: number;
  readonly tookMs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** Of a program in which nothing was found. */
  readonly coverage?: { readonly kind: string; readonly text: string };
  /** What went wrong, if anything did: what kind of thing, and in words. */
  readonly kind?: string;
  readonly diagnosis?: string;
  /** What the program was given besides, where data were drawn for it. */
  readonly data?: string;
  readonly listing?: string;
  /** What came of the schedule on real threads, with `--confirm`. */
  readonly confirmation?: Confirmation;
  readonly token?: string;
  /** The command that runs the schedule again. */
  readonly replay?: string;
  /** Why it was not explored. */
  readonly why?: string;
}
