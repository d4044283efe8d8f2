/** What the page and its worker say to each other. */
import type { InOrder } from "./event-order.js";
import type { Lane, Model, PathInfo, SplitLine, TaskDetail, TaskLine } from "./model.js";
import type { Query } from "./query.js";
import type { SortKey } from "./tasks.js";

/** Which of the two traces of a comparison. */
export type Slot = "first" | "second";
/** A phase of a run of a lab: it is only drawn, and nothing is asked about it. */
export type LabSlot = `lab/${number}/${number}`;

export type Question =
  | { readonly kind: "split"; readonly slot: Slot; readonly fromMs: number; readonly toMs: number }
  | {
      readonly kind: "list";
      readonly slot: Slot;
      readonly query: string;
      readonly sort: SortKey;
      readonly isDescending: boolean;
    }
  | { readonly kind: "lines"; readonly slot: Slot; readonly jobs: readonly number[] }
  | { readonly kind: "detail"; readonly slot: Slot; readonly job: number }
  | { readonly kind: "order"; readonly slot: Slot }
  | { readonly kind: "path"; readonly slot: Slot; readonly item: number }
  | { readonly kind: "dump"; readonly slot: Slot; readonly query: string };

export interface Answers {
  split: SplitLine[];
  list: {
    readonly jobs: Uint32Array<ArrayBuffer>;
    readonly wrong: Exclude<Query, { readonly isRight: true }> | undefined;
  };
  lines: TaskLine[];
  detail: TaskDetail | undefined;
  order: InOrder | undefined;
  path: PathInfo | undefined;
  dump: string;
}

export type ToWorker =
  | { readonly kind: "open"; readonly slot: Slot; readonly name: string; readonly bytes: ArrayBuffer }
  | {
      readonly kind: "draw";
      readonly slot: LabSlot;
      readonly name: string;
      readonly bytes: ArrayBuffer;
      readonly lanes: readonly Lane[];
    }
  | { readonly kind: "segment"; readonly bytes: ArrayBuffer }
  | { readonly kind: "live"; readonly name: string }
  | { readonly kind: "ask"; readonly number: number; readonly question: Question };

export type FromWorker =
  | { readonly kind: "model"; readonly slot: Slot; readonly model: Model }
  | { readonly kind: "drawn"; readonly slot: LabSlot; readonly model: Model }
  | { readonly kind: "failed"; readonly slot: Slot | LabSlot; readonly message: string }
  | { readonly kind: "answer"; readonly number: number; readonly answer: Answers[keyof Answers] };
