/** The terminal while a live table has it: another screen, keys as they are pressed, and all put back at the end. */

export interface Terminal {
  readonly width: number;
  readonly height: number;
  /** Replaces what is shown. */
  draw(lines: readonly string[]): void;
  close(): void;
}

export interface TerminalHooks {
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
}

// Sequences of DEC's and xterm's terminals, which all others know.
const ENTER = "\u001B[?1049h\u001B[?25l"; // the other screen, no cursor
const LEAVE = "\u001B[?25h\u001B[?1049l";
/** Shown at once when all of it is there; terminals that don't know it pass it over. */
const BEGIN_FRAME = "\u001B[?2026h\u001B[H";
const END_FRAME = "\u001B[J\u001B[?2026l";
const END_OF_LINE = "\u001B[K";

const DEFAULT_WIDTH = 80;
const DEFAULT_HEIGHT = 24;

/**
 * A frame: each line is written over what was there and the rest of it cleared, never the
 * whole screen, which would flicker. Without a line's end behind the last, which would scroll.
 */
export function frameOf(lines: readonly string[]): string {
  return BEGIN_FRAME + lines.map((line) => line + END_OF_LINE).join("\r\n") + END_FRAME;
}

export function openTerminal({ onKey, onResize }: TerminalHooks): Terminal {
  const { stdin, stdout } = process;
  const readsKeys = stdin.isTTY;
  const pressed = (text: string): void => {
    // Of several keys at once each; an escape sequence is one, and no key of ours.
    if (text.startsWith("\u001B") && text.length > 1) return;
    for (const key of text) onKey(key);
  };
  stdout.write(ENTER);
  if (readsKeys) {
    stdin.setRawMode(true);
    stdin.setEncoding("utf8");
    stdin.on("data", pressed);
    stdin.resume();
  }
  stdout.on("resize", onResize);
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stdout.off("resize", onResize);
    process.off("exit", close);
    if (readsKeys) {
      stdin.off("data", pressed);
      stdin.setRawMode(false);
      stdin.pause();
    }
    stdout.write(LEAVE);
  };
  // Whatever ends this process, the person gets the terminal back.
  process.on("exit", close);
  return {
    get width() {
      return stdout.columns > 0 ? stdout.columns : DEFAULT_WIDTH;
    },
    get height() {
      return stdout.rows > 0 ? stdout.rows : DEFAULT_HEIGHT;
    },
    draw: (lines) => void stdout.write(frameOf(lines)),
    close,
  };
}
