/** Options that `skein top`, `attach` and `watch` have in common. */
import { type Command, InvalidArgumentError, Option } from "commander";

import type { Language } from "../trace/index.js";
import type { DisplayOptions } from "./live/display.js";
import { LEAST_WIDTH } from "./live/screen.js";
import { languageOf } from "./live/words.js";

export interface DisplayFlags {
  /** Seconds. */
  readonly interval: number;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly width?: number;
  readonly lang?: Language;
}

const LEAST_INTERVAL_S = 0.1;
const MOST_INTERVAL_S = 3600;
const MOST_WIDTH = 1000;

export function addDisplayOptions(command: Command): Command {
  return command
    .addOption(
      new Option("-n, --interval <seconds>", "how often to show it").argParser(intervalOf).default(1, "1 second"),
    )
    .option("--once", "one table, then end")
    .option("--json", "a line of JSON each time, for programs")
    .addOption(
      new Option("-w, --width <columns>", "where there is no terminal; 100 columns by default").argParser(widthOf),
    )
    .addOption(
      new Option("--lang <language>", "of the table; that of the environment by default").choices(["en", "ru"]),
    );
}

export function displayOptions({ interval, once, json, width, lang }: DisplayFlags): DisplayOptions {
  return {
    intervalMs: interval * 1000,
    language: languageOf(lang),
    once: once === true,
    json: json === true,
    width,
  };
}

export function pidOf(text: string): number {
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid < 1 || pid > 2 ** 31) {
    throw new InvalidArgumentError("A process has a whole number from 1 on; `skein top` alone lists processes.");
  }
  return pid;
}

function intervalOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= LEAST_INTERVAL_S && seconds <= MOST_INTERVAL_S)) {
    throw new InvalidArgumentError(
      `An interval is a number of seconds from ${LEAST_INTERVAL_S} to ${MOST_INTERVAL_S}.`,
    );
  }
  return seconds;
}

function widthOf(text: string): number {
  const columns = Number(text);
  if (!Number.isInteger(columns) || columns < LEAST_WIDTH || columns > MOST_WIDTH) {
    throw new InvalidArgumentError(`A width is a whole number of columns from ${LEAST_WIDTH} to ${MOST_WIDTH}.`);
  }
  return columns;
}
