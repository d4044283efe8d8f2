/** The worker, seen from the page: traces go in, models and answers come out. */
import type { Lane, Model } from "./analysis/model.js";
import type { Answers, FromWorker, LabSlot, Question, Slot, ToWorker } from "./analysis/protocol.js";

export interface AnalystListener {
  onModel(slot: Slot, model: Model): void;
  onDrawn(slot: LabSlot, model: Model): void;
  onFailed(slot: Slot | LabSlot, message: string): void;
}

export class Analyst {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: Answers[keyof Answers]) => void>();
  #asked = 0;

  constructor(worker: Worker, listener: AnalystListener) {
    this.#worker = worker;
    worker.onmessage = ({ data }: { readonly data: FromWorker }) => {
      switch (data.kind) {
        case "model":
          return listener.onModel(data.slot, data.model);
        case "drawn":
          return listener.onDrawn(data.slot, data.model);
        case "failed":
          return listener.onFailed(data.slot, data.message);
        case "answer":
          this.#waiting.get(data.number)?.(data.answer);
          this.#waiting.delete(data.number);
      }
    };
    worker.onerror = (event) => listener.onFailed("first", event.message);
  }

  /** Hands over a trace; the bytes are moved, and gone here. */
  open(slot: Slot, name: string, bytes: ArrayBuffer): void {
    this.#tell({ kind: "open", slot, name, bytes }, [bytes]);
  }

  /** The same, with what the program noted itself, to be drawn and no more. */
  draw(slot: LabSlot, name: string, bytes: ArrayBuffer, lanes: readonly Lane[]): void {
    this.#tell({ kind: "draw", slot, name, bytes, lanes }, [bytes]);
  }

  /** What comes is of a program that still runs. */
  goLive(name: string): void {
    this.#tell({ kind: "live", name });
  }

  segment(bytes: ArrayBuffer): void {
    this.#tell({ kind: "segment", bytes }, [bytes]);
  }

  ask<Kind extends Question["kind"]>(question: Extract<Question, { readonly kind: Kind }>): Promise<Answers[Kind]> {
    const number = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve as (answer: Answers[keyof Answers]) => void);
      this.#tell({ kind: "ask", number, question });
    });
  }

  #tell(message: ToWorker, moved: Transferable[] = []): void {
    this.#worker.postMessage(message, moved);
  }
}
