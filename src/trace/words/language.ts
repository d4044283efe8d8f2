/** How numbers and their nouns are written, in each language that results speak. */

/**
 * A language of verdicts, findings and reports.
 *
 * @since 0.1.0
 */
export type Language = "en" | "ru";

/**
 * The same sentence in every language.
 *
 * @since 0.1.0
 */
export type Sentence = Readonly<Record<Language, string>>;

/** At most one digit behind the point below ten, none above. */
export function decimal(value: number, language: Language): string {
  const text = value >= 9.95 ? String(Math.round(value)) : value.toFixed(1);
  return language === "ru" ? text.replace(".", ",") : text;
}

/** As `decimal`, and no digit behind the point for whole numbers. */
export function number(value: number, language: Language): string {
  return Number.isInteger(value) ? String(value) : decimal(value, language);
}

/** A share from 0 to 1. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A length of time, in the unit that suits it. */
export function duration(ms: number, language: Language): string {
  const [seconds, milliseconds] = language === "ru" ? ["с", "мс"] : ["s", "ms"];
  if (ms >= 999.5) return `${decimal(ms / 1000, language)} ${seconds}`;
  return `${ms >= 9.95 ? Math.round(ms) : number(Math.round(ms * 10) / 10, language)} ${milliseconds}`;
}

// English

/** "1 job", "2 jobs", "0.4 cores"; `1.0` as text counts as one. */
export function englishCount(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${Number(count) === 1 ? one : many}`;
}

// Russian

/**
 * The form of a noun that a number asks for.
 *
 * @param count - as it is written; a fraction asks for the genitive singular ("0,4 ядра")
 * @param one - 1, 21, 31: "поток"
 * @param few - 2 to 4, 22 to 24, and fractions: "потока"
 * @param many - the others: "потоков"
 */
export function russianForm(count: number | string, one: string, few: string, many: string): string {
  const text = String(count);
  if (/[.,]/.test(text)) return few;
  const whole = Math.abs(Number(text));
  const [tens, ones] = [whole % 100, whole % 10];
  if (tens >= 11 && tens <= 14) return many;
  if (ones === 1) return one;
  return ones >= 2 && ones <= 4 ? few : many;
}

export function russianCount(count: number | string, one: string, few: string, many: string): string {
  return `${count} ${russianForm(count, one, few, many)}`;
}

/** Where only one and several differ, as after "на": "на 1 потоке", "на 2 потоках", "на 21 потоке". */
export function russianCountOf(count: number | string, one: string, several: string): string {
  return russianCount(count, one, several, several);
}
