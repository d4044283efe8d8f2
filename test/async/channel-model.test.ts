/** Channels against a model that any reader can check, with cancellation at every step. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { channel, type SkeinError } from "skein";
import { settled } from "skein/testing";
import fc from "fast-check";

interface Wait {
  readonly id: number;
  readonly value: number;
}

/** What a channel does, said plainly: lists, and no care for speed. */
class Model {
  readonly capacity: number;
  buffer: number[] = [];
  senders: Wait[] = [];
  receivers: number[] = [];
  isClosed = false;
  /** By wait: what became of it, absent while it waits. */
  readonly outcomes = new Map<number, unknown>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  send(id: number, value: number): void {
    if (this.isClosed) this.outcomes.set(id, "SKEIN_CLOSED");
    else this.senders.push({ id, value });
    this.settle();
  }

  receive(id: number): void {
    this.receivers.push(id);
    this.settle();
  }

  /** A call that does not wait is one whose wait is taken back at once. */
  at(once: (id: number) => void): unknown {
    once(-1);
    const outcome = this.outcomes.get(-1);
    this.outcomes.delete(-1);
    this.leave(-1);
    return outcome;
  }

  cancel(id: number): void {
    if (this.leave(id)) this.outcomes.set(id, "SKEIN_CANCELLED");
  }

  leave(id: number): boolean {
    const before = this.senders.length + this.receivers.length;
    this.senders = this.senders.filter((sender) => sender.id !== id);
    this.receivers = this.receivers.filter((receiver) => receiver !== id);
    return this.senders.length + this.receivers.length < before;
  }

  close(): void {
    this.isClosed = true;
    for (const { id } of this.senders) this.outcomes.set(id, "SKEIN_CLOSED");
    this.senders = [];
    this.settle();
  }

  settle(): void {
    for (;;) {
      if (this.buffer.length < this.capacity && this.senders.length > 0) this.place();
      else if (this.receivers.length > 0 && this.buffer.length > 0)
        this.outcomes.set(this.receivers.shift() as number, this.buffer.shift());
      else if (this.receivers.length > 0 && this.senders.length > 0) this.place();
      else break;
    }
    if (!this.isClosed) return;
    for (const id of this.receivers) this.outcomes.set(id, "SKEIN_CLOSED");
    this.receivers = [];
  }

  place(): void {
    const { id, value } = this.senders.shift() as Wait;
    this.buffer.push(value);
    this.outcomes.set(id, "sent");
  }
}

const operation = fc.record({
  do: fc.constantFrom(
    "send",
    "send",
    "send",
    "receive",
    "receive",
    "receive",
    "trySend",
    "tryReceive",
    "cancel",
    "cancel",
    "close" as const,
  ),
  which: fc.nat(1000),
  /** Whether all jobs come to rest before the next operation, or it comes in the same turn. */
  settle: fc.boolean(),
});

describe("a channel under random operations and cancellations", () => {
  it("does what the model does: nothing lost, nothing twice, in order (laws 10, 11 and 21 to 24)", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, 2, 5, Infinity),
        fc.array(operation, { maxLength: 60 }),
        async (capacity, operations) => {
          const real = channel<number>(capacity);
          const model = new Model(capacity);
          const outcomes = new Map<number, unknown>();
          const controllers: AbortController[] = [];
          let value = 0;

          const wait = (begin: (signal: AbortSignal) => Promise<unknown>): number => {
            const id = controllers.push(new AbortController()) - 1;
            begin((controllers[id] as AbortController).signal).then(
              (got) => outcomes.set(id, got ?? "sent"),
              (error: unknown) => outcomes.set(id, (error as SkeinError).code),
            );
            return id;
          };
          const compare = (): void => assert.deepEqual(outcomes, model.outcomes);

          for (const { do: kind, which, settle } of operations) {
            if (kind === "send") {
              const sent = ++value;
              model.send(
                wait((signal) => real.send(sent, signal)),
                sent,
              );
            } else if (kind === "receive") {
              model.receive(wait((signal) => real.receive(signal)));
            } else if (kind === "trySend") {
              const sent = ++value;
              assert.equal(real.trySend(sent), model.at((id) => model.send(id, sent)) === "sent");
            } else if (kind === "tryReceive") {
              const expected = model.at((id) => model.receive(id));
              assert.deepEqual(real.tryReceive(), typeof expected === "number" ? { value: expected } : undefined);
            } else if (kind === "close") {
              // Rarely, or most runs would be over at once.
              if (which % 5 !== 0) continue;
              real.close();
              model.close();
            } else if (controllers.length > 0) {
              const id = which % controllers.length;
              controllers[id]?.abort();
              model.cancel(id);
            }
            const { length, waitingSenders, waitingReceivers, sent, received } = real.statistics();
            assert.deepEqual(
              [length, waitingSenders, waitingReceivers],
              [model.buffer.length, model.senders.length, model.receivers.length],
            );
            assert.equal(sent, received + length);
            assert.ok(length <= capacity);
            if (!settle) continue;
            await settled();
            compare();
          }
          await settled();
          compare();
        },
      ),
      { numRuns: 300 },
    ));
});
