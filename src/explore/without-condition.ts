/**
 * Without the import condition `explore` the library's shared objects do what they
 * always do: their operations are no steps, and a wait would block the one thread
 * that there is. So while a program runs in control, the first operation that each
 * of them needs fails, and says what to do.
 *
 * The platform's functions are replaced for a whole search: where they change from run
 * to run, all that is compiled with them is compiled anew.
 */
import { MisuseError } from "../core/errors.js";
import { controlled } from "./controlled.js";

interface AtomicsNow {
  compareExchange(cells: object, index: number, expected: number, value: number): unknown;
  wait(cells: object, index: number, expected: number, timeoutMs?: number): unknown;
}

/** Memory of the explorer itself. */
const ours = new WeakSet<object>();

/** Has these cells be used whatever program runs in control. */
export function allowAlways(cells: object): void {
  ours.add(cells);
}

// oxlint-disable-next-line eslint/no-restricted-globals -- replaced for a while, not used
const PLATFORM = Atomics as unknown as AtomicsNow;

/** Has shared objects refuse to be used by programs in control, until the result is called. */
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
  const isAllowed = (cells: object): boolean =>
    controlled === undefined || cells === controlled.words || ours.has(cells);
  PLATFORM.compareExchange = (cells, index, expected, value) =>
    isAllowed(cells) ? compareExchange(cells, index, expected, value) : refuse();
  PLATFORM.wait = (cells, index, expected, timeoutMs) =>
    isAllowed(cells) ? wait(cells, index, expected, timeoutMs) : refuse();
  return () => Object.assign(PLATFORM, { compareExchange, wait });
}
