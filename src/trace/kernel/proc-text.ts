/** What the kernel's files on a thread say. See proc(5). */

/** On a core, and ready without one, in milliseconds; how often it was given one. */
export interface Schedstat {
  readonly cpuMs: number;
  readonly waitMs: number;
  readonly turns: number;
}

/** "time on a core" "time waiting for one" "turns", the times in nanoseconds. */
export function parseSchedstat(text: string): Schedstat | undefined {
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  if (first < 1 || second < 0) return undefined;
  const cpu = Number(text.slice(0, first));
  const wait = Number(text.slice(first + 1, second));
  const turns = Number(text.slice(second + 1));
  if (Number.isNaN(cpu + wait + turns)) return undefined;
  return { cpuMs: cpu / 1e6, waitMs: wait / 1e6, turns };
}

export interface Stat {
  /** "R" runs or is ready, "S" sleeps, "D" sleeps and can't be disturbed; others end or are stopped. */
  readonly letter: string;
  /** In user and system mode, counted in hundredths of a second. */
  readonly cpuMs: number;
  /** `undefined` where the kernel does not tell: gVisor says 0 of all. */
  readonly core: number | undefined;
}

// Fields after the name, which is in brackets and may hold anything, brackets too.
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const CORE = 36;
const TICK_MS = 10; // of USER_HZ, which is 100 on every processor Node runs on
const BLANK = 0x20;
const ZERO = 0x30;

/** Read many times a second, so without cutting the text into pieces. */
export function parseStat(text: string): Stat | undefined {
  const letterAt = text.lastIndexOf(")") + 2;
  const letter = text[letterAt];
  if (letterAt < 2 || letter === undefined) return undefined;
  let field = 0;
  let number = 0;
  let ticks = 0;
  let core: number | undefined = undefined;
  for (let at = letterAt; at <= text.length; at++) {
    const code = at === text.length ? BLANK : text.charCodeAt(at);
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      number = number * 10 + digit;
    } else if (code === BLANK) {
      if (field === USER_TICKS || field === SYSTEM_TICKS) ticks += number;
      if (field === CORE) {
        core = number;
        break;
      }
      number = 0;
      field++;
    }
  }
  return field <= SYSTEM_TICKS ? undefined : { letter, cpuMs: ticks * TICK_MS, core };
}

/** How often a thread gave its core back by itself, and how often it was taken away. */
export interface Switches {
  readonly voluntary: number;
  readonly involuntary: number;
}

const VOLUNTARY = "\nvoluntary_ctxt_switches:";
const INVOLUNTARY = "\nnonvoluntary_ctxt_switches:";

/** From the file `status`; `undefined` if it does not tell, as on gVisor. */
export function parseSwitches(text: string): Switches | undefined {
  const voluntary = numberAfter(text, VOLUNTARY);
  const involuntary = numberAfter(text, INVOLUNTARY);
  return voluntary === undefined || involuntary === undefined ? undefined : { voluntary, involuntary };
}

function numberAfter(text: string, label: string): number | undefined {
  const at = text.lastIndexOf(label); // near the end of the file
  if (at < 0) return undefined;
  const begin = at + label.length;
  const end = text.indexOf("\n", begin);
  const digits = text.slice(begin, end < 0 ? undefined : end).trim();
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}
