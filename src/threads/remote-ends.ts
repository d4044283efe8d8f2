/** The thread's side of `remotes.ts`: functions and signals that stand for those of the pool's thread. */
import { TransferError } from "../core/errors.js";
import { kindsToCome } from "../shared/bringing.js";
import { adoptArrived, leaveForPool } from "../shared/object.js";
import { findUncloneable } from "./cloneable.js";
import { decodeThrown, type EncodedValue } from "./error-codec.js";
import type { FromThread, ToThread } from "./messages.js";
import type { Header } from "./remotes.js";

type Reply = Extract<ToThread, { readonly kind: "reply" }>;

/** A call of a function on the pool's thread that has not been answered. */
interface Question {
  readonly call: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  isAwaited: boolean;
}

export class RemoteEnds {
  readonly #post: (message: FromThread) => void;
  readonly #questions = new Map<number, Question>();
  #lastQuestion = 0;
  /** How many questions each call has that are not answered. */
  readonly #open = new Map<number, number>();
  /** Calls that have ended but for their questions. */
  readonly #whenAnswered = new Map<number, () => void>();
  readonly #signals = new Map<number, AbortController>();
  /** Signals that have aborted before a call here that has them began. */
  readonly #aborted = new Map<number, EncodedValue>();

  constructor(post: (message: FromThread) => void) {
    this.#post = post;
  }

  /** Puts what stands for them into the arguments of a call. */
  place(call: number, header: Header, args: unknown[]): void {
    for (const [place, id] of header.callbacks) args[place] = (...given: unknown[]) => this.#ask(call, id, given);
    for (const [place, id, wasAborted] of header.signals) {
      const controller = this.#signals.get(id) ?? new AbortController();
      this.#signals.set(id, controller);
      const reason = wasAborted?.reason ?? this.#aborted.get(id);
      if (reason !== undefined) controller.abort(decodeThrown(reason, asItIs));
      args[place] = controller.signal;
    }
  }

  /** Settles when a call has no questions left to be answered; `undefined` if it has none. */
  answers(call: number): Promise<void> | undefined {
    if (!this.#open.has(call)) return undefined;
    return new Promise((resolve) => this.#whenAnswered.set(call, resolve));
  }

  #ask(call: number, id: number, args: readonly unknown[]): PromiseLike<unknown> {
    const number = ++this.#lastQuestion;
    let question!: Question;
    const promise = new Promise<unknown>((resolve, reject) => {
      question = { call, resolve, reject, isAwaited: false };
    });
    // Whoever does not await it is told of a failure on the pool's thread.
    promise.catch(() => undefined);
    try {
      leaveForPool((hasShared) =>
        this.#post({
          kind: "question",
          callback: id,
          number,
          args,
          // Behind `args`: read when those have been copied.
          get hasShared() {
            return hasShared();
          },
        }),
      );
    } catch (error) {
      throw new TransferError(
        `an argument of a function of another thread can't be passed to it: ${findUncloneable(args, "args", [])}. ` +
          "Pass plain data: no functions, promises or symbols",
        { cause: error },
      );
    }
    this.#questions.set(number, question);
    this.#open.set(call, (this.#open.get(call) ?? 0) + 1);
    return new Answer(promise, question);
  }

  replied(reply: Reply): void {
    const { outcome } = reply;
    const toCome = "value" in outcome && outcome.hasShared ? kindsToCome() : undefined;
    const settle = (): void => this.#settle(reply);
    // If they don't come, the answer is refused.
    if (toCome === undefined) settle();
    else void toCome.then(settle, settle);
  }

  #settle({ number, outcome }: Reply): void {
    const question = this.#questions.get(number);
    if (question === undefined) return;
    this.#questions.delete(number);
    if ("value" in outcome) {
      try {
        question.resolve(outcome.hasShared ? adoptArrived(outcome.value) : outcome.value);
      } catch (error) {
        question.reject(error);
      }
    } else {
      if (!question.isAwaited) this.#post({ kind: "unheard", thrown: outcome.thrown });
      question.reject(decodeThrown(outcome.thrown, asItIs));
    }
    const { call } = question;
    const open = (this.#open.get(call) as number) - 1;
    if (open > 0) {
      this.#open.set(call, open);
      return;
    }
    this.#open.delete(call);
    this.#whenAnswered.get(call)?.();
    this.#whenAnswered.delete(call);
  }

  aborted(id: number, reason: EncodedValue): void {
    const controller = this.#signals.get(id);
    if (controller === undefined) this.#aborted.set(id, reason);
    else controller.abort(decodeThrown(reason, asItIs));
  }

  /** The calls that had them have ended. */
  forget(ids: readonly number[]): void {
    for (const id of ids) {
      this.#signals.delete(id);
      this.#aborted.delete(id);
    }
  }

  /** Whether answers are awaited, for which the thread's messages must come through. */
  get isWaiting(): boolean {
    return this.#questions.size > 0 || this.#signals.size > 0;
  }
}

const asItIs = (stack: string): string => stack;

/** A promise that knows whether anybody cares. */
class Answer implements PromiseLike<unknown> {
  readonly #promise: Promise<unknown>;
  readonly #question: Question;

  constructor(promise: Promise<unknown>, question: Question) {
    this.#promise = promise;
    this.#question = question;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for
  then<Value, Failure>(
    onValue?: ((value: unknown) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    this.#question.isAwaited = true;
    return this.#promise.then(onValue, onError);
  }

  catch<Failure>(onError?: ((error: unknown) => Failure | PromiseLike<Failure>) | null): Promise<unknown> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<unknown> {
    this.#question.isAwaited = true;
    return this.#promise.finally(onEnd);
  }
}
