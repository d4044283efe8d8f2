/**
 * Calls of `explore` that come from inside of a program under exploration. Such a
 * search could begin only when the one outside has ended, which waits for the program:
 * so it is refused.
 *
 * Where a call comes from shows at once while the program's own function, or one of
 * its threads, is on the stack. After an `await` it does not: the call may be that of
 * another test, which waits for its turn by right. Then it is refused only when the
 * program has nothing left to go on by: whatever it waits for is not coming.
 */
import { MisuseError } from "../core/errors.js";
import { controlled } from "./controlled.js";

let isOnStack = false;
/** Calls made since the run began that is under way. */
const calls = new Set<(error: MisuseError) => void>();

/** Calls a program's own function. */
export function callProgram<Result>(program: () => Result): Result {
  calls.clear();
  isOnStack = true;
  try {
    return program();
  } finally {
    isOnStack = false;
  }
}

/**
 * A search that waits for its turn, which may turn out to be one that can't come.
 *
 * @param begin - begins it, when those before have ended
 */
export function queueSearch<Result>(before: Promise<unknown>, begin: () => Promise<Result>): Promise<Result> {
  if (isOnStack || (controlled?.current?.index ?? 0) !== 0) return Promise.reject(nestedSearch());
  return new Promise<Result>((resolve, reject) => {
    let isRefused = false;
    const refuse = (error: MisuseError): void => {
      isRefused = true;
      reject(error);
    };
    if (controlled !== undefined) calls.add(refuse);
    const beginInTurn = async (): Promise<void> => {
      await before;
      calls.delete(refuse);
      if (!isRefused) begin().then(resolve, reject);
    };
    void beginInTurn();
  });
}

/** The program can't go on. @returns whether it may now, as searches that it may wait for have been refused */
export function refuseCalls(): boolean {
  const refused = [...calls];
  calls.clear();
  for (const refuse of refused) refuse(nestedSearch());
  return refused.length > 0;
}

function nestedSearch(): MisuseError {
  return new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    "explore was called inside of a program that explore runs, and would wait for the search outside to end: " +
      "explore the inner program by a call of its own, or have the outer one call what it needs directly",
  );
}
