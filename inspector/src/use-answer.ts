/** Questions to the worker, asked by what is on the screen. */
import { useEffect, useState } from "preact/hooks";

import type { Model } from "./analysis/model.js";
import type { Answers, Question } from "./analysis/protocol.js";
import { analyst } from "./state.js";

export interface Asked<Answer> {
  /** The last answer, which may be that of the question before; `undefined` until there is one. */
  readonly answer: Answer | undefined;
  /** True if it is the answer to this question, about this model. */
  readonly isFresh: boolean;
}

/**
 * Asks again whenever the question or the model is another.
 *
 * @param delayMs - waits so long for the next change, which then takes the place of this one
 */
export function useAnswer<Kind extends Question["kind"]>(
  question: Extract<Question, { readonly kind: Kind }> | undefined,
  model: Model,
  delayMs = 0,
): Asked<Answers[Kind]> {
  const key = JSON.stringify(question);
  const [known, setKnown] = useState<{ key: string; model: Model; answer: Answers[Kind] } | undefined>();
  useEffect(() => {
    if (question === undefined) return undefined;
    let isWanted = true;
    const ask = async (): Promise<void> => {
      const answer = await analyst.current?.ask<Kind>(question);
      if (isWanted) setKnown({ key, model, answer: answer as Answers[Kind] });
    };
    const timer = setTimeout(() => void ask(), delayMs);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key, model]);
  return { answer: known?.answer, isFresh: known !== undefined && known.key === key && known.model === model };
}
