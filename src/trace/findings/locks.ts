/** Locks that cost too much, that nobody lets go, and waits that nobody ends. */
import { overtakings, useOf } from "../contention.js";
import { type Resource, type SeenWait } from "../resources.js";
import { intersection, lengthOf, type Stretch, totalOf } from "../stretches.js";
import type { TraceIndex } from "../trace-index.js";
import { isExclusive } from "../wait-ways.js";
import { decimal, duration, percent, russianCount } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";
import { describeActor, describeResource, describeWaiter, placeNamed } from "./places.js";

/** Fewer say nothing about a pattern. */
const CONVOY_FROM_COUNT = 20;
/** Shorter than this a queue before a lock harms nobody. */
const CONVOY_FROM_MS = 50;
/** Half of those who came had to wait. */
const CONVOY_FROM_CONTENDED = 0.5;
/** While there is a queue, the lock passes from one to the next almost without a pause. */
const CONVOY_FROM_HELD = 0.8;
/** One who waits all the time, on average. */
const CONVOY_FROM_WAITING = 1;

/**
 * Locks that jobs pass in single file: nearly always held, nearly always waited for.
 * Permits of a semaphore are not looked at, as waiting for them is what they are for.
 */
export function findConvoys(index: TraceIndex): readonly Finding[] {
  const found: Finding[] = [];
  for (const resource of index.resources) {
    if (!isExclusive(resource.kind)) continue;
    const used = convoyOf(index, resource);
    if (used === undefined) continue;
    const { fromMs, toMs } = used;
    const use = useOf(resource, index.timeline, fromMs, toMs);
    if (use.wait === undefined || use.acquired < CONVOY_FROM_COUNT) continue;
    if (use.contendedShare < CONVOY_FROM_CONTENDED || use.heldShare < CONVOY_FROM_HELD) continue;
    if (use.meanWaiting < CONVOY_FROM_WAITING) continue;
    const thing = describeResource(resource);
    const held = use.hold?.p50Ms ?? 0;
    found.push(
      toFinding(index, {
        kind: "lock-convoy",
        about: resource.id,
        severity: "warning",
        text: {
          en: `Lock convoy: ${thing.en} was held ${percent(use.heldShare)} of the time and ${decimal(use.meanWaiting, "en")} waited for it on average, each for ${duration(use.wait.p50Ms, "en")} to hold it for ${duration(held, "en")}.`,
          ru: `Очередь к блокировке: ${thing.ru} удерживается ${percent(use.heldShare)} времени, в среднем ждут ${decimal(use.meanWaiting, "ru")}, каждый по ${duration(use.wait.p50Ms, "ru")}, чтобы удерживать ${duration(held, "ru")}.`,
        },
        advice: {
          en: "Hold it for less: no waiting inside, only what must not be divided. Or divide what it protects, with a lock for each part.",
          ru: "Удерживайте её меньше: внутри не ждать и делать только неделимое. Или разделите данные, по блокировке на часть.",
        },
        place: placeNamed(thing.en),
        threads: resource.waits.map(({ span }) => span.thread),
        actors: resource.waits.map(({ actor }) => actor),
        resources: [resource.id],
        fromMs,
        toMs,
        evidence: {
          acquired: use.acquired,
          contendedShare: use.contendedShare,
          heldShare: use.heldShare,
          meanWaiting: use.meanWaiting,
          mostWaiting: use.mostWaiting,
          holdP50Ms: held,
          waitP50Ms: use.wait.p50Ms,
          waitTotalMs: use.wait.totalMs,
        },
        badge: use.badge,
      }),
    );
  }
  return found;
}

/** The time from the first to the last wait for a lock, if that is long enough. */
function convoyOf(
  index: TraceIndex,
  { waits }: Resource,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  const fromMs = waits[0]?.span.beginMs;
  if (fromMs === undefined || waits.length < CONVOY_FROM_COUNT / 2) return undefined;
  const toMs = waits.reduce((last, { span }) => Math.max(last, span.endMs), 0);
  return toMs - fromMs < CONVOY_FROM_MS ? undefined : { fromMs, toMs: Math.min(toMs, index.timeline.durationMs) };
}

/** By so many: a fair queue lets nobody pass, a quick one a few. */
const STARVING_FROM_OVERTAKEN = 20;
/** A wait that nobody feels is none. */
const STARVING_FROM_MS = 100;
/** Jobs in a pool's queue may have waited on purpose, as for others of higher priority. */
const STARVING_JOB_FROM_MS = 1000;
/** And by far longer than others. */
const STARVING_FROM_TIMES = 10;

/** Waits for locks and permits that many overtook who came later. */
export function findStarvingWaits(index: TraceIndex): readonly Finding[] {
  const found: Finding[] = [];
  for (const resource of index.resources) {
    if (resource.kind === "channel" || resource.kind === "condition" || resource.kind === "other") continue;
    // Those still waiting were overtaken too; those that gave up served nobody.
    const waits = resource.waits.filter(({ span }) => span.outcome === "done" || span.end === "outside");
    const worst = worstOf(
      waits.map(({ span }) => span),
      STARVING_FROM_MS,
    );
    if (worst === undefined) continue;
    const wait = waits[worst.place] as SeenWait;
    const [thing, who] = [describeResource(resource), describeWaiter(index, wait)];
    const waitedMs = lengthOf(wait.span);
    const isOver = wait.span.end === "seen";
    found.push(
      toFinding(index, {
        kind: "starving-queue",
        about: resource.id,
        severity: isOver ? "warning" : "problem",
        text: {
          en: `${capital(who.en)} waited ${duration(waitedMs, "en")} for ${thing.en} while ${worst.overtaken} who came later were served${isOver ? "" : ", and waits still"}.`,
          ru: `${capital(who.ru)}: ожидание (${thing.ru}) ${isOver ? "длилось" : "длится уже"} ${duration(waitedMs, "ru")}, а ${russianCount(worst.overtaken, "пришедший позже уже обслужен", "пришедших позже уже обслужены", "пришедших позже уже обслужены")}.`,
        },
        advice: {
          en: "Ask for fewer permits at once, or use a lock that serves in order of coming.",
          ru: "Запрашивайте меньше разрешений за раз или возьмите блокировку, которая обслуживает в порядке очереди.",
        },
        place: placeNamed(thing.en),
        threads: [wait.span.thread],
        actors: [wait.actor],
        resources: [resource.id],
        fromMs: wait.span.beginMs,
        toMs: wait.span.endMs,
        evidence: { waitedMs, overtakenBy: worst.overtaken, othersP50Ms: worst.othersP50Ms },
        badge: index.timeline.droppedRecords > 0 ? "inferred" : "measured",
      }),
    );
  }
  return found;
}

/** Jobs that stand in a pool's queue while many that came later have started. */
export function findStarvingJobs(index: TraceIndex): readonly Finding[] {
  const queued = index.timeline.jobs.flatMap((job) => {
    const { queuedMs, startedMs, end, endMs } = job;
    // One that was cancelled in the queue was not kept from starting by others.
    if (queuedMs === undefined || (startedMs === undefined && end !== "outside")) return [];
    return [{ job, beginMs: queuedMs, endMs: startedMs ?? endMs }];
  });
  const worst = worstOf(queued, STARVING_JOB_FROM_MS);
  if (worst === undefined) return [];
  const { job, beginMs, endMs } = queued[worst.place] as (typeof queued)[number];
  const who = describeActor(index, job.id);
  const waitedMs = endMs - beginMs;
  const hasStarted = job.startedMs !== undefined;
  return [
    toFinding(index, {
      kind: "starving-queue",
      about: "jobs",
      severity: hasStarted ? "warning" : "problem",
      text: {
        en: `${capital(who.en)} stood in the queue of its pool for ${duration(waitedMs, "en")} while ${worst.overtaken} queued later were started${hasStarted ? "" : ", and stands there still"}.`,
        ru: `${capital(who.ru)} ${hasStarted ? "простояла" : "стоит"} в очереди пула ${duration(waitedMs, "ru")}, а ${russianCount(worst.overtaken, "задача, вставшая позже, уже начата", "задачи, вставшие позже, уже начаты", "задач, вставших позже, уже начаты")}.`,
      },
      advice: {
        en: "Look at priorities and at jobs bound to one thread: a busy thread keeps those waiting that only it may run.",
        ru: "Проверьте приоритеты и задачи, привязанные к одному потоку: занятый поток задерживает те, что может выполнить только он.",
      },
      place: placeNamed(job.name),
      threads: job.ranOn === undefined ? [] : [job.ranOn],
      actors: [job.id],
      fromMs: beginMs,
      toMs: endMs,
      evidence: { waitedMs, overtakenBy: worst.overtaken, othersP50Ms: worst.othersP50Ms },
      badge: index.timeline.droppedRecords > 0 ? "inferred" : "measured",
    }),
  ];
}

function worstOf(
  stretches: readonly Stretch[],
  fromMs: number,
): { readonly place: number; readonly overtaken: number; readonly othersP50Ms: number } | undefined {
  if (stretches.length <= STARVING_FROM_OVERTAKEN) return undefined;
  const lengths = stretches.map(lengthOf).sort((a, b) => a - b);
  const othersP50Ms = lengths[Math.floor(lengths.length / 2)] ?? 0;
  const overtaken = overtakings(stretches);
  let worst: number | undefined;
  stretches.forEach((stretch, place) => {
    if (lengthOf(stretch) < Math.max(fromMs, STARVING_FROM_TIMES * othersP50Ms)) return;
    if ((overtaken[place] ?? 0) < STARVING_FROM_OVERTAKEN) return;
    if (worst === undefined || (overtaken[place] ?? 0) > (overtaken[worst] ?? 0)) worst = place;
  });
  return worst === undefined ? undefined : { place: worst, overtaken: overtaken[worst] ?? 0, othersP50Ms };
}

/** Far longer than a wake-up takes on a busy machine. */
const LOST_FROM_MS = 100;
/** A thread that is in its steps for longer than this share gets to nothing else. */
const BUSY_FROM_SHARE = 0.5;

/** Waits, under way at the end, for what has been free for long. */
export function findLostWakeUps(index: TraceIndex): readonly Finding[] {
  const found: Finding[] = [];
  const { durationMs, droppedRecords } = index.timeline;
  if (droppedRecords > 0) return []; // the record of its end may be among them
  for (const wait of index.waits) {
    if (wait.span.end !== "outside" || wait.target === undefined || hasEnded(index, wait)) continue;
    const free = freeSince(index, wait);
    if (free === undefined) continue;
    const sinceMs = Math.max(free.sinceMs, wait.span.beginMs);
    const forMs = durationMs - sinceMs;
    if (forMs < LOST_FROM_MS || isBusy(index, wait.span.thread, sinceMs, durationMs)) continue;
    const who = describeWaiter(index, wait);
    found.push(
      toFinding(index, {
        kind: "lost-wake-up",
        about: wait.span.id,
        severity: "problem",
        text: {
          en: `${capital(who.en)} waits for ${free.what.en}, ${free.why.en} for ${duration(forMs, "en")}: its wake-up may be lost.`,
          ru: `${capital(who.ru)} ждёт: ${free.what.ru}, хотя ${free.why.ru} уже ${duration(forMs, "ru")}; возможно, пробуждение потеряно.`,
        },
        advice: {
          en: "Look whether each path that changes the state also notifies, and whether the waiter checks the state again.",
          ru: "Проверьте, что каждое изменение состояния уведомляет ждущих и что ждущий перепроверяет состояние.",
        },
        place: placeNamed(free.what.en),
        threads: [wait.span.thread],
        actors: [wait.actor],
        resources: index.jobs.has(wait.target) ? [] : [wait.target],
        fromMs: sinceMs,
        toMs: durationMs,
        evidence: { freeForMs: forMs, waitedMs: lengthOf(wait.span) },
        badge: "inferred",
      }),
    );
  }
  return found;
}

/** A thread that has ended waits for nothing. */
function hasEnded(index: TraceIndex, { span }: SeenWait): boolean {
  return index.timeline.threads.find((thread) => thread.index === span.thread)?.hasEnded ?? true;
}

function isBusy(index: TraceIndex, thread: number, fromMs: number, toMs: number): boolean {
  const busy = index.busyOn(thread);
  // In the middle of a step it may be about to hand on what is free.
  return busy.within(fromMs, toMs) >= BUSY_FROM_SHARE * (toMs - fromMs) || busy.lastMs >= toMs;
}

interface Free {
  readonly sinceMs: number;
  readonly what: { readonly en: string; readonly ru: string };
  readonly why: { readonly en: string; readonly ru: string };
}

function freeSince(index: TraceIndex, { target, span }: SeenWait): Free | undefined {
  const job = index.jobs.get(target as number);
  if (job !== undefined) {
    if (job.end !== "seen") return undefined;
    const why = { en: "which has been over", ru: "она завершена" };
    return { sinceMs: job.endMs, what: describeActor(index, job.id), why };
  }
  const resource = index.resource(target);
  if (resource === undefined) return undefined;
  const what = describeResource(resource);
  if (isExclusive(resource.kind)) {
    // A lock of which no holder was ever seen may be held by one from before.
    if (resource.holds.length === 0 || resource.holds.some(({ end }) => end !== "seen")) return undefined;
    const sinceMs = resource.holds.reduce((last, { endMs }) => Math.max(last, endMs), 0);
    return { sinceMs, what, why: { en: "which has been free", ru: "свободно" } };
  }
  if (resource.kind !== "channel" || !/\b(?:receive|value) from /.test(span.name ?? "")) return undefined;
  const emptyAt = resource.levels.findLastIndex(({ count }) => count === 0);
  const filled = resource.levels[emptyAt + 1];
  if (filled === undefined) return undefined;
  return { sinceMs: filled.atMs, what, why: { en: "which has had items", ru: "в нём есть элементы" } };
}

/** Longer than a guard that is passed on takes to be given back. */
const ORPHANED_FROM_MS = 100;

/** Locks whose holder has ended, and that others wait for. */
export function findOrphanedLocks(index: TraceIndex): readonly Finding[] {
  const found: Finding[] = [];
  for (const resource of index.resources) {
    for (const hold of resource.holds) {
      const holder = index.jobs.get(hold.holder);
      if (hold.end !== "outside" || holder === undefined || holder.end !== "seen") continue;
      const orphaned: Stretch = { beginMs: Math.max(holder.endMs, hold.beginMs), endMs: hold.endMs };
      const victims = resource.waits.filter(
        ({ span }) => totalOf(intersection([orphaned], [span])) >= ORPHANED_FROM_MS,
      );
      if (victims.length === 0) continue;
      const [thing, who] = [describeResource(resource), describeActor(index, holder.id)];
      const forMs = lengthOf(orphaned);
      found.push(
        toFinding(index, {
          kind: "orphaned-lock",
          about: `${resource.id}:${hold.holder}:${Math.round(hold.beginMs)}`,
          severity: "problem",
          text: {
            en: `${capital(thing.en)} is still held by ${who.en}, which ended ${duration(forMs, "en")} before; ${victims.length} ${victims.length === 1 ? "waits" : "wait"} for it in vain.`,
            ru: `${capital(thing.ru)}: удерживает ${who.ru}, завершённая ${duration(forMs, "ru")} назад; ${russianCount(victims.length, "ждущий ждёт", "ждущих ждут", "ждущих ждут")} напрасно.`,
          },
          advice: {
            en: "Hold locks with `using`, or inside withLock, so that they are given back on every path.",
            ru: "Захватывайте блокировки через `using` или внутри withLock, чтобы они освобождались на любом пути.",
          },
          place: placeNamed(index.nameOf(holder.id)),
          threads: [hold.thread],
          actors: [holder.id, ...victims.map(({ actor }) => actor)],
          resources: [resource.id],
          fromMs: orphaned.beginMs,
          toMs: orphaned.endMs,
          evidence: { orphanedForMs: forMs, waiting: victims.length },
          badge: "measured",
        }),
      );
    }
  }
  return found;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
