/**
 * Shows a program in the terminal again and again, until somebody has seen enough or the
 * program has ended. Without a terminal: one table, or one line of JSON, each time.
 */
import { nowMs, setAlarm } from "#clock";

import type { Language } from "../../trace/index.js";
import { type Sort, SORTS, screenLines, type View } from "./screen.js";
import type { LiveState } from "./state.js";
import { openTerminal, type Terminal } from "./terminal.js";

/** Something that is looked at. */
export interface LiveView {
  /** How often `sample` is to be called. */
  readonly sampleEveryMs: number;
  /** How the program has ended: its exit code, the name of a signal, or "" if that is not known. */
  readonly ended: string | undefined;
  sample(): void;
  /** What is known now, with rates since it was asked last. */
  state(): LiveState;
  close(): void;
}

export interface DisplayOptions {
  readonly intervalMs: number;
  readonly language: Language;
  /** One table, then no more. */
  readonly once: boolean;
  readonly json: boolean;
  /** Columns where there is no terminal. */
  readonly width: number | undefined;
}

/** What the program printed, and what becomes of an interruption. */
export interface DisplayHooks {
  /** The last lines that the program printed. */
  readonly output?: () => readonly string[];
  /** Called for Ctrl-C and the like; true if the display is to go on until the program has ended. */
  readonly onInterrupt?: (signal: NodeJS.Signals) => boolean;
}

/** Why a display has ended: "quit" by the key, "interrupted" by a signal, "ended" with the program, "once" as asked. */
export type DisplayEnd = "quit" | "interrupted" | "ended" | "once";

const DEFAULT_WIDTH = 100;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Shows it; settles when that is over, with the terminal as it was before. */
export async function showLive(view: LiveView, options: DisplayOptions, hooks: DisplayHooks = {}): Promise<DisplayEnd> {
  const display = new Display(view, options, hooks);
  try {
    return await display.run();
  } finally {
    display.close();
  }
}

class Display {
  readonly #view: LiveView;
  readonly #options: DisplayOptions;
  readonly #hooks: DisplayHooks;
  readonly #terminal: Terminal | undefined;
  readonly #stops: (() => void)[] = [];
  #resolve: (end: DisplayEnd) => void = () => undefined;
  #state: LiveState | undefined = undefined;
  #sort: Sort = "cpu";
  #isPaused = false;
  #showsHelpers = false;
  #showsSources = false;

  constructor(view: LiveView, options: DisplayOptions, hooks: DisplayHooks) {
    this.#view = view;
    this.#options = options;
    this.#hooks = hooks;
    const isPlain = options.once || options.json || !process.stdout.isTTY;
    this.#terminal = isPlain
      ? undefined
      : openTerminal({ onKey: (key) => this.#pressed(key), onResize: () => this.#draw() });
  }

  run(): Promise<DisplayEnd> {
    const ended = new Promise<DisplayEnd>((resolve) => (this.#resolve = resolve));
    for (const signal of SIGNALS) {
      const interrupted = (): void => this.#interrupted(signal);
      process.on(signal, interrupted);
      this.#stops.push(() => process.off(signal, interrupted));
    }
    // Whoever reads the tables has gone, as with `| head`, or the terminal has.
    const broken = (error: NodeJS.ErrnoException): void => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
      this.#resolve("quit");
    };
    process.stdout.on("error", broken);
    this.#stops.push(() => process.stdout.off("error", broken));
    this.#repeat(() => this.#sample(), this.#view.sampleEveryMs);
    this.#repeat(() => this.#update(), this.#options.intervalMs);
    if (this.#terminal !== undefined) this.#update();
    return ended;
  }

  #repeat(action: () => void, everyMs: number): void {
    let stop: () => void = () => undefined;
    const startedMs = nowMs();
    let turn = 0;
    const next = (): void => {
      // By the clock, not from ring to ring: the times of tables keep their distance.
      turn = Math.max(turn + 1, Math.floor((nowMs() - startedMs) / everyMs) + 1);
      stop = setAlarm(ring, Math.max(1, startedMs + turn * everyMs - nowMs()));
    };
    const ring = (): void => {
      next();
      action();
    };
    next();
    this.#stops.push(() => stop());
  }

  #sample(): void {
    this.#view.sample();
    const { ended } = this.#view;
    if (ended === undefined) return;
    // Once more, as a short program may have been shown not at all; but rates of a short while say nothing.
    this.#isPaused = false;
    const sinceMs = nowMs() - (this.#state?.atMs ?? -Infinity);
    if (sinceMs >= this.#options.intervalMs / 2) this.#update();
    else if (this.#state !== undefined) this.#state = { ...this.#state, ended };
    this.#resolve("ended");
  }

  #update(): void {
    if (!this.#isPaused) this.#state = this.#view.state();
    this.#draw();
    if (this.#options.once) this.#resolve("once");
  }

  #draw(): void {
    const state = this.#state;
    if (state === undefined) return;
    const { language, json } = this.#options;
    if (this.#terminal !== undefined) {
      const { width, height } = this.#terminal;
      const colours = (process.env["NO_COLOR"] ?? "") === "";
      this.#terminal.draw(screenLines(state, this.#how(width, height, colours)));
    } else if (json) {
      const findings = state.findings?.map(({ severity, text }) => ({ severity, text: text[language] }));
      const sources = state.sources.map(({ what, badge, why }) => ({
        what: what[language],
        badge,
        why: why?.[language],
      }));
      process.stdout.write(`${JSON.stringify({ ...state, findings, sources })}\n`);
    } else {
      const width = this.#options.width ?? DEFAULT_WIDTH;
      process.stdout.write(`${screenLines(state, this.#how(width, undefined, false)).join("\n")}\n\n`);
    }
  }

  #how(width: number, height: number | undefined, isColoured: boolean): View {
    const isLive = this.#terminal !== undefined;
    return {
      width,
      height,
      language: this.#options.language,
      isColoured,
      sort: this.#sort,
      isPaused: this.#isPaused,
      showsHelpers: this.#showsHelpers,
      showsSources: this.#showsSources || this.#options.once,
      showsKeys: isLive,
      output: isLive ? (this.#hooks.output?.() ?? []) : [],
    };
  }

  #pressed(key: string): void {
    switch (key) {
      case "\u0003": // Ctrl-C, which the terminal does not turn into a signal while keys are read
        this.#interrupted("SIGINT");
        break;
      case "q":
      case "\u001B":
        this.#resolve("quit");
        break;
      case "s":
        this.#sort = SORTS[(SORTS.indexOf(this.#sort) + 1) % SORTS.length] as Sort;
        break;
      case "p":
      case " ":
        this.#isPaused = !this.#isPaused;
        break;
      case "h":
        this.#showsHelpers = !this.#showsHelpers;
        break;
      case "b":
        this.#showsSources = !this.#showsSources;
        break;
      default:
        return;
    }
    this.#draw();
  }

  #interrupted(signal: NodeJS.Signals): void {
    if (this.#hooks.onInterrupt?.(signal) !== true) this.#resolve("interrupted");
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    if (this.#terminal !== undefined) {
      const { width } = this.#terminal;
      this.#terminal.close();
      // What was seen last stays, as what a program printed does.
      const view = { ...this.#how(width, undefined, false), output: [], showsKeys: false };
      if (this.#state !== undefined) process.stdout.write(`${screenLines(this.#state, view).join("\n")}\n`);
    }
    this.#view.close();
  }
}
