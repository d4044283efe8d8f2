/**
 * A connection to the inspector of another process, which is asked to open it by the
 * signal that Node keeps for that.
 *
 * Whoever may send a signal may do anything to the process anyhow; but while the
 * inspector is open, every program of this machine can connect to it, so it is opened
 * only when asked for, and closed again if it was opened here.
 */
import { setAlarm } from "#clock";
import { WebSocket } from "ws";

import { AttachError, type AttachProblem, type LocalProcess, textOf } from "./processes.js";

const HOST = "127.0.0.1";
const DEFAULT_PORT = 9229;
const LOOK_EVERY_MS = 50;
/** A process that is in a synchronous call opens it when that returns. */
const MOST_WAIT_MS = 5000;
/** The number of SIGUSR1 on Linux, and so its place in the kernel's masks. */
const SIGUSR1 = 10;

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** A session with the process; all that is asked is the value of an expression. */
export class InspectorLink {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #lastId = 0;
  readonly wasOpen: boolean;

  constructor(socket: WebSocket, wasOpen: boolean) {
    this.#socket = socket;
    this.wasOpen = wasOpen;
    socket.on("message", (data: Buffer) => {
      const { id, result } = JSON.parse(data.toString("utf8")) as Answer;
      if (id === undefined) return;
      this.#waiting.get(id)?.(result?.result?.value);
      this.#waiting.delete(id);
    });
    socket.on("close", () => this.#giveUp());
    socket.on("error", () => undefined); // it is closed too
  }

  #giveUp(): void {
    for (const settle of this.#waiting.values()) settle(undefined);
    this.#waiting.clear();
  }

  /** The value, which must be one that JSON has; `undefined` if it threw, or the process is not there any more. */
  evaluate(expression: string): Promise<unknown> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    this.#lastId++;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const params = { expression, returnByValue: true, silent: true };
      this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Connects to the inspector of a process, and has it opened if it is not.
 *
 * **Throws** `AttachError`, if that would end the process, or it does not open it.
 *
 * @param onSignal - told before the signal is sent, and where the inspector will be
 */
export async function openInspector(
  target: LocalProcess,
  onSignal: (address: string) => void,
  proc = "/proc",
): Promise<InspectorLink> {
  const port = inspectorPortOf((textOf(`${proc}/${target.pid}/cmdline`) ?? "").split("\0"));
  const open = await connect(target.pid, port, true);
  if (open !== undefined) return open;
  requireCaught(target.pid, proc);
  onSignal(`${HOST}:${port}`);
  process.kill(target.pid, "SIGUSR1");
  for (let waitedMs = 0; waitedMs < MOST_WAIT_MS; waitedMs += LOOK_EVERY_MS) {
    await new Promise<void>((resolve) => setAlarm(resolve, LOOK_EVERY_MS));
    const link = await connect(target.pid, port, false);
    if (link !== undefined) return link;
  }
  throw problem("NO_INSPECTOR", {
    en: `process ${target.pid} did not open its inspector on ${HOST}:${port} within ${MOST_WAIT_MS / 1000} s: another process may have the port, or it is in a call that does not return; without --inspector its threads are shown from outside`,
    ru: `процесс ${target.pid} не открыл инспектор на ${HOST}:${port} за ${MOST_WAIT_MS / 1000} с: порт может быть занят, или процесс не возвращается из вызова; без --inspector потоки видны снаружи`,
  });
}

/** A process that does not catch the signal is ended by it: Bun, Deno, and Node with `--disable-sigusr1`. */
function requireCaught(pid: number, proc: string): void {
  if (catchesSignal(textOf(`${proc}/${pid}/status`) ?? "", SIGUSR1)) return;
  throw problem("NO_INSPECTOR", {
    en: `process ${pid} does not wait for the signal that opens the inspector, and would be ended by it; without --inspector its threads are shown from outside`,
    ru: `процесс ${pid} не ждёт сигнала, открывающего инспектор, и был бы им завершён; без --inspector потоки видны снаружи`,
  });
}

function problem(code: AttachProblem, sentence: AttachError["sentence"]): AttachError {
  return new AttachError(code, sentence);
}

/** Whether a process catches a signal, by its file `status`: a mask, the lowest bit for signal 1. */
export function catchesSignal(status: string, signal: number): boolean {
  const mask = /^SigCgt:\s*([\da-f]+)$/im.exec(status)?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Where a process started with these arguments opens its inspector. */
export function inspectorPortOf(args: readonly string[]): number {
  let port = DEFAULT_PORT;
  for (const [i, arg] of args.entries()) {
    const told =
      /^--(?:inspect-port|debug-port|inspect|inspect-brk|inspect-wait)=(?:.*:)?(\d+)$/.exec(arg)?.[1] ??
      (/^--(?:inspect|debug)-port$/.test(arg) ? args[i + 1] : undefined);
    if (told !== undefined && Number(told) > 0) port = Number(told);
  }
  return port;
}

/** @returns `undefined` if nobody listens there, or another process than the one that is wanted */
async function connect(pid: number, port: number, wasOpen: boolean): Promise<InspectorLink | undefined> {
  let url: string | undefined;
  try {
    const list = (await (await fetch(`http://${HOST}:${port}/json/list`)).json()) as {
      readonly webSocketDebuggerUrl?: string;
    }[];
    url = list[0]?.webSocketDebuggerUrl;
  } catch {
    return undefined; // nobody listens, or not an inspector
  }
  if (url === undefined) return undefined;
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once("open", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  if (!isOpen) return undefined;
  const link = new InspectorLink(socket, wasOpen);
  if ((await link.evaluate("process.pid")) === pid) return link;
  link.close();
  return undefined;
}
