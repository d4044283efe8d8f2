/** What the thread that observes and the one that started it say to each other. */
import type { Capability, Gauge } from "../kernel-facts.js";
import type { ObservedThread } from "./collector.js";
import type { ForeignPlaces } from "./foreign-threads.js";

/** To the observer. */
export type ToObserver =
  | { readonly kind: "thread"; readonly thread: ObservedThread; readonly atMs: number }
  | { readonly kind: "ring"; readonly index: number; readonly ring: SharedArrayBuffer | undefined }
  | { readonly kind: "pulse"; readonly index: number; readonly pulse: SharedArrayBuffer | undefined }
  | { readonly kind: "ended"; readonly index: number; readonly atMs: number }
  /** Threads that are none of ours tell there that they have come. */
  | { readonly kind: "foreign"; readonly places: ForeignPlaces }
  | { readonly kind: "gauges"; readonly gauges: readonly Gauge[] }
  /** A ring is half full: do not wait for the next time. */
  | { readonly kind: "collect" }
  /** Collect, and answer: by the port for answers, and say so in the word. */
  | { readonly kind: "give"; readonly what: Asked; readonly number: number }
  /** Write all that is kept into a file. */
  | { readonly kind: "write"; readonly path: string; readonly number: number }
  /** Send each segment there, from now on. */
  | { readonly kind: "feed"; readonly port: unknown }
  | { readonly kind: "coreLanes"; readonly isOn: boolean };

/** What is asked for: all that is kept; the same, as the end of it; or that the rings have been read. */
export type Asked = "file" | "end" | "nothing";

/** What comes by the port for answers. */
export interface Answer {
  readonly number: number;
  /** `undefined` if it was not asked for. */
  readonly file: Uint8Array | undefined;
  /** Snapshots since the answer before, which the other messages tell of too, but later. */
  readonly wrote: readonly Wrote[];
}

export interface Wrote {
  /** Counts them, from 1: each is told of once by a message and once by an answer, whichever is taken first. */
  readonly place: number;
  readonly path: string;
  /** 0 if nobody asked for it. */
  readonly number: number;
  readonly problem: string | undefined;
}

/** From the observer, beside the answers. */
export type FromObserver =
  /** It is there, and this is what can be known here. */
  | { readonly kind: "capabilities"; readonly capabilities: readonly Capability[] }
  | ({ readonly kind: "wrote" } & Wrote);

/** What the observer is told when it starts. */
export interface ObserverSetup {
  readonly startedMs: number;
  readonly collectEveryMs: number;
  readonly keptMs: number;
  readonly keptBytes: number;
  /** Port for answers that may be waited for. */
  readonly answers: unknown;
  /** A word: the number of the last answer that is in that port. */
  readonly answered: SharedArrayBuffer;
  /** Snapshots are written into this folder when something is wrong; none if `undefined`. */
  readonly snapshotFolder: string | undefined;
}
