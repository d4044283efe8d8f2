import { MisuseError } from "../core/errors.js";
import { encodeTrace } from "../trace/trace-file.js";
import type { Trace } from "../trace/trace.js";
import type { Failure, FailureKind } from "./failure.js";
import type { Confirmation } from "./real/confirmation.js";
import { replayOf } from "./replay-command.js";

interface FileWriter {
  writeFileSync(path: string | URL, bytes: Uint8Array): void;
}

/** A run that went wrong, as far as it is told. */
export interface FoundSchedule {
  readonly program: string;
  readonly failure: Failure;
  readonly listing: string;
  readonly trace: Trace;
  readonly token: string;
  readonly schedules: number;
  /** What came of it on real threads, if that was asked for. */
  readonly confirmation: Confirmation | undefined;
  /** What the program was given besides, in words. */
  readonly data?: string;
}

/**
 * A schedule was found on which the program goes wrong.
 *
 * `message` holds all of it: what went wrong, the schedule step by step, and the
 * token that runs it again.
 *
 * @since 0.2.0
 */
export class ExploreError extends Error {
  readonly kind: FailureKind;
  /** Runs the schedule again, as the option `token`, here or of `skein explore`. */
  readonly token: string;
  /** The schedule: a column for each thread, a row for each step. */
  readonly listing: string;
  /** What went wrong, and what is known of why. */
  readonly diagnosis: string;
  /** How many schedules were run until this one was found. */
  readonly schedules: number;
  /** What came of the schedule on real threads; `undefined` unless that was asked for. */
  readonly confirmation: Confirmation | undefined;
  /** What the program was given besides, in words, where data were drawn for it. */
  readonly data: string | undefined;
  readonly #found: FoundSchedule;

  constructor(found: FoundSchedule) {
    const { program, failure, listing, token, schedules, confirmation, data } = found;
    const lines = [
      `${program}: ${failure.kind}, found by schedule ${schedules}${data === undefined ? "" : `, with ${data}`}`,
      failure.message,
      "",
      listing,
      "",
      ...(confirmation === undefined ? [] : [`On real threads: ${confirmation.verdict}: ${confirmation.text}`]),
      `replay: ${replayOf(token)}`,
    ];
    super(lines.join("\n"), { cause: failure.cause });
    this.#found = found;
    this.kind = failure.kind;
    this.token = token;
    this.listing = listing;
    this.diagnosis = failure.message;
    this.schedules = schedules;
    this.confirmation = confirmation;
    this.data = data;
  }

  /** @internal The same, of a program that was given data, which the token brings about again, too. */
  withData(data: string, token: string): ExploreError {
    return new ExploreError({ ...this.#found, data, token });
  }

  /** The schedule as a trace, as `skein/trace` and the inspector know them: a lane for each thread, a millisecond for each step. */
  get trace(): Trace {
    return this.#found.trace;
  }

  /**
   * Writes the schedule as a file that `skein open` shows.
   *
   * **Throws** what the file system throws; `SKEIN_INVALID_ARGUMENT` where there is none.
   */
  writeTrace(path: string | URL): void {
    const { process: host } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
    const files = host?.getBuiltinModule?.("node:fs") as FileWriter | undefined;
    if (files === undefined) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        "writeTrace needs a file system, and this platform has none: encode `trace` by encodeTrace of skein/trace, and send it",
      );
    }
    files.writeFileSync(path, encodeTrace(this.trace));
  }

  override get name(): string {
    return "ExploreError";
  }
}
