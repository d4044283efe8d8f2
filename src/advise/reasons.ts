/** Why calls run where they run, in words. */
import type { Sentence } from "../trace/words/language.js";
import type { Reason } from "./placement.js";

export const REASONS: Readonly<Record<Reason, Sentence>> = {
  "not known yet": { en: "too few calls were measured", ru: "измерено слишком мало вызовов" },
  short: { en: "too short to be worth the way to a thread", ru: "слишком коротка, чтобы идти на поток" },
  waits: { en: "mostly waits, which takes no thread", ru: "в основном ждёт, поток для этого не нужен" },
  "one at a time": {
    en: "computes, but one at a time: a thread would add the way there",
    ru: "вычисляет, но по одной: поток добавил бы только дорогу",
  },
  computes: { en: "computes, so other cores help", ru: "вычисляет, другие ядра помогают" },
  "faster here": { en: "was no faster on threads", ru: "на потоках оказалась не быстрее" },
  "faster on threads": {
    en: "blocks its thread, so it leaves this one free",
    ru: "блокирует свой поток, поэтому этот остаётся свободным",
  },
  "no threads": { en: "there are no threads to be had here", ru: "потоков здесь нет" },
  "can't cross": {
    en: "is not to be found on a thread, or has arguments that can't be passed to one",
    ru: "не находится на потоке, или её аргументы нельзя туда передать",
  },
};
