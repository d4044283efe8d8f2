/**
 * The thread's side: runs the calls that its owner sends.
 *
 * Called by the boot code once the library is loaded. The owner sends a "run" only
 * after this thread said that the call's module is loaded.
 */
import { load, type SharedCells } from "#atomics";

import { TaskScope } from "../async/scope.js";
import { isSteps, runSteps } from "../async/steps.js";
import { attachProbeRing, probe, ProbeKind } from "../core/probe.js";
import { workerMarker } from "../core/thread.js";
import { CancelledError, TransferError } from "../core/errors.js";
import { adopt } from "../shared/crossing.js";
import { leaveForPool } from "../shared/object.js";
import { findUncloneable } from "./cloneable.js";
import { encodeThrown } from "./error-codec.js";
import { CANCELLED_CALL, type FromThread, type ToThread } from "./messages.js";
import { type AnyFunction, registry } from "./registry.js";

/** The part of the thread's port that is used. */
interface Port {
  postMessage(message: FromThread): void;
}

type Run = Extract<ToThread, { kind: "run" }>;

export function serve(givenPort: unknown, givenCells: unknown): (message: unknown) => void {
  const port = givenPort as Port;
  const cells = givenCells as SharedCells;
  /** Scopes of the calls that run now and have one. */
  const scopes = new Map<number, TaskScope>();
  const marker = workerMarker;

  const run = async (call: Run, fn: AnyFunction): Promise<void> => {
    // Cancelled while its module loaded, or while something held this thread up:
    // a job that has not started never does. The owner wrote the cell before the
    // "cancel" that follows this message, and makes the error that callers see.
    if (load(cells, CANCELLED_CALL) === call.call) {
      const thrown = encodeThrown(new CancelledError(`job "${call.name}" was cancelled before it started`));
      port.postMessage({ kind: "failed", call: call.call, thrown });
      return;
    }
    if (marker !== undefined) marker.runningJobs++;
    port.postMessage({ kind: "started", call: call.call });
    probe.ring?.write(ProbeKind.jobStart, call.jobId);
    let answer: FromThread;
    try {
      if (call.hasShared) adopt(call.args);
      const value = await invoke(call, fn as (...args: readonly unknown[]) => unknown);
      answer = { kind: "done", call: call.call, value, hasShared: false };
    } catch (error) {
      answer = { kind: "failed", call: call.call, thrown: encodeThrown(error) };
    }
    probe.ring?.write(ProbeKind.jobStop, call.jobId);
    if (marker !== undefined) marker.runningJobs--;
    send(call, answer);
  };

  const invoke = (call: Run, fn: (...args: readonly unknown[]) => unknown): unknown => {
    let result: unknown;
    // A generator task runs its steps to the end.
    const completed = (returned: unknown, cancel: TaskScope | undefined): unknown =>
      isSteps(returned) ? runSteps(returned, cancel) : returned;
    if (call.takesScope) {
      // The cell reaches a loop that never gives the thread back; the message,
      // which the loop keeps out, reaches everything else.
      const poll = (): void => {
        if (load(cells, CANCELLED_CALL) === call.call) scope.cancelTree("the job was cancelled");
      };
      const scope = new TaskScope(undefined, { name: call.name }, false, poll);
      scopes.set(call.call, scope);
      result = scope.run((s) => completed(fn(s, ...call.args), scope)).finally(() => scopes.delete(call.call));
    } else {
      result = completed(fn(...call.args), undefined);
    }
    if (result instanceof Promise) probe.ring?.write(ProbeKind.jobSuspend, call.jobId);
    return result;
  };

  const send = (call: Run, answer: FromThread): void => {
    try {
      if (answer.kind === "done") postResult(answer);
      else port.postMessage(answer);
    } catch (error) {
      const value = answer.kind === "done" ? answer.value : undefined;
      const refused = new TransferError(
        `the result of task "${call.key}" can't be passed back from its thread: ${findUncloneable(value, "result", [])}. ` +
          "Return plain data: no functions, promises or symbols",
        { cause: error },
      );
      port.postMessage({ kind: "failed", call: call.call, thrown: encodeThrown(refused) });
    }
  };

  const postResult = ({ kind, call, value }: Extract<FromThread, { kind: "done" }>): void =>
    leaveForPool((hasShared) =>
      port.postMessage({
        kind,
        call,
        value,
        // Behind `value`: read when that has been copied.
        get hasShared() {
          return hasShared();
        },
      }),
    );

  return (given) => {
    const message = given as ToThread;
    if (message.kind === "run") {
      const tasks = registry().modules.get(message.module);
      const fn = tasks?.byKey.get(message.key);
      const positionsDiffer = message.key.startsWith("#") && tasks?.unnamed !== message.unnamed;
      if (fn === undefined || positionsDiffer) {
        const known = [...(tasks?.byKey.keys() ?? [])];
        port.postMessage({ kind: "noSuchTask", call: message.call, known, unnamed: tasks?.unnamed ?? 0 });
      } else {
        void run(message, fn);
      }
    } else if (message.kind === "cancel") {
      scopes.get(message.call)?.cancelTree(message.reason);
    } else if (message.kind === "ring") {
      const ring = message.number;
      attachProbeRing(message.memory, (text) => port.postMessage({ kind: "text", text, ring }));
    }
  };
}
