/**
 * Puts spans that overlap in time onto as few rows as they need: the first row that is
 * free again when a span begins. So hundreds of siblings make a compact block, and each
 * row stays a sequence, which the pyramid over it rests on.
 *
 * **Cost** A span costs the logarithm of the number of rows.
 */

/** Rows and since when each is free; finds the lowest one that is free at a moment. */
export class RowsInUse {
  /** A tournament: node `i` holds the earliest moment at which a row below it is free. */
  #tree: Float64Array;
  #leaves: number;
  #rows = 0;

  constructor(leaves = 16) {
    this.#leaves = leaves;
    this.#tree = new Float64Array(2 * leaves).fill(-Infinity);
  }

  /** How many rows were ever used. */
  get count(): number {
    return this.#rows;
  }

  /** Takes the lowest row that is free at `beginMs`, until `endMs`. @returns the row */
  take(beginMs: number, endMs: number): number {
    if ((this.#tree[1] ?? 0) > beginMs) this.#grow();
    let node = 1;
    while (node < this.#leaves) node = (this.#tree[2 * node] ?? 0) <= beginMs ? 2 * node : 2 * node + 1;
    const row = node - this.#leaves;
    this.#set(row, endMs);
    return row;
  }

  /** Takes `height` neighbouring rows that are all free at `beginMs`. @returns the first of them */
  takeBlock(height: number, beginMs: number, endMs: number): number {
    if (height === 1) return this.take(beginMs, endMs);
    let row = 0;
    for (let run = 0, candidate = 0; ; candidate++) {
      if (candidate >= this.#rows) {
        row = candidate - run; // the rest is new, and so free
        break;
      }
      run = (this.#tree[this.#leaves + candidate] ?? 0) <= beginMs ? run + 1 : 0;
      if (run === height) {
        row = candidate - height + 1;
        break;
      }
    }
    for (let i = row; i < row + height; i++) this.#set(i, endMs);
    return row;
  }

  #set(row: number, untilMs: number): void {
    while (row >= this.#leaves) this.#grow();
    this.#rows = Math.max(this.#rows, row + 1);
    let node = this.#leaves + row;
    this.#tree[node] = untilMs;
    for (node >>>= 1; node >= 1; node >>>= 1) {
      this.#tree[node] = Math.min(this.#tree[2 * node] ?? 0, this.#tree[2 * node + 1] ?? 0);
    }
  }

  #grow(): void {
    const leaves = this.#leaves * 2;
    const tree = new Float64Array(2 * leaves).fill(-Infinity);
    tree.set(this.#tree.subarray(this.#leaves), leaves);
    for (let node = leaves - 1; node >= 1; node--) {
      tree[node] = Math.min(tree[2 * node] ?? 0, tree[2 * node + 1] ?? 0);
    }
    this.#leaves = leaves;
    this.#tree = tree;
  }
}
