/** A line at the end of the terminal that is written again and again, and makes way for whatever else is printed. */
import { columnsIn } from "../../trace/words/columns.js";
import { cut } from "../live/table.js";

const LEAST_EVERY_MS = 100;
const DEFAULT_WIDTH = 80;

/** Some words of the line, and when they are left out: those of the highest rank first. */
export interface Part {
  readonly text: string;
  readonly rank: number;
}

export class ProgressLine {
  readonly #isShown: boolean;
  readonly #write: (text: string) => void;
  #hasText = false;
  #nextMs = -Infinity;

  /** @param isWanted - where there is no terminal, nothing is shown anyhow */
  constructor(isWanted: boolean) {
    this.#isShown = isWanted && process.stderr.isTTY;
    const write = process.stderr.write.bind(process.stderr);
    this.#write = (text) => void write(text);
    if (this.#isShown) this.#makeWay();
  }

  /** Shows what `parts` gives, unless that has just been done. */
  show(nowMs: number, parts: () => readonly Part[]): void {
    if (!this.#isShown || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + LEAST_EVERY_MS;
    // The last column is left free: a text that fills it may move the cursor on.
    const text = lineOf(parts(), (process.stderr.columns || DEFAULT_WIDTH) - 1);
    this.#write(`\r\u001B[K${text}`);
    this.#hasText = true;
  }

  clear(): void {
    if (!this.#hasText) return;
    this.#hasText = false;
    this.#write("\r\u001B[K");
  }

  #makeWay(): void {
    for (const stream of [process.stdout, process.stderr]) {
      const { write } = stream;
      stream.write = ((...args: Parameters<typeof write>): boolean => {
        this.clear();
        return write.apply(stream, args);
      }) as typeof write;
    }
  }
}

/** The parts that fit, in their order; the first is cut if it must be. */
export function lineOf(parts: readonly Part[], width: number): string {
  let left = parts;
  const join = (): string => left.map(({ text }) => text).join("  ");
  while (left.length > 1 && columnsIn(join()) > width) {
    const highest = Math.max(...left.map(({ rank }) => rank));
    left = left.filter(({ rank }) => rank !== highest);
  }
  return cut(join(), width);
}
