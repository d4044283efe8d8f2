/**
 * What a stretch of time on the timeline is: its colour, its pattern and its letter.
 * Three signs, so that none has to be told by colour alone. The colours are those of
 * Okabe and Ito, apart for every common kind of colour blindness, dimmed for dark
 * and deepened for light backgrounds.
 */
import type { TextKey } from "../texts.js";

/** Indexes into `STATES`; what the columns of a store hold. */
export const State = {
  running: 0,
  ready: 1,
  io: 2,
  lock: 3,
  channel: 4,
  blocked: 5,
  scope: 6,
  stall: 7,
  gc: 8,
  dropped: 9,
  held: 10,
  idle: 11,
  jobs: 12,
  noted: 13,
} as const;

export type StateIndex = (typeof State)[keyof typeof State];

export type Pattern = "none" | "rising" | "falling" | "dots" | "bars" | "cross";

export interface StateLook {
  readonly name: keyof typeof State;
  readonly text: TextKey;
  readonly letter: string;
  readonly pattern: Pattern;
  readonly dark: string;
  readonly light: string;
}

/** In the order of their indexes. */
export const STATES: readonly StateLook[] = [
  { name: "running", text: "state.running", letter: "R", pattern: "none", dark: "#2fb38a", light: "#00916a" },
  { name: "ready", text: "state.ready", letter: "W", pattern: "rising", dark: "#e8a33d", light: "#d98c0f" },
  { name: "io", text: "state.io", letter: "I", pattern: "dots", dark: "#4c94d8", light: "#3a86c8" },
  { name: "lock", text: "state.lock", letter: "L", pattern: "falling", dark: "#e0644b", light: "#cf4a2f" },
  { name: "channel", text: "state.channel", letter: "C", pattern: "bars", dark: "#b583d6", light: "#9a5fc2" },
  { name: "blocked", text: "state.blocked", letter: "B", pattern: "cross", dark: "#b3402f", light: "#a02c1c" },
  { name: "scope", text: "state.scope", letter: "", pattern: "none", dark: "#3b4656", light: "#cdd5df" },
  { name: "stall", text: "state.stall", letter: "S", pattern: "cross", dark: "#d6437a", light: "#c42565" },
  { name: "gc", text: "state.gc", letter: "G", pattern: "bars", dark: "#8f8a3a", light: "#8a8420" },
  { name: "dropped", text: "state.dropped", letter: "?", pattern: "rising", dark: "#6b7280", light: "#9aa3af" },
  { name: "held", text: "state.held", letter: "H", pattern: "none", dark: "#5fb0b8", light: "#338a93" },
  { name: "idle", text: "state.idle", letter: "", pattern: "none", dark: "#2a313c", light: "#e3e8ee" },
  { name: "jobs", text: "state.jobs", letter: "J", pattern: "rising", dark: "#8fa3bd", light: "#6f86a3" },
  { name: "noted", text: "state.noted", letter: "", pattern: "none", dark: "#3fb7a0", light: "#008f78" },
];

const DARK_INK = "#0d1116";
const LIGHT_INK = "#ffffff";
/** Where both inks are equally easy to read. */
const MIDDLE_LUMINANCE = 0.185;

/** In which ink a colour is written on. */
export function inkOn(colour: string): string {
  const light = (at: number): number => ((channel(colour, at) / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * light(1) + 0.7152 * light(3) + 0.0722 * light(5) > MIDDLE_LUMINANCE ? DARK_INK : LIGHT_INK;
}

function channel(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 2), 16);
}

/** `share` of the one colour in the other. */
export function mixed(colour: string, into: string, share: number): string {
  const parts = [1, 3, 5].map((at) => Math.round(channel(colour, at) * share + channel(into, at) * (1 - share)));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** A colour as the bytes of an `ImageData` have it, read as one number on a little-endian machine. */
export function pixelOf(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >>> 16)) >>> 0;
}
