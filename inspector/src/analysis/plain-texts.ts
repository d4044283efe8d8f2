/**
 * A trace as it may be shown: its texts come from programs, and files from anywhere.
 *
 * The page writes them as text, so markup is no danger. What is: a name of megabytes in
 * each of a thousand lines, and characters that are not seen but turn a line around.
 */
import { printable } from "#skein/trace/words/printable";
import type { Capability, Gauge, StackFrame, Stall, ThreadTrace, Trace } from "skein/trace";

/** Longer than any name that is recorded. */
const MOST_LETTERS = 600;
/** Longer than any address of a script, and sentence of a source. */
const MOST_WORDS = 4000;

/** Cut and without characters that do something; in one pass over what is left. */
export function plainText(text: string, mostLetters: number = MOST_LETTERS): string {
  const isLong = text.length > mostLetters;
  // Not between the halves of a letter that takes two.
  const cut = isLong ? text.slice(0, mostLetters - 1).replace(/[\uD800-\uDBFF]$/, "") : text;
  return `${printable(cut)}${isLong ? "…" : ""}`;
}

export function withPlainTexts(trace: Trace): Trace {
  const { kernel } = trace;
  return {
    ...trace,
    threads: trace.threads.map((thread): ThreadTrace => ({
      ...thread,
      name: plainText(thread.name),
      texts: thread.texts.map((text) => plainText(text)),
    })),
    kernel: kernel && {
      ...kernel,
      threads: kernel.threads.map((thread) => ({ ...thread, name: plainText(thread.name) })),
    },
    profiles: trace.profiles.map((part) => ({
      ...part,
      frames: part.frames.map(
        ([name, url, line, column]) => [plainText(name), plainText(url, MOST_WORDS), line, column] as const,
      ),
    })),
    ...(trace.gauges === undefined
      ? {}
      : { gauges: trace.gauges.map((gauge): Gauge => ({ ...gauge, name: plainText(gauge.name) })) }),
    stalls: trace.stalls.map((stall): Stall => ({ ...stall, stack: stall.stack?.map(plainFrame) })),
    capabilities: trace.capabilities.map(({ isAvailable, ...texts }): Capability => ({
      isAvailable,
      name: plainText(texts.name),
      gives: plainText(texts.gives, MOST_WORDS),
      why: plainText(texts.why, MOST_WORDS),
      remedy: texts.remedy === undefined ? undefined : plainText(texts.remedy, MOST_WORDS),
    })),
  };
}

function plainFrame({ name, url, line, column }: StackFrame): StackFrame {
  return { name: plainText(name), url: plainText(url, MOST_WORDS), line, column };
}
