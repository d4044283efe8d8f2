/** Moving and zooming a window of time. */
import type { TimeWindow } from "./paint-row.js";

/** Narrower than this no clock of ours tells anything apart: 10 ns across a screen. */
const NARROWEST_MS = 1e-5;
/** Empty time that may be seen before the beginning and after the end, as a share of the window. */
const MARGIN = 0.02;

export function fitAll(durationMs: number): TimeWindow {
  const margin = Math.max(durationMs * MARGIN, 1e-3);
  return { fromMs: -margin, toMs: durationMs + margin };
}

/** The nearest window that is no narrower than can be told apart and not beyond the recording. */
export function clamp(window: TimeWindow, durationMs: number): TimeWindow {
  const all = fitAll(durationMs);
  const width = Math.min(Math.max(window.toMs - window.fromMs, NARROWEST_MS), all.toMs - all.fromMs);
  const fromMs = Math.min(Math.max(window.fromMs, all.fromMs), all.toMs - width);
  return { fromMs, toMs: fromMs + width };
}

/** @param factor - below 1 zooms in; the moment at `atMs` stays where it is */
export function zoomAt(window: TimeWindow, atMs: number, factor: number, durationMs: number): TimeWindow {
  const width = Math.max((window.toMs - window.fromMs) * factor, NARROWEST_MS);
  const share = (atMs - window.fromMs) / (window.toMs - window.fromMs);
  const fromMs = atMs - share * width;
  return clamp({ fromMs, toMs: fromMs + width }, durationMs);
}

/** @param share - of the window's width, to the right */
export function panBy(window: TimeWindow, share: number, durationMs: number): TimeWindow {
  const byMs = (window.toMs - window.fromMs) * share;
  return clamp({ fromMs: window.fromMs + byMs, toMs: window.toMs + byMs }, durationMs);
}

/** A stretch with some room around it. */
export function around(fromMs: number, toMs: number, durationMs: number): TimeWindow {
  const room = Math.max((toMs - fromMs) * 0.5, NARROWEST_MS);
  return clamp({ fromMs: fromMs - room, toMs: toMs + room }, durationMs);
}

/** Moments for a ruler: round, and about `spacing` pixels apart. */
export function ticksOf(
  window: TimeWindow,
  width: number,
  spacing: number,
): { readonly atMs: number[]; readonly stepMs: number } {
  const raw = ((window.toMs - window.fromMs) / width) * spacing;
  const power = 10 ** Math.floor(Math.log10(raw));
  const stepMs = ([1, 2, 5, 10].find((step) => step * power >= raw) ?? 10) * power;
  const atMs: number[] = [];
  for (let tick = Math.ceil(window.fromMs / stepMs); tick * stepMs <= window.toMs; tick++) atMs.push(tick * stepMs);
  return { atMs, stepMs };
}
