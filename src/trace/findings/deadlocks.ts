/**
 * Jobs and threads that wait for each other in a circle.
 *
 * The wait-for graph is rebuilt from the records as they come, in order of time. A
 * node is an actor, or a thread (as a negative number) where the holder is not known
 * better; what a block holds is held by its scope, as it is let go when that has ended. A node is stuck if it waits, and everything that it waits for is held by
 * stuck nodes:
 * - who waits for a lock is stuck as soon as one holder is, as all must let go;
 * - who waits for a permit only if all holders are, as any may give one back;
 * - who waits for a job if that is;
 * - an actor whose thread is blocked, if what blocks the thread is stuck: a thread
 *   that sleeps runs none of its jobs.
 * The largest set of nodes of which that holds is found by taking away those of which
 * it does not, until all that are left hold each other up.
 *
 * Why it is no false alarm: a thread's releases stand in its records before the waits
 * that it begins later, so who waits at a moment holds at that moment what the
 * records say, but for another clock's hair. And a circle of which one wait is
 * granted after all was none: it is dropped. What is told of lasted to the end, or
 * was broken by an error or a cancellation.
 */
import type { Hold, SeenWait } from "../resources.js";
import type { WaitSpan } from "../spans.js";
import { lastUpTo, type Stretch, union } from "../stretches.js";
import type { TraceIndex } from "../trace-index.js";
import { isBlockingWait } from "../wait-ways.js";
import { duration, russianCount } from "../words/language.js";
import { type Finding, type Place, toFinding } from "./finding.js";
import { describeActor, describePlace, describeResource, placeNamed, placeOfLine } from "./places.js";

/** Clocks of two threads may differ by a hair, and a hand-over that is under way may look like a circle. */
const LASTING_FROM_MS = 1;
/** As many steps of the walk for one wait; a circle of more would be nothing that a person reads. */
const MOST_NODES = 1000;

interface Circle {
  /** Each waits for what the next one holds, the last for what the first does. */
  readonly links: readonly Link[];
  readonly fromMs: number;
  toMs: number;
  brokenBy: SeenWait | undefined;
}

interface Link {
  readonly node: number;
  readonly wait: SeenWait;
  /** Who keeps the thread of the node asleep, if it is not the node itself that waits. */
  readonly sleeper: number | undefined;
}

type Happening =
  | { readonly atMs: number; readonly what: "hold" | "unhold"; readonly hold: Hold }
  | { readonly atMs: number; readonly what: "wait" | "wake"; readonly wait: SeenWait };

export function findDeadlocks(index: TraceIndex): readonly Finding[] {
  const circles = new WaitForGraph(index).circles();
  return circles.map((circle) => describe(index, circle));
}

/** Whose waiting keeps something held: that of the block's code, if it is held for one. */
function holdingNode({ block, holder, thread }: Hold): number {
  return block ?? (holder === 0 ? threadNode(thread) : holder);
}

/** Who people know as holder: the job that opened the block. */
function holderOf(index: TraceIndex, node: number): number {
  const hold = index.holdOfBlock(node);
  return hold === undefined || hold.holder === 0 ? node : hold.holder;
}

function threadNode(thread: number): number {
  return -1 - thread;
}

class WaitForGraph {
  readonly #index: TraceIndex;
  readonly #held = new Map<number, Set<Hold>>();
  /** Waits with a known target that are under way, by who waits. */
  readonly #waits = new Map<number, Set<SeenWait>>();
  /** Threads that sleep in a wait at any time. */
  readonly #sleepers: ReadonlySet<number>;
  #suspect: readonly Stretch[] = [];
  readonly #circles: Circle[] = [];
  /** Circles under way, by each of their waits. */
  readonly #lasting = new Map<SeenWait, Circle>();

  constructor(index: TraceIndex) {
    this.#index = index;
    this.#sleepers = new Set(
      index.waits.filter(({ span }) => isBlockingWait(span.name)).map(({ span }) => span.thread),
    );
  }

  circles(): readonly Circle[] {
    this.#suspect = this.#suspectTimes();
    for (const happening of this.#happenings()) this.#note(happening);
    for (const circle of new Set(this.#lasting.values())) {
      // To the end, or to that of the first thread that ended in it.
      const lastedMs = circle.links.map(({ wait }) => wait.span.endMs);
      circle.toMs = Math.max(circle.fromMs, Math.min(...lastedMs));
    }
    return this.#circles.filter((circle) => circle.toMs - circle.fromMs >= LASTING_FROM_MS);
  }

  #happenings(): readonly Happening[] {
    const happenings: Happening[] = [];
    const suspect = this.#suspect;
    if (suspect.length === 0) return happenings;
    for (const { holds } of this.#index.resources) {
      for (const hold of holds) {
        if (isGone(hold) || !overlaps(suspect, hold)) continue;
        happenings.push({ atMs: hold.beginMs, what: "hold", hold });
        // What lasts to the end of the recording is held still.
        if (hold.end !== "outside") happenings.push({ atMs: hold.endMs, what: "unhold", hold });
      }
    }
    for (const wait of this.#index.waits) {
      if (wait.target === undefined || isGone(wait.span) || !overlaps(suspect, wait.span)) continue;
      happenings.push({ atMs: wait.span.beginMs, what: "wait", wait });
      if (wait.span.end !== "outside") happenings.push({ atMs: wait.span.endMs, what: "wake", wait });
    }
    return happenings.sort((a, b) => a.atMs - b.atMs || ORDER[a.what] - ORDER[b.what]);
  }

  /**
   * The times in which a circle may be, in order, none over another.
   *
   * One that is told of lasts to the end, or until a wait of it ends without being
   * granted. So there is such a wait in it, and all of its time lies in that of the wait.
   * What is held, or waited for, at no such time, has no part in any circle: the state at
   * one moment is that of what overlaps it. Most programs have next to no such waits.
   */
  #suspectTimes(): readonly Stretch[] {
    const times = this.#index.waits.filter((wait) => {
      const { beginMs, endMs, end, outcome } = wait.span;
      if (end === "dropped" || (end === "seen" && outcome === "done")) return false;
      return endMs - beginMs >= LASTING_FROM_MS && this.#mayBeKeptUp(wait);
    });
    return union(times.map(({ span }) => span));
  }

  /** Whether what a wait is for may itself be stuck: a lock that was held, or a job that waits, or sleeps with its thread. */
  #mayBeKeptUp({ target }: SeenWait): boolean {
    if (target === undefined) return false;
    const job = this.#index.jobs.get(target);
    if (job === undefined) return (this.#index.resource(target)?.holds.length ?? 0) > 0;
    if (this.#index.waitsOf(target).length > 0) return true;
    return this.#sleepers.has(job.ranOn ?? job.thread);
  }

  #note(happening: Happening): void {
    const { atMs } = happening;
    switch (happening.what) {
      case "hold":
        setOf(this.#held, happening.hold.resource).add(happening.hold);
        // Somebody who waits may hold what others wait for: as when permits are many.
        this.#look(holdingNode(happening.hold), atMs);
        return;
      case "unhold":
        this.#held.get(happening.hold.resource)?.delete(happening.hold);
        return;
      case "wait":
        for (const node of nodesOf(happening.wait)) setOf(this.#waits, node).add(happening.wait);
        this.#look(nodesOf(happening.wait)[0] ?? 0, atMs);
        return;
      case "wake":
        for (const node of nodesOf(happening.wait)) this.#waits.get(node)?.delete(happening.wait);
        this.#over(happening.wait, atMs);
    }
  }

  #over(wait: SeenWait, atMs: number): void {
    const circle = this.#lasting.get(wait);
    if (circle === undefined) return;
    circle.toMs = atMs;
    circle.brokenBy = wait;
    for (const link of circle.links) this.#lasting.delete(link.wait);
    // Granted, so it was no circle; lost from sight, so nobody knows.
    const isReal = wait.span.end === "seen" && wait.span.outcome !== "done";
    if (!isReal) this.#circles.splice(this.#circles.indexOf(circle), 1);
  }

  /** Looks for a circle through what `node` now waits for. */
  #look(node: number, atMs: number): void {
    if (node === 0 || !this.#mayBeStuck(node) || !overlaps(this.#suspect, { beginMs: atMs, endMs: atMs })) return;
    const stuck = this.#reachableFrom(node);
    // Away with those that can go on, until none is left that can.
    for (let hasChanged = true; hasChanged;) {
      hasChanged = false;
      for (const one of stuck) {
        if (this.#isStuck(one, stuck)) continue;
        stuck.delete(one);
        hasChanged = true;
      }
    }
    if (!stuck.has(node)) return;
    const links = this.#circleFrom(node, stuck);
    if (links === undefined || links.some(({ wait }) => this.#lasting.has(wait))) return;
    const circle: Circle = { links, fromMs: atMs, toMs: atMs, brokenBy: undefined };
    this.#circles.push(circle);
    for (const { wait } of links) this.#lasting.set(wait, circle);
  }

  #mayBeStuck(node: number): boolean {
    return this.#waitsOf(node).length > 0;
  }

  /** What a node waits for, itself or with its whole thread. */
  #waitsOf(node: number): readonly SeenWait[] {
    const own = [...(this.#waits.get(node) ?? [])];
    if (own.length > 0 || node < 0) return own;
    const job = this.#index.jobs.get(node);
    const thread = job?.ranOn ?? job?.thread ?? this.#index.scopes.get(node)?.thread;
    return thread === undefined ? own : [...(this.#waits.get(threadNode(thread)) ?? [])];
  }

  #holdersOf(wait: SeenWait): { readonly nodes: readonly number[]; readonly isAnyEnough: boolean } {
    const target = wait.target as number;
    if (this.#index.jobs.has(target)) return { nodes: [target], isAnyEnough: true };
    const nodes = [...(this.#held.get(target) ?? [])].map(holdingNode);
    return { nodes, isAnyEnough: this.#index.resource(target)?.kind !== "semaphore" };
  }

  #reachableFrom(node: number): Set<number> {
    const found = new Set([node]);
    for (const one of found) {
      if (found.size > MOST_NODES) break;
      for (const wait of this.#waitsOf(one)) {
        for (const holder of this.#holdersOf(wait).nodes) if (this.#mayBeStuck(holder)) found.add(holder);
      }
    }
    return found;
  }

  #isStuck(node: number, stuck: ReadonlySet<number>): boolean {
    const waits = this.#waitsOf(node);
    return waits.length > 0 && waits.every((wait) => this.#keepers(wait, stuck).length > 0);
  }

  /** The stuck nodes that keep a wait from being granted; none if others may grant it. */
  #keepers(wait: SeenWait, stuck: ReadonlySet<number>): readonly number[] {
    const { nodes, isAnyEnough } = this.#holdersOf(wait);
    const keepers = nodes.filter((node) => stuck.has(node));
    return isAnyEnough || keepers.length === nodes.length ? keepers : [];
  }

  #circleFrom(node: number, stuck: ReadonlySet<number>): readonly Link[] | undefined {
    const path: Link[] = [];
    for (let at = node; ;) {
      const again = path.findIndex((link) => link.node === at);
      if (again !== -1) return path.slice(again);
      const wait = this.#waitsOf(at)[0];
      if (wait === undefined) return undefined;
      // It waits itself; or another does, and with it the thread.
      const sleeper = at < 0 || wait.actor === at || !stuck.has(wait.actor) ? undefined : wait.actor;
      const next = sleeper ?? this.#keepers(wait, stuck)[0];
      if (next === undefined) return undefined;
      path.push({ node: at, wait, sleeper });
      at = next;
    }
  }
}

/** Over in the moment in which it began, as what was lost from sight at once: nobody waited meanwhile. */
function isGone({ beginMs, endMs, end }: Hold | WaitSpan): boolean {
  return end !== "outside" && endMs <= beginMs;
}

/** @param times - in order, none over another */
function overlaps(times: readonly Stretch[], { beginMs, endMs }: Stretch): boolean {
  // The last that begins up to its end; both ends belong to a stretch.
  const last = times[lastUpTo(times, (time) => time.beginMs, endMs)];
  return last !== undefined && last.endMs >= beginMs;
}

/** At one moment: first what makes room. */
const ORDER = { unhold: 0, wake: 1, hold: 2, wait: 3 } as const;

/** Who waits: the actor, if it is known, and the thread as a whole if it sleeps. */
function nodesOf({ span, actor }: SeenWait): readonly number[] {
  const nodes = actor === 0 ? [] : [actor];
  return isBlockingWait(span.name) ? [...nodes, threadNode(span.thread)] : nodes;
}

function setOf<Thing>(sets: Map<number, Set<Thing>>, key: number): Set<Thing> {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}

function describe(index: TraceIndex, circle: Circle): Finding {
  const { links, fromMs, toMs, brokenBy } = circle;
  const steps = links.map(({ node, wait, sleeper }) => {
    const actor = describeActor(index, holderOf(index, node));
    if (sleeper !== undefined) {
      const [by, thread] = [describeActor(index, holderOf(index, sleeper)), index.threadName(wait.span.thread)];
      return {
        en: `${actor.en} can't run, as ${by.en} keeps thread ${thread} asleep`,
        ru: `${actor.ru} не может работать, так как ${by.ru} усыпила поток ${thread}`,
      };
    }
    const thing = describeTarget(index, wait);
    const place = placeOfWait(wait);
    const at =
      place === undefined
        ? { en: "", ru: "" }
        : { en: ` in ${describePlace(place)}`, ru: ` в ${describePlace(place)}` };
    return { en: `${actor.en} waits for ${thing.en}${at.en}`, ru: `${actor.ru} ждёт: ${thing.ru}${at.ru}` };
  });
  const self = links.length === 1;
  const isFull = brokenBy === undefined && isEverythingStuck(index, circle);
  // Of one that was broken nobody knows what else would have come to stand still.
  const isWhole = isFull || brokenBy !== undefined;
  const lasted = { en: duration(toMs - fromMs, "en"), ru: duration(toMs - fromMs, "ru") };
  const ending =
    brokenBy === undefined
      ? { en: `and still did when the recording ended, ${lasted.en} later`, ru: `и до конца записи, ${lasted.ru}` }
      : { en: `until one gave up after ${lasted.en}`, ru: `пока один не отказался ждать через ${lasted.ru}` };
  const head = self
    ? { en: "Deadlock: one waits for itself", ru: "Взаимная блокировка: ожидание самого себя" }
    : {
        en: `${isWhole ? "Deadlock" : "Partial deadlock"} of ${links.length}`,
        ru: `${isWhole ? "Взаимная блокировка" : "Частичная взаимная блокировка"} (${russianCount(links.length, "участник", "участника", "участников")})`,
      };
  const heldBy = { en: self ? "which it holds" : "each kept up by the next", ru: self ? "сам и держит" : "по кругу" };
  return toFinding(index, {
    kind: "deadlock",
    // Such a circle may come again.
    about: `${links[0]?.wait.span.id}`,
    severity: "problem",
    text: {
      en: `${head.en}: ${steps.map(({ en }) => en).join(", ")}; ${heldBy.en}, ${ending.en}.${isWhole ? "" : " Other jobs go on."}`,
      ru: `${head.ru}: ${steps.map(({ ru }) => ru).join("; ")}; ${heldBy.ru}, ${ending.ru}.${isWhole ? "" : " Остальные задачи работают."}`,
    },
    advice: {
      en: "Take locks in the same order everywhere, or hold one at a time; watchLockOrder shows orders that contradict each other.",
      ru: "Захватывайте блокировки везде в одном порядке или по одной; противоречия в порядке показывает watchLockOrder.",
    },
    place:
      firstOf(links, (link) => placeOfLink(index, link)) ??
      placeNamed(firstOf(links, ({ node }) => index.nameOf(holderOf(index, node)))),
    threads: links.map(({ wait }) => wait.span.thread),
    actors: links.map(({ node }) => holderOf(index, node)),
    resources: links.flatMap(({ wait }) => (index.jobs.has(wait.target as number) ? [] : (wait.target ?? []))),
    fromMs,
    toMs,
    evidence: { length: links.length, lastedMs: toMs - fromMs, isFull: isFull ? 1 : 0, wasBroken: brokenBy ? 1 : 0 },
    badge: index.timeline.droppedRecords > 0 ? "inferred" : "measured",
  });
}

/** A function without a name goes by the name of its job. */
function placeOfLink(index: TraceIndex, { node, wait }: Link): Place | undefined {
  const place = placeOfWait(wait);
  if (place === undefined || place.name !== "") return place;
  return { ...place, name: index.nameOf(holderOf(index, node)) ?? "" };
}

function placeOfWait({ line }: SeenWait): Place | undefined {
  return line === undefined ? undefined : placeOfLine(line);
}

function firstOf<Thing, Fact>(things: readonly Thing[], factOf: (thing: Thing) => Fact | undefined): Fact | undefined {
  for (const thing of things) {
    const fact = factOf(thing);
    if (fact !== undefined) return fact;
  }
  return undefined;
}

function describeTarget(index: TraceIndex, { target, span }: SeenWait): { en: string; ru: string } {
  if (target !== undefined && index.jobs.has(target)) return describeActor(index, target);
  const resource = index.resource(target);
  if (resource !== undefined) return describeResource(resource);
  return { en: span.name ?? "something", ru: span.name ?? "ресурс" };
}

/** Whether nothing else was under way at the end: no job that is not in the circle, or behind it. */
function isEverythingStuck(index: TraceIndex, circle: Circle): boolean {
  const members = new Set(circle.links.flatMap(({ node }) => [node, holderOf(index, node)]));
  const targets = new Set(circle.links.map(({ wait }) => wait.target));
  const behind = new Set(
    index.waits
      .filter(({ span, target }) => span.end === "outside" && target !== undefined && targets.has(target))
      .map(({ actor }) => actor),
  );
  return index.timeline.jobs.every(
    ({ id, end }) => end !== "outside" || members.has(id) || behind.has(id) || waitsForMember(index, id, members),
  );
}

function waitsForMember(index: TraceIndex, job: number, members: ReadonlySet<number>): boolean {
  return index
    .waitsOf(job)
    .some(({ span, target }) => span.end === "outside" && target !== undefined && members.has(target));
}
