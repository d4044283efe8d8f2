/** `#random` under exploration: announces each operation, then does it. */
import * as real from "../core/random.js";
import { controlled } from "./controlled.js";
import { announce } from "./listener.js";

export { seedRandom } from "../core/random.js";

export const randomBelow: typeof real.randomBelow = (bound) => {
  const run = controlled;
  if (run?.current !== undefined) return run.observe(() => run.chance.below(bound));
  announce({ seam: "random", name: "randomBelow" });
  return real.randomBelow(bound);
};

export const randomFraction: typeof real.randomFraction = () => {
  const run = controlled;
  if (run?.current !== undefined) return run.observe(() => run.chance.next() / 2 ** 32);
  announce({ seam: "random", name: "randomFraction" });
  return real.randomFraction();
};
