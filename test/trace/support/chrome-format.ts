/**
 * Checks a file against the public description of the trace event format, and
 * against what viewers are known to refuse or to drop silently.
 *
 * Knows nothing of how the file is made.
 */
import assert from "node:assert/strict";

export interface ChromeEvent {
  readonly ph: string;
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: string;
  readonly bp?: string;
  readonly s?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface ChromeFile {
  readonly traceEvents: readonly ChromeEvent[];
  readonly otherData: Readonly<Record<string, unknown>>;
}

/** @returns the file's contents, if there is nothing to complain of */
export function checkChromeTrace(text: string): ChromeFile {
  checkText(text);
  const file = JSON.parse(text) as ChromeFile;
  assert.deepEqual(Object.keys(file)[0], "traceEvents");
  const { traceEvents: events } = file;
  events.forEach(checkEvent);
  const timed = events.filter(({ ph }) => ph !== "M");
  assert.ok(
    timed.length === 0 || events.indexOf(timed[0] as ChromeEvent) === events.length - timed.length,
    "metadata stands first",
  );
  timed.forEach(({ ts }, index) =>
    assert.ok(index === 0 || ts >= (timed[index - 1]?.ts ?? Infinity), "events are in order of time"),
  );
  checkMetadata(events);
  for (const lane of groups(
    timed.filter(({ ph }) => ph === "X"),
    ({ tid }) => String(tid),
  ))
    checkLane(lane);
  for (const track of groups(
    timed.filter(({ ph }) => ph === "b" || ph === "e"),
    ({ cat, id }) => `${cat} ${id}`,
  ))
    checkTrack(track);
  for (const arrow of groups(
    timed.filter(({ ph }) => ph === "s" || ph === "f"),
    ({ cat, name, id }) => `${cat} ${name} ${id}`,
  )) {
    checkArrow(arrow, timed);
  }
  for (const counter of groups(
    timed.filter(({ ph }) => ph === "C"),
    ({ name }) => name,
  ))
    checkCounter(counter);
  return file;
}

/** What JSON allows, but viewers or pages do not take. */
function checkText(text: string): void {
  assert.doesNotMatch(text, /\\u[dD][89a-fA-F]/, "Perfetto refuses escaped surrogates");
  assert.doesNotMatch(text, /\\\\/, "older Perfettos take a backslash before a closing quote for an escape");
  assert.doesNotMatch(text, /</, "would end a script in a page");
  assert.equal(Buffer.from(text, "utf8").toString("utf8"), text, "is well-formed Unicode");
}

function checkEvent(event: ChromeEvent): void {
  try {
    checkFields(event);
  } catch (error) {
    throw new Error(`in ${JSON.stringify(event)}`, { cause: error });
  }
}

function checkFields(event: ChromeEvent): void {
  assert.match(event.ph, /^[XbesfiCM]$/);
  assert.ok(typeof event.name === "string" && event.name !== "");
  assert.ok(Number.isSafeInteger(event.pid) && event.pid > 0 && Number.isSafeInteger(event.tid) && event.tid > 0);
  if (event.ph === "M") return;
  assert.ok(typeof event.ts === "number" && event.ts >= 0);
  assert.ok(typeof event.cat === "string" && event.cat !== "");
  // Fractions of a microsecond that are not binary are rounded in different ways.
  assert.ok(Number.isSafeInteger(event.ts * 4));
  assert.equal(event.dur !== undefined, event.ph === "X");
  if (event.dur !== undefined) assert.ok(event.dur >= 0 && Number.isSafeInteger(event.dur * 4));
  assert.equal(event.id !== undefined, /[besf]/.test(event.ph));
  if (event.id !== undefined) assert.match(event.id, /^0x[0-9a-f]{1,16}$/);
  if (event.ph === "i") assert.match(event.s ?? "", /^[tpg]$/);
}

function checkMetadata(events: readonly ChromeEvent[]): void {
  const named = (kind: string): Set<string> =>
    new Set(
      events
        .filter(
          ({ ph, name, args }) =>
            ph === "M" && name === kind && typeof args?.["name"] === "string" && args["name"] !== "",
        )
        .map(({ pid, tid }) => (kind === "process_name" ? String(pid) : `${pid} ${tid}`)),
    );
  const processes = named("process_name");
  const threads = named("thread_name");
  for (const { ph, pid, tid } of events) {
    assert.ok(processes.has(String(pid)), `process ${pid} has a name`);
    if (ph !== "M") assert.ok(threads.has(`${pid} ${tid}`), `thread ${tid} has a name`);
  }
}

/** Complete events of a thread nest, the outer one first. */
function checkLane(events: readonly ChromeEvent[]): void {
  const open: number[] = [];
  for (const { ts, dur = 0, name } of events) {
    while ((open.at(-1) ?? Infinity) <= ts) open.pop();
    assert.ok(ts + dur <= (open.at(-1) ?? Infinity), `"${name}" at ${ts} leaves the event around it`);
    open.push(ts + dur);
  }
}

/** Async events with one id are a stack. */
function checkTrack(events: readonly ChromeEvent[]): void {
  const open: string[] = [];
  for (const { ph, name, id } of events) {
    if (ph === "b") open.push(name);
    else assert.equal(open.pop(), name, `the innermost event of ${id} ends`);
  }
  assert.deepEqual(open, [], "all events end");
}

/** Both ends of an arrow hang on an event that stands before them in the file. */
function checkArrow(ends: readonly ChromeEvent[], events: readonly ChromeEvent[]): void {
  assert.deepEqual(
    ends.map(({ ph }) => ph),
    ["s", "f"],
    "an arrow has two ends",
  );
  assert.equal(ends[1]?.bp, "e", "it ends at the event around it");
  for (const end of ends) {
    const holder = events
      .slice(0, events.indexOf(end))
      .find(({ ph, tid, ts, dur = 0 }) => ph === "X" && tid === end.tid && ts <= end.ts && end.ts <= ts + dur);
    assert.ok(holder !== undefined, `the arrow's end at ${end.ts} on thread ${end.tid} hangs on something`);
  }
}

function checkCounter(events: readonly ChromeEvent[]): void {
  const keys = JSON.stringify(Object.keys(events[0]?.args ?? {}));
  events.forEach(({ args, ts }, index) => {
    assert.equal(JSON.stringify(Object.keys(args ?? {})), keys, "a counter has the same series throughout");
    assert.ok(Object.values(args ?? {}).every((value) => typeof value === "number"));
    assert.ok(index === 0 || ts > (events[index - 1]?.ts ?? Infinity), "one value at a time");
  });
}

function groups(
  events: readonly ChromeEvent[],
  keyOf: (event: ChromeEvent) => string,
): readonly (readonly ChromeEvent[])[] {
  const byKey = new Map<string, ChromeEvent[]>();
  for (const event of events) {
    const group = byKey.get(keyOf(event));
    if (group === undefined) byKey.set(keyOf(event), [event]);
    else group.push(event);
  }
  return [...byKey.values()];
}
