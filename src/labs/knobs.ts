/** What can be turned before a lab runs: its own knobs, and how many cores it may use. */
import { availableCores } from "../threads/available-cores.js";
import type { Sentence } from "../trace/words/language.js";
import type { Knob, Knobs, Lab } from "./lab.js";

/** The name of the knob that every lab has where processes can be bound to cores. */
export const CORES_KNOB = "cores";

/** A value that a knob can't have, in words for whoever gave it. */
export class KnobError extends Error {
  readonly words: Sentence;
  constructor(words: Sentence) {
    super(words.en);
    this.name = "KnobError";
    this.words = words;
  }
}

export function usualOf({ usual }: Knob, cores: number = availableCores()): number {
  return typeof usual === "number" ? usual : usual(cores);
}

/** A lab's own knobs as they usually are. */
export function usualKnobs(lab: Lab): Knobs {
  return Object.fromEntries((lab.knobs ?? []).map((knob) => [knob.name, usualOf(knob)]));
}

/** All knobs of a lab here. */
export function knobsOf(lab: Lab, canBind: boolean, cores: number = availableCores()): readonly Knob[] {
  const own = lab.knobs ?? [];
  if (!canBind || cores < 2) return own;
  const words = { en: "cores for the whole lab", ru: "ядер на весь опыт" };
  return [...own, { name: CORES_KNOB, words, least: 1, most: cores, usual: cores }];
}

/**
 * Takes values that came from outside.
 *
 * @param given - by the knobs' names; those that are not there are as usual
 * @returns those that are unlike what is usual
 *
 * **Throws** `KnobError` for a name that is none of these knobs', and for a value out of range
 */
export function readKnobs(knobs: readonly Knob[], given: unknown): Knobs {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const came = shortened(given);
    throw new KnobError({
      en: `knobs are an object of names and numbers, but ${came} came`,
      ru: `параметры — это объект из имён и чисел, а пришло ${came}`,
    });
  }
  const read: Record<string, number> = {};
  for (const [name, value] of Object.entries(given)) {
    const knob = knobs.find((one) => one.name === name);
    if (knob === undefined) throw unknownKnob(name, knobs);
    const { words, least, most } = knob;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      throw new KnobError({
        en: `${words.en}: expected a whole number from ${least} to ${most}, but ${shortened(value)} came`,
        ru: `${words.ru}: нужно целое число от ${least} до ${most}, а пришло ${shortened(value)}`,
      });
    }
    if (value !== usualOf(knob)) read[name] = value;
  }
  return read;
}

function unknownKnob(name: string, knobs: readonly Knob[]): KnobError {
  const names = knobs.map((knob) => knob.name).join(", ");
  const came = shortened(name);
  return new KnobError({
    en: `this lab has no knob ${came}: ${names === "" ? "it has none" : `there are ${names}`}`,
    ru: `у этого опыта нет параметра ${came}: ${names === "" ? "у него нет параметров" : `есть ${names}`}`,
  });
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
