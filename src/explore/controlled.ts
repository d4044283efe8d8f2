/** The execution in whose control this thread of the process is, if any. */
import type { Execution } from "./execution.js";

export let controlled: Execution | undefined;

export function control(execution: Execution | undefined): void {
  controlled = execution;
}
