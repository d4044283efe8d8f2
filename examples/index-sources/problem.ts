/** Something left out of the index, and why. */
export interface Problem {
  readonly path: string;
  readonly what: string;
}
