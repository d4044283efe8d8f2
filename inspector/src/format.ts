/** Numbers in words of a language. */
import type { Language } from "./texts.js";

const UNITS: Readonly<Record<Language, readonly [string, string, string, string, string]>> = {
  en: ["ns", "µs", "ms", "s", "min"],
  ru: ["нс", "мкс", "мс", "с", "мин"],
};

/** Three figures that count, in the unit that suits. */
export function duration(ms: number | undefined, language: Language): string {
  if (ms === undefined || Number.isNaN(ms)) return "–";
  const [ns, us, millis, s, min] = UNITS[language];
  const size = Math.abs(ms);
  // Below what any clock of ours tells apart.
  if (size < 1e-5) return `0 ${millis}`;
  if (size < 1e-3) return `${figures(ms * 1e6, language)} ${ns}`;
  if (size < 1) return `${figures(ms * 1e3, language)} ${us}`;
  if (size < 1000) return `${figures(ms, language)} ${millis}`;
  if (size < 600_000) return `${figures(ms / 1000, language)} ${s}`;
  return `${figures(ms / 60_000, language)} ${min}`;
}

function figures(value: number, language: Language): string {
  const size = Math.abs(value);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return number(value, language, digits);
}

const formats = new Map<string, Intl.NumberFormat>();

export function number(value: number | undefined, language: Language, digits = 0): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const key = `${language}${digits}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits });
    formats.set(key, format);
  }
  return format.format(value);
}

/** A level: one digit behind the point while that says something. */
export function level(value: number | undefined, language: Language): string {
  return number(value, language, value !== undefined && Math.abs(value) < 99.95 ? 1 : 0);
}

export function percent(share: number | undefined, language: Language): string {
  return share === undefined || Number.isNaN(share)
    ? "–"
    : `${number(share * 100, language, share < 0.1 && share > 0 ? 1 : 0)} %`;
}

/** A moment on a ruler whose marks are `stepMs` apart. */
export function tick(atMs: number, stepMs: number, language: Language): string {
  const [ns, us, millis, s] = UNITS[language];
  const unit =
    stepMs >= 100
      ? { perMs: 1000, name: s }
      : stepMs >= 0.1
        ? { perMs: 1, name: millis }
        : stepMs >= 1e-4
          ? { perMs: 1e-3, name: us }
          : { perMs: 1e-6, name: ns };
  // Late in a long recording a moment is its second and what comes on top.
  const seconds = stepMs < 100 && Math.abs(atMs) >= 10_000 ? Math.floor(atMs / 1000) : 0;
  const rest = (atMs - seconds * 1000) / unit.perMs;
  const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(stepMs / unit.perMs) + 1e-9)));
  // Without the sign of a nought that was reached from below.
  const text = `${number(Math.abs(rest) < 1e-9 ? 0 : rest, language, digits)} ${unit.name}`;
  return seconds === 0 ? text : `${number(seconds, language)} ${s} + ${text}`;
}
