/**
 * The worker: takes traces apart and answers questions about them, so that the page
 * itself only draws.
 */
import { buffersOf } from "../timeline/span-store.js";
import { analyse, type Analysed } from "./build-model.js";
import { dumpOf } from "./dump.js";
import { inOrder } from "./event-order.js";
import { LiveTrace } from "./live-trace.js";
import { pathTo } from "./path.js";
import type { Answers, FromWorker, LabSlot, Question, Slot, ToWorker } from "./protocol.js";
import { splitRange } from "./split.js";
import { listTasks, taskDetail, taskLine } from "./tasks.js";
import { decodeTrace } from "./trace.js";

/** The part of a worker's global scope that is used; the compiler knows the page's. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
}

const worker = globalThis as unknown as WorkerScope;
const analysed = new Map<Slot, Analysed>();

/** A recording under way is shown anew no more often than this, and for at most a quarter of the worker's time. */
const REFRESH_MS = 500;
const SHARE_OF_TIME = 4;

let live: { readonly name: string; readonly trace: LiveTrace } | undefined;
let refresh: ReturnType<typeof setTimeout> | undefined;
let refreshMs = 0;

function showLive(): void {
  refresh = undefined;
  const trace = live?.trace.trace();
  if (live === undefined || trace === undefined) return;
  const startMs = performance.now();
  try {
    show("first", analyse(trace, live.name, true));
  } catch (error) {
    fail("first", error);
  }
  refreshMs = Math.max(REFRESH_MS, (performance.now() - startMs) * SHARE_OF_TIME);
}

function fail(slot: Slot | LabSlot, error: unknown): void {
  worker.postMessage({ kind: "failed", slot, message: error instanceof Error ? error.message : String(error) });
}

function show(slot: Slot, found: Analysed): void {
  analysed.set(slot, found);
  // Copied and not moved: questions about the order of events need the columns here.
  worker.postMessage({ kind: "model", slot, model: found.model });
}

function answer(question: Question): Answers[keyof Answers] {
  const about = analysed.get(question.slot);
  if (about === undefined) return undefined;
  switch (question.kind) {
    case "split":
      return splitRange(about, question.fromMs, question.toMs);
    case "list":
      return listTasks(about, question.query, question.sort, question.isDescending);
    case "lines":
      return question.jobs.flatMap((job) => taskLine(about, job) ?? []);
    case "detail":
      return taskDetail(about, question.job);
    case "order":
      return inOrder(about.model.columns);
    case "path":
      return pathTo(about, question.item);
    case "dump":
      return dumpOf(about, question.query);
  }
}

worker.onmessage = ({ data }) => {
  switch (data.kind) {
    case "open":
      try {
        let problem: string | undefined;
        const trace = decodeTrace(new Uint8Array(data.bytes), {}, ({ message }) => (problem = message));
        show(data.slot, analyse(trace, data.name, false, problem));
      } catch (error) {
        fail(data.slot, error);
      }
      break;
    case "draw":
      try {
        const trace = decodeTrace(new Uint8Array(data.bytes));
        const { model } = analyse(trace, data.name, false, undefined, data.lanes);
        worker.postMessage({ kind: "drawn", slot: data.slot, model });
      } catch (error) {
        fail(data.slot, error);
      }
      break;
    case "ask": {
      const answered = answer(data.question);
      const moved = data.question.kind === "order" ? (answered as Answers["order"]) : undefined;
      worker.postMessage(
        { kind: "answer", number: data.number, answer: answered },
        moved === undefined ? [] : [...buffersOf(moved.columns), moved.momentsMs.buffer],
      );
      break;
    }
    case "live":
      live = { name: data.name, trace: new LiveTrace() };
      break;
    case "segment":
      live?.trace.add(new Uint8Array(data.bytes), performance.now());
      refresh ??= setTimeout(showLive, refreshMs);
  }
};
