/** When something goes wrong, what led to it is written into a file: at most so often, and so many. */

/** After one snapshot, others of the same cause are not taken for so long. */
const QUIET_MS = 10_000;
/** Of one process: a program that goes wrong all the time is not to fill the disk. */
const MOST_SNAPSHOTS = 20;

/** Where a snapshot of this moment goes: named after its cause. */
export function snapshotPath(folder: string, cause: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-");
  return `${folder}/${cause.replaceAll(/[^a-z\d]+/gi, "-")}-${time}.skein`;
}

export class Snapshots {
  readonly #folder: string;
  readonly #write: (path: string) => void;
  readonly #lastMs = new Map<string, number>();
  #count = 0;

  constructor(folder: string, write: (path: string) => void) {
    this.#folder = folder;
    this.#write = write;
  }

  /** @param cause - a word, which becomes part of the file's name */
  take(cause: string, nowMs: number): void {
    const lastMs = this.#lastMs.get(cause) ?? -Infinity;
    if (nowMs - lastMs < QUIET_MS || this.#count >= MOST_SNAPSHOTS) return;
    this.#lastMs.set(cause, nowMs);
    this.#count++;
    this.#write(snapshotPath(this.#folder, cause, nowMs));
  }
}
