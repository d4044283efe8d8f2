/** A line that shows that something is going on, on a terminal. */
import { nowMs } from "#clock";

const EVERY_MS = 100;
const SIGNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const CLEAR_LINE = "\r\u001B[2K";
const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";

/** Shows a text with the time that has passed, where the error output is a terminal. The result takes it away. */
export function progress(text: string): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const beginMs = nowMs();
  let turn = 0;
  const draw = (): void => {
    const seconds = ((nowMs() - beginMs) / 1000).toFixed(1);
    const line = `${SIGNS[turn++ % SIGNS.length] ?? ""} ${text} ${seconds} s`;
    stderr.write(CLEAR_LINE + line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1)));
  };
  stderr.write(HIDE_CURSOR);
  draw();
  // oxlint-disable-next-line no-restricted-globals -- the line moves in real time
  const timer = setInterval(draw, EVERY_MS);
  return () => {
    clearInterval(timer);
    stderr.write(CLEAR_LINE + SHOW_CURSOR);
  };
}
