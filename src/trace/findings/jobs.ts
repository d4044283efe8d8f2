/** Jobs and scopes that outlive what they belong to. */
import type { JobSpan } from "../spans.js";
import { lengthOf } from "../stretches.js";
import { groupBy, type TraceIndex } from "../trace-index.js";
import { duration, englishCount, russianCount } from "../words/language.js";
import { type Finding, toFinding } from "./finding.js";
import { capital } from "./locks.js";
import { describeActor, placeNamed } from "./places.js";

/** Fewer say little of how long such a job takes. */
const LEAKED_FROM_ALIKE = 20;
/** Times as long as the longest of those that ended. */
const LEAKED_FROM_TIMES = 10;
/** Shorter than that, it may just be under way. */
const LEAKED_FROM_MS = 1000;

/** @param explained - jobs of which another finding says why they do not end */
export function findLeakedJobs(index: TraceIndex, explained: ReadonlySet<number>): readonly Finding[] {
  return [...abandonedJobs(index), ...endlessJobs(index, explained)];
}

/** The scope has given up waiting for them; whatever they still do, nobody sees to it. */
function abandonedJobs(index: TraceIndex): readonly Finding[] {
  const abandoned = index.timeline.jobs.filter(({ outcome }) => outcome === "abandoned");
  return [...groupBy(abandoned, ({ name }) => name)].map(([name, jobs]) => {
    const [first] = jobs as [JobSpan];
    const who = describeActor(index, first.id);
    const more = jobs.length - 1;
    return toFinding(index, {
      kind: "leaked-job",
      about: `abandoned:${first.id}`,
      severity: "problem",
      text: {
        en: `${capital(who.en)}${more === 0 ? "" : ` and ${more} more like it`} did not end when cancelled, so the scope gave up waiting: what it does now, nobody sees to.`,
        ru: `${capital(who.ru)}${more === 0 ? "" : ` и ещё ${russianCount(more, "такая же", "такие же", "таких же")}`}: отмена не подействовала, и область перестала ждать; дальше за этой работой никто не следит.`,
      },
      advice: {
        en: "Pass the scope to what it waits for, or its abort signal, so that cancelling reaches it.",
        ru: "Передавайте область (или её сигнал отмены) тому, чего задача ждёт, чтобы отмена до неё доходила.",
      },
      place: placeNamed(name),
      threads: jobs.map(({ ranOn, thread }) => ranOn ?? thread),
      actors: jobs.map(({ id }) => id),
      fromMs: first.beginMs,
      toMs: jobs.reduce((last, { endMs }) => Math.max(last, endMs), 0),
      evidence: { count: jobs.length },
      badge: "measured",
    });
  });
}

/** They never end though many like them did, in a small part of the time. */
function endlessJobs(index: TraceIndex, explained: ReadonlySet<number>): readonly Finding[] {
  const found: Finding[] = [];
  const groups = groupBy(
    index.timeline.jobs.filter(({ name }) => name !== undefined && name !== ""),
    ({ name, scope }) => `${scope}:${name}`,
  );
  for (const jobs of groups.values()) {
    const ended = jobs.filter(({ outcome, begin }) => begin === "seen" && (outcome === "done" || outcome === "failed"));
    if (ended.length < LEAKED_FROM_ALIKE) continue;
    const longestMs = ended.reduce((most, job) => Math.max(most, lengthOf(job)), 0);
    const leastMs = Math.max(LEAKED_FROM_MS, LEAKED_FROM_TIMES * longestMs);
    const endless = jobs.filter(
      (job) =>
        job.end === "outside" && lengthOf(job) >= leastMs && !explained.has(job.id) && isIdle(index, job, leastMs),
    );
    const [first] = endless;
    if (first === undefined) continue;
    const [who, count] = [describeActor(index, first.id), endless.length];
    const ageMs = lengthOf(first);
    const wait = index.waitsOf(first.id).find(({ span }) => span.end === "outside");
    const waiting = wait?.span.name;
    found.push(
      toFinding(index, {
        kind: "leaked-job",
        about: `endless:${first.id}`,
        severity: "warning",
        text: {
          en: `${count === 1 ? capital(who.en) : `${count} jobs "${first.name}"`} did not end in ${duration(ageMs, "en")}, though ${englishCount(ended.length, "other")} like it took at most ${duration(longestMs, "en")}${waiting === undefined ? "" : `; waits: ${waiting}`}.`,
          ru: `${count === 1 ? `${capital(who.ru)} не завершилась` : `${russianCount(count, "задача", "задачи", "задач")} «${first.name}» не завершились`} за ${duration(ageMs, "ru")}, хотя ${russianCount(ended.length, "такая же задача уложилась", "такие же задачи уложились", "таких же задач уложились")} в ${duration(longestMs, "ru")}${waiting === undefined ? "" : `; ждёт: ${waiting}`}.`,
        },
        advice: {
          en: "Look at what it waits for, and give the wait a limit (timeoutMs).",
          ru: "Посмотрите, чего она ждёт, и ограничьте ожидание (timeoutMs).",
        },
        place: placeNamed(first.name),
        threads: endless.map(({ ranOn, thread }) => ranOn ?? thread),
        actors: endless.map(({ id }) => id),
        fromMs: first.beginMs,
        toMs: first.endMs,
        evidence: { count, ageMs, alike: ended.length, longestOtherMs: longestMs },
        badge: "inferred",
      }),
    );
  }
  return found;
}

/** Started, and without a step for long: one that computes is under way, not leaked. */
function isIdle(index: TraceIndex, job: JobSpan, forMs: number): boolean {
  const lane = index.timeline.threads.find((thread) => thread.index === (job.ranOn ?? job.thread));
  if (job.startedMs === undefined || lane === undefined || lane.hasEnded) return false;
  const steps = index.stepsOf(job.id);
  return steps.every(({ endMs, end }) => end !== "outside" && endMs <= job.endMs - forMs / 2);
}

/** Records of the one's end and the other's, which may be in the same breath. */
const OUTLIVED_FROM_MS = 1;

/** Scopes that went on when the code that had opened them was over: nobody awaited them. */
export function findUnawaitedScopes(index: TraceIndex): readonly Finding[] {
  const found: Finding[] = [];
  for (const scope of index.timeline.scopes) {
    if (scope.begin !== "seen" || scope.job !== undefined || scope.end === "dropped") continue;
    // One with a parent is awaited by that.
    if (scope.parent !== 0) continue;
    const opener = index.openerOf(scope);
    if (opener === undefined) continue;
    const around = index.jobs.get(opener) ?? index.scopes.get(opener);
    if (around === undefined || around.end !== "seen" || scope.endMs - around.endMs < OUTLIVED_FROM_MS) continue;
    const [who, by] = [describeActor(index, scope.id), describeActor(index, opener)];
    const forMs = scope.endMs - around.endMs;
    found.push(
      toFinding(index, {
        kind: "unawaited-scope",
        about: scope.id,
        severity: "warning",
        text: {
          en: `${capital(who.en)} was not awaited: ${by.en} opened it, ended, and left it running ${scope.end === "seen" ? `for ${duration(forMs, "en")}` : "to the end of the recording"}.`,
          ru: `${capital(who.ru)}: результата никто не ждал; ${by.ru} её открыла, завершилась и оставила работать ${scope.end === "seen" ? `ещё ${duration(forMs, "ru")}` : "до конца записи"}.`,
        },
        advice: {
          en: "Await the scope, or spawn its work in a scope that lives as long as it should.",
          ru: "Дождитесь области через await или запускайте её работу в области, живущей столько, сколько нужно.",
        },
        place: placeNamed(index.nameOf(opener) ?? scope.name),
        threads: [scope.thread],
        actors: [opener, scope.id],
        fromMs: around.endMs,
        toMs: scope.endMs,
        evidence: { outlivedByMs: forMs },
        badge: "inferred",
      }),
    );
  }
  return found;
}
