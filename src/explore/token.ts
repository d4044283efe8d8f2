/**
 * A schedule in a line: "x1." and, in base64url, whole numbers of seven bits a byte:
 * a fingerprint of the run, the segments (thread, how many steps), the answers to
 * choices, and of what program it is, by name. Where the program was given data that
 * were drawn, there follows where they come from: ".seed.path".
 */
import { MisuseError } from "../core/errors.js";
import type { Execution } from "./execution.js";
import { Step } from "./operations.js";

const PREFIX = "x1.";

export interface Schedule {
  /** The thread of each step, by index. */
  readonly threads: readonly number[];
  readonly choices: readonly number[];
  /** Of the run; 0 if there has been none with it yet. */
  readonly fingerprint: number;
  /** `programHash` of its program; `undefined` if that is not known. */
  readonly program: number | undefined;
}

const HASH_BEGIN = 0x811c9dc5;

function hashed(hash: number, word: number): number {
  return Math.imul(hash ^ (word | 0), 0x01000193);
}

function hashedText(hash: number, text: string): number {
  let next = hash;
  for (const letter of text) next = hashed(next, letter.codePointAt(0) ?? 0);
  return next;
}

/** Tells programs apart by their names, in two letters and a half: from 0 to 32,767. */
export function programHash(name: string): number {
  const hash = hashedText(HASH_BEGIN, name) >>> 0;
  return (hash ^ (hash >>> 15)) & 0x7fff;
}

/** Where data were drawn: the seed, and what was chosen on the way to them, as numbers between colons. */
export interface DataPath {
  readonly seed: number;
  readonly path: string;
}

/** The schedule that a run has taken. */
export function scheduleOf(execution: Execution): Schedule {
  return {
    threads: execution.stepThreads.slice(0, execution.stepCount),
    choices: execution.choices.slice(0, execution.choiceCount),
    fingerprint: fingerprintOf(execution),
    program: undefined,
  };
}

/** What tells runs of different programs apart: what was done, by which thread, where. */
export function fingerprintOf(execution: Execution): number {
  let hash = HASH_BEGIN;
  for (let index = 0; index < execution.threadCount; index++) {
    hash = hashedText(hash, execution.threads[index]?.name ?? "");
  }
  for (let step = 0; step < execution.stepCount; step++) {
    const kind = execution.stepKinds[step] as number;
    hash = hashed(hash, execution.stepThreads[step] as number);
    hash = hashed(hash, kind);
    hash = hashed(hash, execution.stepPlaces[step] as number);
    // Programs of jobs have no places: what happens is told by its words.
    if (kind === Step.happen) hash = hashedText(hash, String(execution.stepValues[step]));
  }
  return hash >>> 0;
}

/** @param name - of the program */
export function writeToken({ threads, choices, fingerprint }: Schedule, name: string): string {
  const bytes: number[] = [];
  const put = (number: number): void => {
    let rest = number;
    while (rest >= 128) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  };
  const segments: number[] = [];
  for (let at = 0; at < threads.length;) {
    let end = at;
    while (end < threads.length && threads[end] === threads[at]) end++;
    segments.push(threads[at] as number, end - at);
    at = end;
  }
  put(fingerprint);
  put(segments.length / 2);
  segments.forEach(put);
  put(choices.length);
  choices.forEach(put);
  put(programHash(name));
  return PREFIX + toBase64Url(bytes);
}

/** A token that stands for data, too. */
export function withDataPath(token: string, { seed, path }: DataPath): string {
  return `${token}.${seed}.${path}`;
}

const DATA_PATH = /\.(?<seed>-?\d+)\.(?<path>\d+(?::\d+)*)$/;

/** Where the data come from that a token stands for, if it does. */
export function dataPathOf(token: string): DataPath | undefined {
  const { seed, path } = DATA_PATH.exec(token)?.groups ?? {};
  return seed === undefined || path === undefined ? undefined : { seed: Number(seed), path };
}

/** **Throws** `SKEIN_INVALID_ARGUMENT` for what `writeToken` has not made. */
export function readToken(token: string): Schedule {
  const refuse = (why: string): never => {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `explore expected as token what an ExploreError had printed, "${PREFIX}" and what follows, but ${why}: ${JSON.stringify(token)}`,
    );
  };
  if (typeof token !== "string" || !token.startsWith(PREFIX)) return refuse("this came");
  const bytes = fromBase64Url(token.replace(DATA_PATH, "").slice(PREFIX.length)) ?? refuse("this has other letters");
  let at = 0;
  const take = (): number => {
    let number = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || unit > 2 ** 42) return refuse("this was cut");
      number += (byte % 128) * unit;
      if (byte < 128) return number;
    }
  };
  const fingerprint = take();
  const threads: number[] = [];
  for (let segments = take(); segments > 0; segments--) {
    const thread = take();
    const count = take();
    if (threads.length + count > 1_000_000) refuse("this has too many steps");
    for (let step = 0; step < count; step++) threads.push(thread);
  }
  const choices: number[] = [];
  for (let count = take(); count > 0; count--) choices.push(take());
  const program = at === bytes.length ? undefined : take();
  if (at !== bytes.length) refuse("something follows its end in");
  return { threads, choices, fingerprint, program };
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function toBase64Url(bytes: readonly number[]): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let letter = 0; letter <= left; letter++) text += LETTERS[(word >> (18 - 6 * letter)) & 63];
  }
  return text;
}

function fromBase64Url(text: string): number[] | undefined {
  const bytes: number[] = [];
  let word = 0;
  let bits = 0;
  for (const letter of text) {
    const value = LETTERS.indexOf(letter);
    if (value === -1) return undefined;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((word >> bits) & 255);
  }
  return bytes;
}
