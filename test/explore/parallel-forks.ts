/** Joins in threads under exploration. Run by `test/parallel/join.test.ts`, under the condition that this takes. */
import { describe, it } from "node:test";

import { explore } from "skein/explore";

import { joinsOf, type JoinsPlan } from "./primitives/joins.js";

/** Without an end are orders in which two wake each other again and again. */
const MOST_STEPS = 4000;

describe("joins under exploration", () => {
  const plans: Readonly<Record<string, JoinsPlan>> = {
    "a helper who is expected": { helpers: 1, areExpected: true },
    "a helper of whom nobody knows": { helpers: 1, areExpected: false },
    "a helper who gives way at once": { helpers: 1, areExpected: true, leaveAfter: 1 },
    "a helper who gives way later": { helpers: 1, areExpected: true, leaveAfter: 3 },
    "a helper who joins": { helpers: 1, areExpected: true, areHalves: true },
    "two helpers who are expected": { helpers: 2, areExpected: true },
    "two helpers who join": { helpers: 2, areExpected: true, areHalves: true },
    "two helpers who give way": { helpers: 2, areExpected: true, leaveAfter: 2 },
    "two helpers who join and give way": { helpers: 2, areExpected: true, areHalves: true, leaveAfter: 2 },
    "a last branch that throws": { helpers: 1, areExpected: true, throwing: 3 },
    "a first branch that throws": { helpers: 2, areExpected: true, areHalves: true, throwing: 1 },
  };
  for (const [name, plan] of Object.entries(plans)) {
    it(name, async () => {
      await explore({ name, schedules: 3000, steps: MOST_STEPS }, joinsOf(plan));
    });
  }
});
