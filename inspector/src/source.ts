/**
 * Where the trace comes from: out of the page itself, if that is a report; else from the
 * server that served the page, as a file or live.
 */
import { effect } from "@preact/signals";
import type { ObserverLevel } from "skein/trace";

import workerUrl from "./analysis/worker.ts?worker&url";
import { Analyst } from "./analyst.js";
import type { LabSlot, Slot } from "./analysis/protocol.js";
import { labDrawn, labFailed, startLabs } from "./labs/labs-state.js";
import {
  analyst,
  askedLevel,
  connection,
  exportsThere,
  failure,
  go,
  hasLabs,
  leftOut,
  level,
  models,
  t,
} from "./state.js";

/** What the server says of itself. */
export interface Session {
  readonly isLive: boolean;
  readonly hasLabs: boolean;
  readonly name: string;
  /** Addresses of traces, one or two. */
  readonly traces: readonly { readonly name: string; readonly url: string }[];
  readonly exports: readonly string[];
}

/** What stands in a report. */
const TRACE_ELEMENT = "skein-trace";
const WORKER_ELEMENT = "skein-worker";

/** Asked before anything is drawn: the address is soon written anew. */
const isPlaceGiven = location.hash.length > 1;

export async function start(): Promise<void> {
  const source = document.getElementById(WORKER_ELEMENT)?.textContent;
  const made = new Analyst(new Worker(source === undefined || source === null ? workerUrl : urlOf(source)), {
    onModel: (slot, model) => {
      models.value = { ...models.value, [slot]: model };
      if (failure.value?.slot === slot) failure.value = undefined;
    },
    onDrawn: labDrawn,
    onFailed: fail,
  });
  analyst.current = made;
  const embedded = document.getElementById(TRACE_ELEMENT);
  if (embedded !== null) {
    made.open("first", embedded.dataset["name"] ?? "", await bytesOf(embedded.textContent ?? ""));
    connection.value = "report";
    return;
  }
  const session = (await (await fetched("session.json")).json()) as Session;
  exportsThere.value = session.exports;
  if (session.hasLabs) {
    hasLabs.value = true;
    connection.value = "labs";
    if (!isPlaceGiven) go({ screen: "labs" });
    await startLabs();
  } else if (session.isLive) {
    connection.value = "live";
    made.goLive(session.name);
    listen(made);
  } else {
    for (const [index, { name, url }] of session.traces.entries()) {
      made.open(index === 0 ? "first" : "second", name, await (await fetched(url)).arrayBuffer());
    }
    connection.value = "file";
  }
}

function fail(slot: Slot | LabSlot, message: string): void {
  if (slot !== "first" && slot !== "second") labFailed(slot, message);
  else failure.value = { slot, message };
}

/** A file that a person chose or dropped. */
export async function openFile(slot: Slot, file: File): Promise<void> {
  analyst.current?.open(slot, file.name, await file.arrayBuffer());
}

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url).catch((error: unknown) => {
    throw new Error(t("app.noAnswer"), { cause: error });
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response;
}

function listen(made: Analyst): void {
  const socket = new WebSocket(new URL("live", location.href).href.replace(/^http/, "ws").replace(/#.*$/, ""));
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data !== "string") return made.segment(data);
    const told = JSON.parse(data) as {
      readonly leftOut?: number;
      readonly ended?: boolean;
      readonly level?: ObserverLevel;
    };
    if (told.level !== undefined) level.value = told.level;
    if (told.leftOut !== undefined) leftOut.value = told.leftOut;
    if (told.ended === true) connection.value = "ended";
  };
  const stopAsking = effect(() => {
    const asked = askedLevel.value;
    if (asked !== undefined && asked !== level.peek()) socket.send(JSON.stringify({ level: asked }));
  });
  socket.onclose = () => {
    stopAsking();
    if (connection.value === "live") connection.value = "lost";
  };
}

function urlOf(script: string): string {
  return URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
}

/** From base64, which is how bytes stand in a report, packed. */
async function bytesOf(base64: string): Promise<ArrayBuffer> {
  try {
    const text = atob(base64.trim());
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return await new Response(unpacked).arrayBuffer();
  } catch (error) {
    // What the platform says of it ("Failed to fetch") would tell nobody what is broken.
    throw new Error(t("app.brokenReport"), { cause: error });
  }
}
