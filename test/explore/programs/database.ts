/** What answers from outside: a table whose reads and writes take effect when the explorer lets them. */
import type { Exploration } from "skein/explore";

export class Database<Value> {
  readonly #t: Exploration;
  readonly #rows: Map<string, Value>;
  isOpen = true;

  constructor(t: Exploration, rows: Iterable<readonly [string, Value]> = []) {
    this.#t = t;
    this.#rows = new Map(rows);
  }

  async read(key: string): Promise<Value | undefined> {
    await this.#t.completes(undefined, { name: `read ${key}` });
    this.#requireOpen();
    return this.#rows.get(key);
  }

  async write(key: string, value: Value): Promise<void> {
    await this.#t.completes(undefined, { name: `write ${key}` });
    this.#requireOpen();
    this.#rows.set(key, value);
  }

  /** Changes a row in one step, as a transaction does. */
  async update(key: string, change: (value: Value | undefined) => Value): Promise<void> {
    await this.#t.completes(undefined, { name: `update ${key}` });
    this.#requireOpen();
    this.#rows.set(key, change(this.#rows.get(key)));
  }

  close(): void {
    this.isOpen = false;
  }

  /** What is in the row now, for those who check. */
  now(key: string): Value | undefined {
    return this.#rows.get(key);
  }

  #requireOpen(): void {
    this.#t.expect(this.isOpen, "the database is not used after it has been closed");
  }
}
