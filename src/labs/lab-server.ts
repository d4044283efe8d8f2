/**
 * Labs over HTTP: what the inspector's page asks, answered below a path of its server,
 * which has let the request in: it came with the token, from a page of its own.
 *
 * Invariants: only labs of the catalogue run, one at a time, each in a process of its
 * own, which ends with this. Of each lab the last two runs are kept.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";

import { nowMs } from "#clock";

import type { Sentence } from "../trace/words/language.js";
import { LABS } from "./catalog.js";
import { inconclusive } from "./evidence.js";
import { describeFailure } from "./failure.js";
import { KnobError, knobsOf, readKnobs, usualOf } from "./knobs.js";
import type { Knob, Knobs, Lab } from "./lab.js";
import { labPages, type LabsState, type RunPage, runPage } from "./lab-page.js";
import { allowedCoreNumbers, bindToCores } from "./machine-use.js";
import { type LabRun, type LabStart, runLabAgain } from "./start-lab.js";

const KEPT_OF_EACH = 2;
/** Knobs need less. */
const MOST_BODY_BYTES = 4096;

interface KeptRun {
  readonly page: RunPage;
  readonly traces: readonly Uint8Array[];
}

interface Running {
  readonly run: number;
  readonly lab: Lab;
  readonly sinceMs: number;
  phase: string | undefined;
  stop: () => void;
  isStopped: boolean;
}

/** A request that can't be met. */
class RefusedError extends Error {
  readonly status: number;
  readonly words: Sentence;
  constructor(status: number, words: Sentence) {
    super(words.en);
    this.status = status;
    this.words = words;
  }
}

export class LabServer {
  readonly #run: (lab: Lab, how: LabStart) => Promise<LabRun>;
  readonly #canBind = bindToCores(allowedCoreNumbers());
  readonly #kept = new Map<number, KeptRun>();
  readonly #listeners = new Set<ServerResponse>();
  #running: Running | undefined;
  #runs = 0;
  #stopped: number | undefined;
  #isClosed = false;

  /** @param run - takes the place of a process, in tests */
  constructor(run: (lab: Lab, how: LabStart) => Promise<LabRun> = runLabAgain) {
    this.#run = run;
  }

  /** @param path - behind the one that stands for the labs */
  answer(path: string, request: IncomingMessage, response: ServerResponse): void {
    this.#answer(path, request, response).catch((error: unknown) => {
      const isOurs = error instanceof RefusedError;
      const words = isOurs ? error.words : { en: String(error), ru: String(error) };
      sendJson(response, isOurs ? error.status : 500, { error: words });
    });
  }

  /** Ends the lab that runs, and every answer that goes on. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
    for (const listener of this.#listeners) listener.end();
  }

  async #answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [verb = "", ...names] = path.split("/");
    const [name = "", index = ""] = names;
    switch (`${request.method} ${verb}`) {
      case "GET catalog":
        return sendJson(response, 200, labPages(this.#canBind));
      case "GET code":
        return sendText(
          response,
          readFileSync(fileURLToPath(import.meta.resolve(`#lab-sources/${labNamed(name).name}`))),
        );
      case "GET events":
        return this.#listen(response);
      case "GET run":
        return sendJson(response, 200, this.#keptRun(name).page);
      case "GET trace":
        return this.#sendTrace(this.#keptRun(name), index, response);
      case "POST run":
        return this.#start(labNamed(name), await bodyOf(request), response);
      case "POST stop":
        this.#stop();
        return sendJson(response, 200, {});
      default:
        throw new RefusedError(404, { en: "not found", ru: "не найдено" });
    }
  }

  #start(lab: Lab, body: string, response: ServerResponse): void {
    const knobs = knobsOf(lab, this.#canBind);
    const changed = changedKnobs(body, knobs);
    if (this.#isClosed) throw new RefusedError(503, { en: "the server is closing", ru: "сервер завершает работу" });
    if (this.#running !== undefined) {
      const { title } = this.#running.lab;
      throw new RefusedError(409, {
        en: `one lab runs at a time, and now it is "${title.en}"`,
        ru: `опыты выполняются по одному, и сейчас идёт «${title.ru}»`,
      });
    }
    const running: Running = {
      run: ++this.#runs,
      lab,
      sinceMs: nowMs(),
      phase: undefined,
      stop: () => undefined,
      isStopped: false,
    };
    this.#running = running;
    const all = { ...Object.fromEntries(knobs.map((knob) => [knob.name, usualOf(knob)])), ...changed };
    void this.#runToEnd(running, changed, all);
    this.#tell();
    sendJson(response, 202, { run: running.run });
  }

  /** Never fails: a lab that could not run is a verdict too. */
  async #runToEnd(running: Running, changed: Knobs, all: Knobs): Promise<void> {
    const { lab } = running;
    const labRun = await this.#run(lab, {
      knobs: changed,
      keepsTraces: true,
      onStart: (stop) => {
        running.stop = stop;
        if (running.isStopped) stop();
      },
      onPhase: (name) => {
        running.phase = name;
        this.#tell();
      },
    }).catch((error: unknown) => failedRun(lab, error));
    this.#running = undefined;
    if (running.isStopped) this.#stopped = running.run;
    else this.#keep(running.run, { page: runPage(running.run, all, labRun), traces: labRun.traces });
    this.#tell();
  }

  #keep(run: number, kept: KeptRun): void {
    this.#kept.set(run, kept);
    const ofLab = [...this.#kept].filter(([, { page }]) => page.lab === kept.page.lab);
    for (const [old] of ofLab.slice(0, -KEPT_OF_EACH)) this.#kept.delete(old);
  }

  #stop(): void {
    if (this.#running === undefined) return;
    this.#running.isStopped = true;
    this.#running.stop();
  }

  #keptRun(name: string): KeptRun {
    const kept = /^\d{1,9}$/.test(name) ? this.#kept.get(Number(name)) : undefined;
    if (kept === undefined) {
      throw new RefusedError(404, {
        en: "this run is not kept any more: of each lab the last two are",
        ru: "этот запуск больше не хранится: у каждого опыта хранятся два последних",
      });
    }
    return kept;
  }

  #sendTrace({ traces }: KeptRun, index: string, response: ServerResponse): void {
    const trace = /^\d{1,3}$/.test(index) ? traces[Number(index)] : undefined;
    if (trace === undefined) throw new RefusedError(404, { en: "there is no such recording", ru: "такой записи нет" });
    response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": trace.byteLength });
    response.end(trace);
  }

  /** Keeps telling what goes on; nothing is asked for meanwhile, so that a lab that runs has the machine to itself. */
  #listen(response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    this.#listeners.add(response);
    response.on("close", () => this.#listeners.delete(response));
    response.write(eventOf(this.#state()));
  }

  #tell(): void {
    const event = eventOf(this.#state());
    for (const listener of this.#listeners) listener.write(event);
  }

  #state(): LabsState {
    const running = this.#running;
    return {
      running: running && {
        run: running.run,
        lab: running.lab.name,
        phase: running.phase,
        forMs: nowMs() - running.sinceMs,
      },
      runs: [...this.#kept.values()].map(({ page: { run, lab, judgement } }) => ({ run, lab, kind: judgement.kind })),
      stopped: this.#stopped,
    };
  }
}

function failedRun(lab: Lab, error: unknown): LabRun {
  const words = describeFailure(error);
  const judgement = inconclusive({ en: words, ru: words });
  return { lab, judgement, measured: undefined, traces: [], output: "", tries: 1 };
}

function labNamed(name: string): Lab {
  const lab = LABS.find((one) => one.name === name);
  if (lab !== undefined) return lab;
  const came = JSON.stringify(name.slice(0, 40));
  throw new RefusedError(404, { en: `there is no lab ${came}`, ru: `опыта ${came} нет` });
}

function changedKnobs(body: string, knobs: readonly Knob[]): Knobs {
  let given: unknown;
  try {
    given = body === "" ? {} : JSON.parse(body);
  } catch (error) {
    throw new RefusedError(400, {
      en: `the body is no JSON: ${String(error)}`,
      ru: `тело запроса — не JSON: ${String(error)}`,
    });
  }
  try {
    return readKnobs(knobs, given);
  } catch (error) {
    if (error instanceof KnobError) throw new RefusedError(400, error.words);
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const part of request.setEncoding("utf8")) {
    body += part as string;
    if (body.length > MOST_BODY_BYTES) {
      throw new RefusedError(413, { en: "more than knobs need", ru: "больше, чем нужно для параметров" });
    }
  }
  return body;
}

function eventOf(state: LabsState): string {
  return `data: ${JSON.stringify(state)}\n\n`;
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
}

function sendText(response: ServerResponse, text: Uint8Array): void {
  response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
}
