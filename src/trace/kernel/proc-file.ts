/**
 * Files of the kernel that are read again and again.
 *
 * A file is opened once and read from its beginning each time: that takes 1 to 7 µs,
 * with opening and closing 7 to 13 (Node 20, November 2026). Open files are few in some
 * containers, so beyond a limit each reading opens its own.
 */
import { type HostFiles, hostModule } from "../../core/host-thread.js";

const LARGEST_BYTES = 16_384; // `status` names every core and memory node
/** A quarter of what a process may have open by default. */
const MOST_OPEN_FILES = 256;

interface HostBuffer extends Uint8Array {
  latin1Slice(start: number, end: number): string;
}

/** The kernel's files under one root, and how many of them are open. */
export class ProcFiles {
  readonly #files: HostFiles;
  readonly #bytes: HostBuffer;
  readonly #mostOpen: number;
  #open = 0;

  private constructor(files: HostFiles, bytes: HostBuffer, mostOpen: number) {
    this.#files = files;
    this.#bytes = bytes;
    this.#mostOpen = mostOpen;
  }

  /** @returns `undefined` where there are no files, as in a browser */
  static open(mostOpen: number = MOST_OPEN_FILES): ProcFiles | undefined {
    const files = hostModule("node:fs") as HostFiles | undefined;
    const buffers = hostModule("node:buffer") as { readonly Buffer: { alloc(length: number): HostBuffer } } | undefined;
    if (files === undefined || buffers === undefined) return undefined;
    return new ProcFiles(files, buffers.Buffer.alloc(LARGEST_BYTES), mostOpen);
  }

  file(path: string): ProcFile {
    return new ProcFile(this, path);
  }

  /** The names in a folder; throws if it can't be read. */
  names(folder: string): string[] {
    return this.#files.readdirSync(folder);
  }

  /** Where a link leads; throws if it can't be read. */
  link(path: string): string {
    return this.#files.readlinkSync(path);
  }

  /** The text of a file, read once; throws if it can't be read. */
  text(path: string): string {
    const file = this.#files.openSync(path, "r");
    try {
      return this.read(file);
    } finally {
      this.#files.closeSync(file);
    }
  }

  /** @returns `undefined` if there are too many open already */
  tryKeepOpen(path: string): number | undefined {
    if (this.#open >= this.#mostOpen) return undefined;
    const file = this.#files.openSync(path, "r");
    this.#open++;
    return file;
  }

  read(file: number): string {
    const length = this.#files.readSync(file, this.#bytes, 0, LARGEST_BYTES, 0);
    return this.#bytes.latin1Slice(0, length);
  }

  close(file: number): void {
    this.#open--;
    this.#files.closeSync(file);
  }
}

/** One file of the kernel. */
export class ProcFile {
  readonly #files: ProcFiles;
  readonly #path: string;
  #file: number | undefined;

  constructor(files: ProcFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** @returns `undefined` if it can't be read, as of a thread that has ended */
  read(): string | undefined {
    try {
      this.#file ??= this.#files.tryKeepOpen(this.#path);
      return this.#file === undefined ? this.#files.text(this.#path) : this.#files.read(this.#file);
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    this.#files.close(this.#file);
    this.#file = undefined;
  }
}
