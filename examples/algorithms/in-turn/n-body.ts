/** The pull of bodies on each other, of all on all, on one thread; a pair is looked at once, for both. */
import type { SharedArray } from "skein/shared";

/** Four numbers a body: where it is, and its mass. */
export type Bodies = SharedArray<"float64">;
/** Three numbers a body: what pulls it in each direction. */
export type Pulls = SharedArray<"float64">;

/** Added to squares of distances, so that bodies that meet do not fly off. */
const SOFTENING = 1e-6;

/**
 * Adds what body `i` and those behind it pull each other. A function of its own: engines compile well what is
 * called often, and a long loop that is called once as well as they can in its midst.
 */
function pullOne(bodies: Float64Array, pulls: Float64Array, i: number): void {
  const atX = bodies[4 * i] as number;
  const atY = bodies[4 * i + 1] as number;
  const atZ = bodies[4 * i + 2] as number;
  const mass = bodies[4 * i + 3] as number;
  let [pullX, pullY, pullZ] = [0, 0, 0];
  for (let at = 4 * (i + 1), pulled = 3 * (i + 1); at < bodies.length; at += 4, pulled += 3) {
    const toX = (bodies[at] as number) - atX;
    const toY = (bodies[at + 1] as number) - atY;
    const toZ = (bodies[at + 2] as number) - atZ;
    const square = toX * toX + toY * toY + toZ * toZ + SOFTENING;
    const strength = 1 / (square * Math.sqrt(square));
    const pull = strength * (bodies[at + 3] as number);
    pullX += pull * toX;
    pullY += pull * toY;
    pullZ += pull * toZ;
    const back = strength * mass;
    (pulls[pulled] as number) -= back * toX;
    (pulls[pulled + 1] as number) -= back * toY;
    (pulls[pulled + 2] as number) -= back * toZ;
  }
  (pulls[3 * i] as number) += pullX;
  (pulls[3 * i + 1] as number) += pullY;
  (pulls[3 * i + 2] as number) += pullZ;
}

/**
 * Adds what each `slices`-th body and those after it pull each other. From the last one on, which has
 * least to do: so all of `pullOne` has run before it is compiled, also what comes after its loop.
 */
export function pullEach(bodies: Float64Array, pulls: Float64Array, slice: number, slices: number): void {
  const last = slice + Math.floor((bodies.length / 4 - 1 - slice) / slices) * slices;
  for (let i = last; i >= 0; i -= slices) pullOne(bodies, pulls, i);
}

/** What pulls each body: its acceleration, where the constant of gravitation is 1. */
export function sequentialGravitation(bodies: Bodies): Float64Array {
  const pulls = new Float64Array((bodies.length / 4) * 3);
  pullEach(bodies.values, pulls, 0, 1);
  return pulls;
}
