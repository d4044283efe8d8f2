import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, it } from "node:test";

import { threads } from "skein";
import { coreAllowance } from "#skein/threads/host/cores";
import { host } from "#skein/threads/host/node";

const schedulable = availableParallelism();

function withFiles(files: Readonly<Record<string, string>>) {
  return coreAllowance((path) => files[path]);
}

describe("the core allowance", () => {
  it("is what may be scheduled where no container limits it", () => {
    assert.deepEqual(withFiles({}), { cores: schedulable, schedulable, quota: undefined });
  });

  it("reads the quota of version 2, and rounds it up", () => {
    const allowance = withFiles({ "/proc/self/cgroup": "0::/app\n", "/sys/fs/cgroup/app/cpu.max": "50000 100000\n" });
    assert.deepEqual(allowance, { cores: 1, schedulable, quota: 0.5 });
  });

  it("takes the tightest quota on the way to the root", () => {
    const allowance = withFiles({
      "/proc/self/cgroup": "0::/a/b\n",
      "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/a/cpu.max": "100000 100000\n",
      "/sys/fs/cgroup/cpu.max": "400000 100000\n",
    });
    assert.equal(allowance.quota, 1);
    assert.equal(allowance.cores, 1);
  });

  it("reads the quota of version 1, where -1 is none", () => {
    const files = {
      "/proc/self/cgroup": "4:cpu,cpuacct:/job\n3:memory:/job\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
    };
    assert.equal(withFiles(files).quota, undefined);
    assert.equal(withFiles({ ...files, "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "20000\n" }).quota, 0.2);
  });

  it("is never below one core, nor above what may be scheduled", () => {
    const quota = (text: string) => withFiles({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text }).cores;
    assert.equal(quota("1000 100000"), 1);
    assert.equal(quota("99900000 100000"), schedulable);
    assert.equal(quota("nonsense"), schedulable);
  });
});

describe("the program's pool", () => {
  it("is given without another look at the machine", (t) => {
    const pool = threads();
    const looks = t.mock.method(host, "allowedCores");
    assert.equal(threads(), pool);
    assert.equal(looks.mock.callCount(), 0);
    threads({ name: "another" });
    assert.equal(looks.mock.callCount(), 1);
  });
});
