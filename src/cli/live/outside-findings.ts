/** What stands out in a window of the kernel's readings, where the program itself tells nothing. */
import type { KernelThread } from "../../trace/index.js";
import { percent } from "../../trace/words/language.js";
import type { LiveFinding, LiveThread } from "./state.js";

/** Of a window, a loop that computes so long leaves little to others. */
const BUSY_SHARE = 0.9;
/** A thread that uses less does not compute. */
const IDLE_SHARE = 0.1;
/** Ready without a core for so long: not by chance. */
const STARVED_SHARE = 0.3;
/** What was seen in fewer readings may be chance. */
const FEWEST_READINGS = 3;

/** @param rows - of the same threads, in the same order */
export function outsideFindings(threads: readonly KernelThread[], rows: readonly LiveThread[]): readonly LiveFinding[] {
  const found: LiveFinding[] = [];
  for (const [i, row] of rows.entries()) {
    const { role, cpuShare = 0, waitShare = 0 } = row;
    // Older Nodes give all of their threads one name.
    const name = row.tid === undefined ? row.name : `${row.name} (${row.tid})`;
    const states = (threads[i]?.samples ?? []).map(({ state }) => state);
    const isStuck =
      role === "loop" &&
      states.length >= FEWEST_READINGS &&
      cpuShare < IDLE_SHARE &&
      states.every((state) => state === "lock" || state === "blocked");
    if (isStuck) {
      found.push({
        severity: "problem",
        text: {
          en: `The loop of thread ${name} does not turn: the thread sleeps in ${row.waitsIn ?? "a lock or a synchronous call"}.`,
          ru: `Цикл потока ${name} стоит: поток спит в ${row.waitsIn ?? "блокировке или синхронном вызове"}.`,
        },
      });
    } else if ((role === "loop" || role === "worker") && cpuShare >= BUSY_SHARE) {
      found.push({
        severity: role === "loop" ? "warning" : "note",
        text: {
          en: `Thread ${name} computed for ${percent(cpuShare)} of the time: what its loop has to do besides waits.`,
          ru: `Поток ${name} считал ${percent(cpuShare)} времени: остальная работа его цикла ждёт.`,
        },
      });
    }
    if (waitShare >= STARVED_SHARE) {
      found.push({
        severity: "warning",
        text: {
          en: `Thread ${name} stood ready without a core for ${percent(waitShare)} of the time.`,
          ru: `Поток ${name} был готов, но без ядра ${percent(waitShare)} времени.`,
        },
      });
    }
  }
  const pool = threads.filter(({ kind }) => kind === "io");
  if (pool.length > 1 && pool.every(isBusy)) {
    found.push({
      severity: "warning",
      text: {
        en: `All ${pool.length} threads for file, name and cryptographic calls were busy: further calls stand in a queue (UV_THREADPOOL_SIZE).`,
        ru: `Все потоки для файлов, имён узлов и криптографии (${pool.length}) заняты: новые вызовы стоят в очереди (UV_THREADPOOL_SIZE).`,
      },
    });
  }
  const rank = { problem: 0, warning: 1, note: 2 };
  return found.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** A thread of that pool that has nothing to do sleeps on a lock. */
function isBusy({ samples }: KernelThread): boolean {
  return samples.length >= FEWEST_READINGS && samples.every(({ state }) => state === "running" || state === "blocked");
}
