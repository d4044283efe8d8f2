/**
 * Without the import condition `explore` the library's shared objects do what they
 * always do: their operations are no steps, and a wait would block the one thread
 * that there is. So while a program runs in control, the first operation that each
 * of them needs fails, and says what to do.
 */
import { MisuseError } from "../core/errors.js";
import { controlled } from "./controlled.js";

interface AtomicsNow {
  compareExchange(cells: unknown, index: number, expected: number, value: number): unknown;
  wait(...values: never[]): unknown;
}

// oxlint-disable-next-line eslint/no-restricted-globals -- replaced for a while, not used
const PLATFORM = Atomics as unknown as AtomicsNow;

/** Has shared objects refuse to be used, until the result is called. */
export function refuseSharedObjects(): () => void {
  const { compareExchange, wait } = PLATFORM;
  const refuse = (): never => {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "a program given to explore used Atomics, as all of skein/shared does, which nothing controls here. " +
        "Run it by: node --conditions=explore (Vitest: ssr.resolve.conditions), for the library's own; for yours use t.cell",
    );
  };
  // Cells of the program under control are changed by this, too.
  PLATFORM.compareExchange = (cells, index, expected, value) =>
    cells === controlled?.words ? compareExchange(cells, index, expected, value) : refuse();
  PLATFORM.wait = refuse;
  return () => Object.assign(PLATFORM, { compareExchange, wait });
}
