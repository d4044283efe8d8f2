/** `#random` under exploration: announces each operation, then does it. */
import * as real from "../core/random.js";
import { announce } from "./listener.js";

export { seedRandom } from "../core/random.js";

export const randomBelow: typeof real.randomBelow = (bound) => {
  announce({ seam: "random", name: "randomBelow" });
  return real.randomBelow(bound);
};

export const randomFraction: typeof real.randomFraction = () => {
  announce({ seam: "random", name: "randomFraction" });
  return real.randomFraction();
};
