/** I/O of the host that is pending, as far as the host tells. */

interface Host {
  getActiveResourcesInfo?(): string[];
}

const { process: host } = globalThis as { process?: Host };

/** What belongs to the process, not to something that was begun: its own streams, and turns asked for. */
const OWN: ReadonlySet<string> = new Set(["TTYWrap", "PipeWrap", "Immediate", "MessagePort", "CloseReq", "TickObject"]);

let before: ReadonlyMap<string, number> = new Map();

/** What is pending now was begun by others. */
export function forgetActiveResources(): void {
  before = countActive();
}

/** Kinds of what has been begun since, and is pending. */
export function activeResources(): string[] {
  return [...countActive()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
}

function countActive(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of host?.getActiveResourcesInfo?.() ?? []) {
    if (!OWN.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
