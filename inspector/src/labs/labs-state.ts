/** The labs as the page knows them: what the server tells, and what a person has chosen. */
import type { Sentence } from "skein/trace";
import { signal } from "@preact/signals";

import type { LabPage, LabsState, RunPage } from "#skein/labs/lab-page";

import type { Model } from "../analysis/model.js";
import type { LabSlot } from "../analysis/protocol.js";
import { analyst, connection, failure, go, models } from "../state.js";
import { textIn } from "../texts.js";

export const catalog = signal<readonly LabPage[]>([]);
export const labsState = signal<LabsState>({ running: undefined, runs: [], stopped: undefined });
export const runs = signal<ReadonlyMap<number, RunPage>>(new Map());
/** What is drawn of each part of a run; a text says why it can't be. */
export const pictures = signal<ReadonlyMap<LabSlot, Model | string>>(new Map());
/** By lab: the choice before a run, and by run: what it was then. */
export const guesses = signal<ReadonlyMap<string, number>>(new Map());
export const guessesOfRuns = signal<ReadonlyMap<number, number>>(new Map());
/** By lab, as typed: names of knobs and their values. */
export const typedKnobs = signal<ReadonlyMap<string, Readonly<Record<string, string>>>>(new Map());
/** Why the last request of a lab was refused. */
export const problem = signal<{ readonly lab: string; readonly words: Sentence } | undefined>(undefined);
/** When what runs was begun, by the clock of this page. */
export const runningSinceMs = signal(0);

/** What has been asked for, so that it is not again. */
const asked = new Set<string>();

const NO_SERVER: Sentence = { en: textIn("en", "labs.noServer"), ru: textIn("ru", "labs.noServer") };

export function slotOf(run: number, part: number): LabSlot {
  return `lab/${run}/${part}`;
}

export async function startLabs(): Promise<void> {
  const response = await fetch("labs/catalog");
  catalog.value = (await response.json()) as readonly LabPage[];
  const events = new EventSource("labs/events");
  events.onmessage = ({ data }: MessageEvent<string>) => hear(JSON.parse(data) as LabsState);
  events.onerror = () => {
    // The server has ended; it would not come back under this address.
    events.close();
    connection.value = "lost";
    labsState.value = { ...labsState.value, running: undefined };
  };
}

function hear(state: LabsState): void {
  if (state.running !== undefined) runningSinceMs.value = performance.now() - state.running.forMs;
  labsState.value = state;
  const isKept = (run: number): boolean => state.runs.some((one) => one.run === run);
  runs.value = new Map([...runs.value].filter(([run]) => isKept(run)));
  pictures.value = new Map([...pictures.value].filter(([slot]) => isKept(Number(slot.split("/")[1]))));
}

/** Runs of a lab that are kept, the oldest first. */
export function runsOf(lab: string): readonly number[] {
  return labsState.value.runs.filter((one) => one.lab === lab).map(({ run }) => run);
}

/** Fetches a run and what was recorded of it, once. */
export async function loadRun(run: number): Promise<void> {
  if (asked.has(`run ${run}`)) return;
  asked.add(`run ${run}`);
  const response = await fetch(`labs/run/${run}`).catch(() => undefined);
  if (response?.ok !== true) return; // it is gone, as the next news tells
  const page = (await response.json()) as RunPage;
  runs.value = new Map([...runs.value, [run, page]]);
  await Promise.all(page.phases.map((_, part) => loadPart(page, part)));
}

async function loadPart(page: RunPage, part: number): Promise<void> {
  const phase = page.phases[part];
  if (phase?.hasTrace !== true) return;
  const bytes = await traceOf(page.run, part);
  if (bytes !== undefined) analyst.current?.draw(slotOf(page.run, part), phase.name, bytes, phase.lanes);
}

async function traceOf(run: number, part: number): Promise<ArrayBuffer | undefined> {
  const response = await fetch(`labs/trace/${run}/${part}`).catch(() => undefined);
  return response?.ok === true ? response.arrayBuffer() : undefined;
}

export function labDrawn(slot: LabSlot, model: Model): void {
  pictures.value = new Map([...pictures.value, [slot, model]]);
}

export function labFailed(slot: LabSlot, message: string): void {
  pictures.value = new Map([...pictures.value, [slot, message]]);
}

/** Shows a part of a run on all the other screens. */
export async function openPart(run: number, part: number, name: string): Promise<void> {
  const bytes = await traceOf(run, part);
  if (bytes === undefined) return;
  failure.value = undefined;
  models.value = { ...models.value, first: undefined };
  analyst.current?.open("first", name, bytes);
  go({ screen: "timeline", fromMs: undefined, toMs: undefined, item: undefined, job: undefined, lab: undefined });
}

/** Begins a run, with the knobs as they were typed: the server says whether they can be so. */
export async function startRun(lab: LabPage, guess: number | undefined): Promise<void> {
  problem.value = undefined;
  const typed = typedKnobs.value.get(lab.name) ?? {};
  const knobs = Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, numberTyped(text)]));
  const answer = await post(`labs/run/${lab.name}`, knobs);
  if (answer.error !== undefined) problem.value = { lab: lab.name, words: answer.error };
  else if (answer.run !== undefined && guess !== undefined) {
    guessesOfRuns.value = new Map([...guessesOfRuns.value, [answer.run, guess]]);
  }
}

export async function stopRun(): Promise<void> {
  await post("labs/stop", {});
}

/** What is no number is sent as it is, to be named in the answer. */
function numberTyped(text: string): number | string {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text : value;
}

async function post(path: string, body: unknown): Promise<{ readonly run?: number; readonly error?: Sentence }> {
  try {
    const response = await fetch(path, { method: "POST", body: JSON.stringify(body) });
    return (await response.json()) as { readonly run?: number; readonly error?: Sentence };
  } catch {
    return { error: NO_SERVER };
  }
}

export function choose(lab: string, choice: number): void {
  guesses.value = new Map([...guesses.value, [lab, choice]]);
}

export function turnKnob(lab: string, name: string, text: string): void {
  typedKnobs.value = new Map([...typedKnobs.value, [lab, { ...typedKnobs.value.get(lab), [name]: text }]]);
}

export function resetKnobs(lab: string): void {
  typedKnobs.value = new Map([...typedKnobs.value].filter(([name]) => name !== lab));
  if (problem.value?.lab === lab) problem.value = undefined;
}
