/** Promises that were rejected and that nobody handled. */
import { ProbeKind } from "../../core/probe.js";
import { groupBy, type TraceIndex } from "../trace-index.js";
import { englishCount, russianCount } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";

/** How the marks begin that tell of one. */
export const UNHANDLED = "unhandled rejection: ";

/** One finding for each reason, with how often. */
export function findUnhandledRejections(index: TraceIndex): readonly Finding[] {
  const { trace } = index;
  const marks = trace.threads.flatMap(({ index: thread, records, texts }) =>
    records.flatMap(({ kind, timeMs, value }) => {
      const text = kind === ProbeKind.mark ? texts[value] : undefined;
      if (text?.startsWith(UNHANDLED) !== true) return [];
      return [{ thread, reason: text.slice(UNHANDLED.length), atMs: timeMs - trace.startedMs }];
    }),
  );
  return [...groupBy(marks, ({ reason }) => reason)].map(([reason, alike]) => {
    const times = alike.map(({ atMs }) => atMs);
    const often = alike.length === 1 ? { en: "", ru: "" } : oftenOf(alike.length);
    return toFinding(index, {
      kind: "unhandled-rejection",
      about: reason,
      severity: "problem",
      text: {
        en: `A promise was rejected and nobody handled it${often.en}: ${reason}.`,
        ru: `Отказ промиса никто не обработал${often.ru}: ${reason}.`,
      },
      advice: {
        en: "Await the promise, or catch its rejection where it is made; Node ends a program for it unless told otherwise.",
        ru: "Дождитесь промиса или перехватите отказ там, где промис создан: Node завершает из-за него программу, если не сказано иное.",
      },
      threads: new Set(alike.map(({ thread }) => thread)),
      fromMs: Math.max(0, Math.min(...times)),
      toMs: Math.max(...times),
      evidence: { count: alike.length },
      badge: "measured",
    });
  });
}

function oftenOf(count: number): { readonly en: string; readonly ru: string } {
  return { en: `, ${englishCount(count, "time")}`, ru: `, ${russianCount(count, "раз", "раза", "раз")}` };
}
