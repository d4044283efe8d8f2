/** What the page is in the middle of. Signals: whoever reads one is drawn again when it changes. */
import { computed, effect, signal } from "@preact/signals";
import type { ObserverLevel } from "skein/trace";

import type { Analyst } from "./analyst.js";
import type { InOrder } from "./analysis/event-order.js";
import type { Model } from "./analysis/model.js";
import type { Slot } from "./analysis/protocol.js";
import { decodePlace, encodePlace, NOWHERE, type Place } from "./link.js";
import { type Language, LANGUAGES, type TextKey, textIn } from "./texts.js";
import type { TimeWindow } from "./timeline/paint-row.js";
import { clamp, fitAll } from "./timeline/window.js";

export type Theme = "dark" | "light";

/** Where the trace comes from, and whether it still does. */
export type Connection = "loading" | "file" | "report" | "live" | "ended" | "lost" | "labs";

export const language = signal<Language>(chosen("skein.language", LANGUAGES) ?? languageOfBrowser());
export const theme = signal<Theme>(
  chosen<Theme>("skein.theme", ["dark", "light"]) ??
    (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"),
);
export const connection = signal<Connection>("loading");
export const models = signal<{ readonly first: Model | undefined; readonly second: Model | undefined }>({
  first: undefined,
  second: undefined,
});
export const failure = signal<{ readonly slot: Slot; readonly message: string } | undefined>(undefined);
/** Parts of a live recording that the server left out, because the page was too slow for it. */
export const leftOut = signal(0);
/** How much the program reports, and what it was asked for; `undefined` where it can't be changed from here. */
export const level = signal<ObserverLevel | undefined>(undefined);
export const askedLevel = signal<ObserverLevel | undefined>(undefined);
/** Whether the server runs labs. */
export const hasLabs = signal(false);
/** What the server can make of the trace, by the last part of its address. */
export const exportsThere = signal<readonly string[]>([]);
export const place = signal<Place>(decodePlace(location.hash));
export const order = signal<InOrder | undefined>(undefined);
export const isFollowing = signal(true);
export const showsKeys = signal(false);

export const model = computed(() => models.value.first);
export const screen = computed(() => place.value.screen);

/** Set once, before anything is drawn. */
export const analyst: { current: Analyst | undefined } = { current: undefined };

/** The part of time that is seen, in the unit of the axis. */
export const view = computed<TimeWindow>(() => {
  const { fromMs, toMs, inEventOrder } = place.value;
  const extent =
    inEventOrder && order.value !== undefined ? order.value.momentsMs.length : (model.value?.durationMs ?? 1);
  if (fromMs === undefined || toMs === undefined) return fitAll(extent);
  return clamp({ fromMs, toMs }, extent);
});

export function go(to: Partial<Place>): void {
  place.value = { ...place.value, ...to };
}

/** A text in the language chosen. */
export function t(key: TextKey, ...values: readonly (string | number)[]): string {
  return textIn(language.value, key, ...values);
}

export function toggleTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  keep("skein.theme", theme.value);
}

export function toggleLanguage(): void {
  language.value = language.value === "en" ? "ru" : "en";
  keep("skein.language", language.value);
}

/** Follows the address, and keeps it true; the address is written at rest, not at each step of a movement. */
export function bindAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = location.hash;
  let screenWritten = place.value.screen;
  effect(() => {
    const { value } = place;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const hash = encodePlace(value);
      if (hash === written) return;
      written = hash;
      // Going to another screen can be undone by the browser's way back; moving about cannot.
      if (value.screen === screenWritten) history.replaceState(undefined, "", hash);
      else history.pushState(undefined, "", hash);
      screenWritten = value.screen;
    }, 150);
  });
  addEventListener("popstate", () => {
    written = location.hash;
    place.value = { ...NOWHERE, ...decodePlace(location.hash) };
    screenWritten = place.value.screen;
  });
}

function languageOfBrowser(): Language {
  return navigator.language.startsWith("ru") ? "ru" : "en";
}

function chosen<Value extends string>(key: string, known: readonly Value[]): Value | undefined {
  try {
    const kept = localStorage.getItem(key);
    return known.find((value) => value === kept);
  } catch {
    return undefined; // a page opened as a file may have no storage
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it holds until the page is closed.
  }
}
