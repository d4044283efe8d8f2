/** Programs that a file exports for `skein explore`. */
import { MisuseError } from "../core/errors.js";
import { type ExploreOptions, requireExploreOptions } from "./options.js";
import type { ExploredProgram } from "./run-program.js";

/** A program and how it is to be explored, for `skein explore` to find among the exports of a file. */
export interface ExplorableProgram {
  readonly options: ExploreOptions;
  readonly program: ExploredProgram;
}

/**
 * A program to be exported, for `skein explore`, with options of its own. One without
 * options needs nothing but to be exported.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * const deposits = explorable({ name: "deposits", outcomes: { 3: "acceptable" } }, async (t) => {
 *   const balance = t.cell("balance");
 *   for (const amount of [1, 2]) t.thread(`plus ${amount}`, () => balance.add(amount));
 *   await t.join();
 *   t.outcome(balance.load());
 * });
 * const report = await explore(deposits.options, deposits.program);
 * console.log(report.coverage.kind); // complete
 * ```
 *
 * @since 0.2.0
 */
export function explorable(options: ExploreOptions, program: ExploredProgram): ExplorableProgram {
  requireExploreOptions(options);
  if (typeof program !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `explorable expected options and a function, but ${typeof program} came`,
    );
  }
  return { options, program };
}
