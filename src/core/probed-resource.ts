/** Locks and channels, as recordings know them. */
import { ProbeKind, type ProbeKindValue, type ProbeResource } from "./probe-kinds.js";
import { nextIdentity } from "./thread.js";

/** What writes records of resources. */
export interface ResourceRing {
  write(kind: ProbeKindValue, subject: number, other?: number, value?: number): void;
  text(text: string): number;
}

/** A lock or a channel, as recordings know it. */
export class ProbedResource {
  readonly #kind: number;
  readonly #name: string;
  #id: number;
  /** Where it was told what it is. */
  #told: ResourceRing | undefined = undefined;

  /** @param id - if it has one that other threads know too */
  constructor(kind: (typeof ProbeResource)[keyof typeof ProbeResource], name: string, id = 0) {
    this.#kind = kind;
    this.#name = name;
    this.#id = id;
  }

  /** Its identity; what it is, was told before. */
  toldTo(ring: ResourceRing): number {
    if (this.#told !== ring) {
      this.#told = ring;
      if (this.#id === 0) this.#id = nextIdentity();
      ring.write(ProbeKind.resourceMade, this.#id, this.#kind, ring.text(this.#name));
    }
    return this.#id;
  }
}
