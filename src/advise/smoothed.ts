/** A mean over the last samples, which one pause of the machine does not move far, and two in a row do. */

/** Of the last sample. */
export const WEIGHT: number = 1 / 8;
const MOST_JUMP = 4;
/** Below this no length is a change of nature. */
const LEAST_JUMP_MS = 0.01;

/** A smoothed figure. */
export class Smoothed {
  value: number;
  /** The sample before, if it was far above. */
  #outlier: number | undefined = undefined;

  constructor(value: number) {
    this.value = value;
  }

  /** @returns whether the sample is so far above that the next one is of interest */
  add(sample: number, weight: number = WEIGHT): boolean {
    const most = Math.max(this.value * MOST_JUMP, LEAST_JUMP_MS);
    const isOutlier = sample > most;
    if (isOutlier && this.#outlier !== undefined) this.value = Math.min(sample, this.#outlier);
    else this.value += weight * (Math.min(sample, most) - this.value);
    this.#outlier = isOutlier ? sample : undefined;
    return isOutlier;
  }
}
