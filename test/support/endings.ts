import { type Scope, sleep } from "skein";
import type { ScopeOptions } from "skein/async";

/** The five ways in which a scope can come to its end. */
export const ENDINGS: readonly {
  readonly name: string;
  readonly options?: ScopeOptions;
  /** What the body does once everything has started. */
  readonly body: (s: Scope) => unknown;
  readonly outcome: string;
}[] = [
  { name: "a normal end", body: () => "result", outcome: "result" },
  {
    name: "a job's failure",
    body: (s) => {
      s.spawn(() => Promise.reject(new RangeError("job")));
      return sleep(1000, s);
    },
    outcome: "RangeError",
  },
  { name: "the body's failure", body: () => Promise.reject(new RangeError("body")), outcome: "RangeError" },
  {
    name: "a cancellation",
    body: async (s) => {
      s.cancel("enough");
      await sleep(1000, s);
    },
    outcome: "CancelledError",
  },
  { name: "its timeout", options: { timeoutMs: 50 }, body: (s) => sleep(1000, s), outcome: "TimeoutError" },
];

/** What a scope came to, as `ENDINGS` has it. */
export async function outcomeOf(running: Promise<unknown>): Promise<unknown> {
  try {
    return await running;
  } catch (error) {
    return (error as Error).name;
  }
}
