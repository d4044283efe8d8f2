/** Where in the program something happened, for people. */
import { isOwnFrame } from "../../core/own-frames.js";
import type { StackFrame } from "../kernel-facts.js";
import { titleOf, type Resource, type SeenWait } from "../resources.js";
import type { TraceIndex } from "../trace-index.js";
import type { Sentence } from "../words/language.js";
import type { Place } from "./finding.js";

/** The program's own line: the innermost that is neither the platform's nor this package's. */
export function placeOf(stack: readonly StackFrame[]): Place | undefined {
  const frame =
    stack.find((candidate) => !isForeign(candidate)) ??
    // Code of the platform alone, as while it loads modules.
    stack.find(({ url }) => url !== "") ??
    stack[0];
  if (frame === undefined) return undefined;
  const { name, url, line, column } = frame;
  return { name, url: url === "" ? undefined : url, line, column };
}

function isForeign({ url }: StackFrame): boolean {
  return url === "" || url.startsWith("node:") || /[\\/]node_modules[\\/]skein[\\/]/.test(url) || isOwnFrame(url);
}

/** `parse (app.ts:12)`; only what is known of it. */
export function describePlace({ name, url, line }: Place): string {
  const file = url
    ?.replace(/[?#].*$/, "")
    .split(/[\\/]/)
    .at(-1);
  const at = file === undefined ? undefined : line === undefined ? file : `${file}:${line}`;
  if (at === undefined) return name;
  return name === "" ? at : `${name} (${at})`;
}

/**
 * The place that a line of a stack names, as engines write them:
 * `at buy (file:///app.ts:12:5)`, `at async file:///app.ts:12:5`, `buy@file:///app.ts:12:5`.
 */
export function placeOfLine(line: string): Place | undefined {
  const parts =
    /^(?:at )?(?:async )?(?:(?<name>.*?)(?: \(|@))?(?<url>[^()]*?):(?<line>\d+)(?::(?<column>\d+))?\)?$/.exec(
      line.trim(),
    )?.groups;
  if (parts?.["url"] === undefined) return undefined;
  const { name = "", url, line: lineNumber, column } = parts;
  return {
    name: /<anonymous>$|^eval$/.test(name)
      ? ""
      : name.replace(/^.*? \[as (.*)\]$/, "$1").replace(/^(?:new |Object\.)/, ""),
    url,
    line: Number(lineNumber),
    column: column === undefined ? undefined : Number(column),
  };
}

export function placeNamed(name: string | undefined): Place | undefined {
  return name === undefined ? undefined : { name, url: undefined, line: undefined, column: undefined };
}

/** A job or scope; a thread is what stands for an unknown one. */
export function describeActor(index: TraceIndex, actor: number): Sentence {
  if (actor < 0) {
    const name = index.threadName(-1 - actor);
    return { en: `thread ${name}`, ru: `поток ${name}` };
  }
  const name = index.nameOf(actor);
  const isJob = index.jobs.has(actor);
  if (name === undefined) {
    return isJob ? { en: `job ${actor}`, ru: `задача ${actor}` } : { en: `scope ${actor}`, ru: `область ${actor}` };
  }
  return isJob ? { en: `job "${name}"`, ru: `задача «${name}»` } : { en: `scope "${name}"`, ru: `область «${name}»` };
}

/** Who waits; the thread, if it is not known whose code that is. */
export function describeWaiter(index: TraceIndex, { actor, span }: SeenWait): Sentence {
  return describeActor(index, actor === 0 ? -1 - span.thread : actor);
}

const KINDS_IN_RUSSIAN: Readonly<Record<Resource["kind"], string>> = {
  mutex: "мьютекс",
  semaphore: "семафор",
  rwLock: "замок чтения и записи",
  condition: "условие",
  barrier: "барьер",
  latch: "защёлка",
  once: "однократное действие",
  event: "событие",
  channel: "канал",
  other: "ресурс",
};

export function describeResource(resource: Pick<Resource, "kind" | "name" | "id">): Sentence {
  const { kind, name, id } = resource;
  const en = titleOf(resource);
  // A name that says already what it is stays as the program has it.
  if (name.includes('"')) return { en, ru: name };
  return { en, ru: name === "" ? `${KINDS_IN_RUSSIAN[kind]} ${id}` : `${KINDS_IN_RUSSIAN[kind]} «${name}»` };
}
