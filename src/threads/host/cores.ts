/** How many cores this process may keep busy. */

/** Where the figure comes from, for `skein doctor`. */
export interface CoreAllowance {
  /** At least 1. */
  readonly cores: number;
  /** Cores the process may run on: the machine's, less what the affinity excludes. */
  readonly schedulable: number;
  /** The CPU quota of the container in cores, where there is one. */
  readonly quota: number | undefined;
}

/**
 * The container's CPU allowance. A quota that is no whole number counts as the
 * next one up: half a core left idle costs more than threads that wait now and
 * then.
 */
export function coreAllowance(readText: (path: string) => string | undefined = readTextFile): CoreAllowance {
  const schedulable = process.getBuiltinModule("node:os").availableParallelism();
  const quota = smallestQuota(readText);
  const cores = Math.max(1, Math.min(schedulable, quota === undefined ? Infinity : Math.ceil(quota)));
  return { cores, schedulable, quota };
}

function readTextFile(path: string): string | undefined {
  try {
    return process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch {
    return undefined; // not Linux, or no such controller
  }
}

/** The tightest quota on the way from this process's control group up to the root, in cores. */
function smallestQuota(readText: (path: string) => string | undefined): number | undefined {
  const quotas: number[] = [];
  for (const line of (readText("/proc/self/cgroup") ?? "").split("\n")) {
    // "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
    const [hierarchy, controllers, ...rest] = line.split(":");
    const path = rest.join(":");
    const isVersion2 = hierarchy === "0" && controllers === "";
    if (!isVersion2 && controllers?.split(",").includes("cpu") !== true) continue;
    for (const folder of withParents(path)) {
      const quota = isVersion2
        ? version2Quota(readText(`/sys/fs/cgroup${folder}/cpu.max`))
        : version1Quota(
            readText(`/sys/fs/cgroup/cpu${folder}/cpu.cfs_quota_us`),
            readText(`/sys/fs/cgroup/cpu${folder}/cpu.cfs_period_us`),
          );
      if (quota !== undefined) quotas.push(quota);
    }
  }
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

/** "/a/b" gives "/a/b", "/a" and "". */
function* withParents(path: string): Generator<string> {
  for (let folder = path.replace(/\/+$/, ""); folder !== ""; folder = folder.slice(0, folder.lastIndexOf("/")))
    yield folder;
  yield "";
}

function version2Quota(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? "").trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined; // "max" is NaN
}

function version1Quota(quotaText: string | undefined, periodText: string | undefined): number | undefined {
  const quota = Number(quotaText ?? Number.NaN);
  const period = Number(periodText ?? Number.NaN);
  return quota > 0 && period > 0 ? quota / period : undefined; // -1 means no limit
}
