/** Texts by number, so that a span holds four bytes instead of a text. */
export class Names {
  readonly list: string[] = [];
  readonly #indexes = new Map<string, number>();

  index(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const index = this.list.push(name) - 1;
    this.#indexes.set(name, index);
    return index;
  }
}
