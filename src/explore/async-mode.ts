/**
 * Programs of jobs on one event loop: what the explorer decides is what comes from
 * outside, and when.
 *
 * The order of promise jobs is fixed by the language, so it is left alone. A turn
 * lasts until all promise jobs are done; then one of these happens, and the next turn
 * begins:
 *   - something that stands for outside work (`t.completes`) settles,
 *   - the next alarm of the virtual clock rings: outside work may take as long as it
 *     likes, so time may pass before it is done,
 *   - a signal that may abort (`t.mayAbort`) does.
 * Alarms without a delay are the library's way to have another turn, and no choice.
 *
 * When nothing of that is left and jobs have not ended, they never will, unless for
 * real I/O, which nobody controls: then that is named.
 */
import { type Clock, useClock } from "../core/clock.js";
import { MisuseError } from "../core/errors.js";
import type { Execution } from "./execution.js";
import { failureOf } from "./failure.js";
import { setImmediateOrSoon } from "./host-time.js";
import { JobContext } from "./job-context.js";
import { refuseCalls } from "./nested.js";
import { Step } from "./operations.js";
import { activeResources } from "./real-io.js";
import { hearUnhandled } from "./unhandled.js";

/** How outside work may end. */
export interface CompletionOptions {
  readonly name?: string;
  /** If given, the work may also fail, with this. */
  readonly mayReject?: unknown;
}

/** Something that can happen next. */
interface Happening {
  readonly text: string;
  /** Who asked for it. */
  readonly job: number | undefined;
  readonly happen: () => void;
  /** Whether the run can be over without it. */
  readonly isOptional: boolean;
}

interface VirtualAlarm {
  readonly dueMs: number;
  readonly order: number;
  readonly ring: () => void;
  readonly job: number | undefined;
  readonly isTurn: boolean;
}

const DONE = Promise.resolve();

/** A promise to wait for by turns of promise jobs only: what threads do is over by then. */
const QUICK_TURNS = 24;

export class AsyncRun implements Clock {
  readonly #execution: Execution;
  readonly #happenings: Happening[] = [];
  readonly #alarms: VirtualAlarm[] = [];
  readonly #openJobs: Set<string> = new Set();
  readonly #context: JobContext;
  #jobs = 0;
  #alarmsSet = 0;
  #clockBefore: Clock | undefined;
  #stopHearing: (() => void) | undefined;
  #isOver = false;

  /** @param isTold - whether the run is to be shown, job by job */
  constructor(execution: Execution, isTold: boolean) {
    this.#execution = execution;
    this.#context = new JobContext(isTold);
  }

  get usesJobs(): boolean {
    return this.#jobs > 0;
  }

  // The virtual clock

  nowMs(): number {
    return this.#execution.nowMs;
  }

  setAlarm(ring: () => void, delayMs: number): () => void {
    const dueMs = this.#execution.nowMs + Math.max(0, delayMs);
    const alarm: VirtualAlarm = {
      dueMs,
      order: this.#alarmsSet++,
      ring,
      job: this.#context.current,
      isTurn: !(delayMs > 0),
    };
    this.#alarms.push(alarm);
    return () => {
      const at = this.#alarms.indexOf(alarm);
      if (at !== -1) this.#alarms.splice(at, 1);
    };
  }

  begin(): void {
    this.#clockBefore = useClock(this);
  }

  end(): void {
    this.#isOver = true;
    this.#tellPending();
    this.#context.end();
    this.#stopHearing?.();
    if (this.#clockBefore !== undefined) useClock(this.#clockBefore);
    this.#clockBefore = undefined;
  }

  /** The run went wrong: what was still to come from outside may be what it should have waited for. */
  #tellPending(): void {
    const { failure, pendingOutside } = this.#execution;
    if (failure === undefined) return;
    for (const { text } of this.#happenings) pendingOutside.push(`"${text}"`);
    if (this.usesJobs) pendingOutside.push(...activeResources());
  }

  // What programs use

  job(name: string, body: () => unknown): Promise<unknown> {
    if (typeof body !== "function") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `t.job expected a name and a function, but ${typeof body} came`);
    }
    const number = this.#jobs++;
    this.#execution.jobs.push(name);
    this.#stopHearing ??= hearUnhandled((error) => {
      this.#execution.fail(failureOf(error, "a promise that nobody handles"));
    });
    this.#openJobs.add(name);
    const run = async (): Promise<unknown> => {
      try {
        return await body();
      } catch (error) {
        if (!this.#isOver) this.#execution.fail(failureOf(error, `job "${name}"`));
        throw error;
      } finally {
        this.#openJobs.delete(name);
      }
    };
    const promise = this.#context.run(number, run);
    // The run fails by it already; who joins the job is told as well.
    promise.catch(() => undefined);
    return promise;
  }

  completes<Value>(value: Value, { name = "outside work", ...options }: CompletionOptions = {}): Promise<Value> {
    const job = this.#context.current;
    const promise = new Promise<Value>((resolve, reject) => {
      const mayFail = "mayReject" in options && options.mayReject !== undefined;
      this.#happenings.push({
        text: name,
        job,
        isOptional: false,
        happen: () => {
          if (mayFail && this.#execution.choose(2) === 1) {
            this.#note(`${name} fails`, job);
            reject(options.mayReject);
          } else {
            this.#note(`${name} is done`, job);
            resolve(value);
          }
        },
      });
    });
    promise.catch(() => undefined);
    return promise;
  }

  mayAbort(name: string): AbortSignal {
    const controller = new AbortController();
    const job = this.#context.current;
    this.#happenings.push({
      text: name,
      job,
      isOptional: true,
      happen: () => {
        this.#note(`${name} aborts`, job);
        controller.abort();
      },
    });
    return controller.signal;
  }

  /** Has things happen until the program has settled, or never will. */
  async settle(program: PromiseLike<unknown>): Promise<void> {
    let outcome: { readonly error?: unknown } | undefined;
    void program.then(
      () => (outcome = {}),
      (error: unknown) => (outcome = { error }),
    );
    const hasEnded = (): boolean => outcome !== undefined;
    for (let turn = 0; turn < QUICK_TURNS && !hasEnded(); turn++) await DONE;
    while ((!hasEnded() || this.#openJobs.size > 0) && !this.#execution.isAborted) {
      await turnEnds();
      if (hasEnded() && (this.#openJobs.size === 0 || "error" in (outcome ?? {}))) break;
      if (this.#execution.isAborted) break;
      if (!this.#next(hasEnded())) break;
    }
    if (outcome !== undefined && "error" in outcome) throw outcome.error;
  }

  /** @returns false if nothing can happen */
  #next(isBodyOver: boolean): boolean {
    if (this.#ringTurns()) return true;
    const alarm = this.#firstAlarm();
    const certain = this.#happenings.some(({ isOptional }) => !isOptional);
    if (!certain && alarm === undefined) return refuseCalls() || this.#nothingLeft(isBodyOver);
    const { length } = this.#happenings;
    const count = length + (alarm === undefined ? 0 : 1);
    const choice = this.#execution.choose(count);
    if (choice < length) {
      const [happening] = this.#happenings.splice(choice, 1);
      happening?.happen();
    } else if (alarm !== undefined) {
      this.#ring(alarm);
    }
    if (this.#execution.stepCount >= this.#execution.mostSteps) {
      this.#execution.fail({ kind: "livelock", message: `no end after ${this.#execution.stepCount} happenings` });
    }
    return true;
  }

  #ringTurns(): boolean {
    const due = this.#alarms.filter(({ isTurn }) => isTurn);
    for (const alarm of due) {
      const at = this.#alarms.indexOf(alarm);
      if (at === -1) continue; // called off by one before
      this.#alarms.splice(at, 1);
      alarm.ring();
    }
    return due.length > 0;
  }

  #firstAlarm(): VirtualAlarm | undefined {
    let first: VirtualAlarm | undefined;
    for (const alarm of this.#alarms) {
      if (first === undefined || alarm.dueMs < first.dueMs) first = alarm;
    }
    return first;
  }

  #ring(alarm: VirtualAlarm): void {
    this.#alarms.splice(this.#alarms.indexOf(alarm), 1);
    this.#execution.nowMs = Math.max(this.#execution.nowMs, alarm.dueMs);
    this.#note(`an alarm rings, at ${Math.round(this.#execution.nowMs * 1000) / 1000} ms`, alarm.job);
    alarm.ring();
  }

  #note(text: string, job: number | undefined): void {
    this.#execution.happened(Step.happen, text, job);
  }

  /** A line of `t.log` was added: of whose code it is. */
  ownNote(note: number): void {
    const { current } = this.#context;
    if (current !== undefined) this.#execution.noteJobs[note] = current;
  }

  #nothingLeft(isBodyOver: boolean): boolean {
    const names = [...this.#openJobs].map((name) => `"${name}"`);
    const waiting = isBodyOver || names.length > 0 ? names.join(", ") : "the program's own function";
    const real = activeResources();
    if (real.length > 0) {
      this.#execution.fail({
        kind: "misuse",
        message:
          `${waiting} can't go on, and I/O that nobody controls is pending: ${real.join(", ")}. ` +
          "Stand in for it by t.completes; for timers use sleep of skein, under node --conditions=explore",
      });
      return false;
    }
    // What is left of that need not come: the program must not count on it.
    const optional = this.#happenings.map(({ text }) => `"${text}"`);
    const may = optional.length === 0 ? "" : `; pending is ${optional.join(", ")}, which may abort, or never`;
    this.#execution.fail({
      kind: isBodyOver ? "leak" : "deadlock",
      message: `nothing is left that has to happen, but not ended ${names.length > 1 ? "have" : "has"}: ${waiting}${may}`,
    });
    return false;
  }
}

/** Settles when all promise jobs are done. */
function turnEnds(): Promise<void> {
  return new Promise((resolve) => setImmediateOrSoon(resolve));
}
