/** Which threads have imported which module, and the jobs that wait for the first to have it. */
import type { TaskIdentity } from "../async/executor.js";
import type { Call } from "./call.js";
import { Histogram } from "./histogram.js";
import { codecsOf } from "./task-shapes.js";
import type { NumberedTask, PoolThread } from "./thread.js";

/** A module whose tasks were submitted. */
export class ModuleRecord {
  readonly url: string;
  /** Threads on which its tasks can run. */
  readonly ready: PoolThread[] = [];
  /** Jobs that wait for a thread to have it. */
  readonly waiting: Set<Call> = new Set();
  readonly tasks: NumberedTask[] = [];
  /** Threads on which the import failed: not tried again just to spread the load. */
  readonly failed: WeakSet<PoolThread> = new WeakSet();

  constructor(url: string) {
    this.url = url;
  }
}

/** Modules and tasks as a pool knows them. */
export class Modules {
  readonly #tasks = new Map<TaskIdentity, NumberedTask>();
  /** The same; the first has number 1. */
  readonly #inOrder: NumberedTask[] = [];
  readonly #modules = new Map<string, ModuleRecord>();
  /** The task that was asked for last: mostly it is asked for again. */
  #last: NumberedTask | undefined = undefined;

  /** The number of a task, which is given to it when it is first asked for. */
  numbered(identity: TaskIdentity): NumberedTask {
    if (this.#last?.identity === identity) return this.#last;
    let task = this.#tasks.get(identity);
    if (task === undefined) {
      const module = this.of(identity.module);
      const codecs = codecsOf(identity);
      task = { number: this.#inOrder.length + 1, identity, codecs, module, runTimes: new Histogram() };
      this.#tasks.set(identity, task);
      this.#inOrder.push(task);
      module.tasks.push(task);
      for (const thread of module.ready) thread.define(task);
    }
    this.#last = task;
    return task;
  }

  byNumber(number: number): NumberedTask | undefined {
    return this.#inOrder[number - 1];
  }

  tasks(): Iterable<NumberedTask> {
    return this.#inOrder;
  }

  /** Takes out the jobs that wait for a module. */
  takeWaiting(): Call[] {
    const calls: Call[] = [];
    for (const { waiting } of this.#modules.values()) {
      calls.push(...waiting);
      waiting.clear();
    }
    return calls;
  }

  of(url: string): ModuleRecord {
    let module = this.#modules.get(url);
    if (module === undefined) {
      module = new ModuleRecord(url);
      this.#modules.set(url, module);
    }
    return module;
  }

  /** A thread has ended, or takes no more calls. */
  forget(thread: PoolThread): void {
    for (const { ready } of this.#modules.values()) {
      const place = ready.indexOf(thread);
      if (place !== -1) ready.splice(place, 1);
    }
  }

  /** No job waits in it any more. @returns whether it waited */
  stopWaiting(call: Call): boolean {
    return call.task.module.waiting.delete(call);
  }
}
