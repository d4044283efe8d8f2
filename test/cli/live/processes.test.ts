import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { catchesSignal, inspectorPortOf } from "#skein/cli/live/inspector-link";
import { OutsideView } from "#skein/cli/live/outside-view";
import { AttachError, coresAllowed, ownProcesses, requireProcess, titleOf } from "#skein/cli/live/processes";
import { languageOf } from "#skein/cli/live/words";

/** A folder as `/proc` is, with these processes. */
function fakeProc(processes: Readonly<Record<number, { readonly exe?: string; readonly files?: object }>>): string {
  const proc = mkdtempSync(join(tmpdir(), "skein-proc-"));
  after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, "self"));
  writeFileSync(join(proc, "self/stat"), "1 (node) R");
  for (const [pid, { exe, files = {} }] of Object.entries(processes)) {
    mkdirSync(join(proc, pid));
    if (exe !== undefined) symlinkSync(exe, join(proc, pid, "exe"));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(proc, pid, name, ".."), { recursive: true });
      writeFileSync(join(proc, pid, name), String(text));
    }
  }
  return proc;
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof AttachError, String(error));
    assert.notEqual(error.sentence.ru, error.sentence.en);
    return error.code;
  }
  throw new Error("it was expected to fail");
};

describe("a process that is to be looked at", () => {
  const files = { cmdline: "node\0--import\0./x.mjs\0/app/server.js\0--port\0", status: "Cpus_allowed_list:\t0-1,4\n" };
  const proc = fakeProc({
    50: { exe: "/usr/bin/node", files },
    51: { exe: "/bin/bash", files: { cmdline: "bash\0", comm: "bash\n" } },
    52: { files: { comm: "kthreadd\n" } },
    53: { exe: "/opt/node/bin/node (deleted)", files: { cmdline: "node\0" } },
  });

  it("is known by its script and its cores", () => {
    assert.deepEqual(requireProcess(50, proc), { pid: 50, title: "server.js", cores: 3 });
    // The program was replaced on the disk since, and runs no script.
    assert.deepEqual(requireProcess(53, proc), { pid: 53, title: "node", cores: undefined });
  });

  it("is refused if it is not there, not the user's, or no JavaScript runtime", () => {
    assert.equal(
      codeOf(() => requireProcess(99, proc)),
      "NO_PROCESS",
    );
    assert.equal(
      codeOf(() => requireProcess(50, proc, 12_345)),
      "NOT_YOURS",
    );
    assert.equal(
      codeOf(() => requireProcess(51, proc)),
      "NOT_NODE",
    );
    assert.equal(
      codeOf(() => requireProcess(52, proc)),
      "NOT_NODE",
    );
    assert.equal(
      codeOf(() => requireProcess(50, join(proc, "nowhere"))),
      "NO_PROC",
    );
  });

  it("is listed with others of the user", () => {
    const pids = ownProcesses(proc).map(({ pid }) => pid);
    assert.deepEqual(
      pids.sort((a, b) => a - b),
      [50, 53],
    );
    assert.deepEqual(ownProcesses(join(proc, "nowhere")), []);
  });

  it("is called by the first argument that is no flag, nor the value of one", () => {
    assert.equal(titleOf(["node", "--max-old-space-size=99", "-r", "./hook.cjs", "src/app.js", "x"]), "app.js");
    assert.equal(titleOf(["node", "-e", "work()"]), "work()");
    assert.equal(titleOf(["node", "--version"]), undefined);
  });
});

describe("what the kernel says of a process", () => {
  it("has its cores as ranges", () => {
    assert.equal(coresAllowed("Name:\tx\nCpus_allowed_list:\t0-7\n"), 8);
    assert.equal(coresAllowed("Cpus_allowed_list:\t3\n"), 1);
    assert.equal(coresAllowed("Name:\tx\n"), undefined);
  });

  it("has the signals that it catches as bits", () => {
    assert.equal(catchesSignal("SigCgt:\t0000000000000200\n", 10), true);
    assert.equal(catchesSignal("SigCgt:\t0000000188004202\n", 10), true);
    assert.equal(catchesSignal("SigCgt:\t0000000188004002\n", 10), false);
    assert.equal(catchesSignal("nothing", 10), false);
  });
});

describe("the port of an inspector", () => {
  it("is the one that the process was started with, else Node's own", () => {
    assert.equal(inspectorPortOf(["node", "a.js"]), 9229);
    assert.equal(inspectorPortOf(["node", "--inspect-port=9300", "a.js"]), 9300);
    assert.equal(inspectorPortOf(["node", "--inspect=0.0.0.0:9301", "a.js"]), 9301);
    assert.equal(inspectorPortOf(["node", "--inspect-port", "9302", "a.js"]), 9302);
    assert.equal(inspectorPortOf(["node", "--inspect=0", "a.js"]), 9229);
  });
});

describe("a view from outside", () => {
  it("has rates between two tables, and says what its figures rest on", () => {
    const stat = (letter: string): string =>
      `50 (node) ${letter} 1 1 1 0 -1 0 0 0 0 0 7 2 0 0 20 0 11 0 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 17 1 0 0 0`;
    const proc = fakeProc({
      50: {
        exe: "/usr/bin/node",
        files: {
          cmdline: "node\0a.js\0",
          "task/50/schedstat": "5000000 1000000 10\n",
          "task/50/stat": stat("S"),
          "task/50/status": "\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t1\n",
          "task/50/comm": "node\n",
          // Where tracing is restricted, `syscall` can't be read, and this can.
          "task/50/wchan": "do_epoll_wait",
        },
      },
    });
    const view = new OutsideView(requireProcess(50, proc), { proc });
    const { threads, sources, title, tasks } = view.state();
    assert.equal(title, "a.js");
    assert.equal(tasks, undefined);
    const [main] = threads;
    assert.deepEqual([main?.role, main?.state, main?.core, main?.waitsIn], ["loop", "io", 1, "do_epoll_wait"]);
    // One reading has no rates.
    assert.equal(main?.cpuShare, undefined);
    const badgeOf = (what: RegExp) => sources.find((source) => what.test(source.what.en))?.badge;
    assert.equal(badgeOf(/last core/), "sampled");
    assert.equal(badgeOf(/loop delay/), "not available");
    assert.equal(view.ended, undefined);
    rmSync(join(proc, "50"), { recursive: true });
    assert.equal(view.ended, "");
    view.close();
  });
});

describe("the language", () => {
  it("is the one that was asked for, else that of the environment, else English", () => {
    assert.equal(languageOf("en", { LANG: "ru_RU.UTF-8" }), "en");
    assert.equal(languageOf(undefined, { LANG: "ru_RU.UTF-8" }), "ru");
    assert.equal(languageOf(undefined, { LC_ALL: "C", LANG: "ru_RU.UTF-8" }), "en");
    assert.equal(languageOf(undefined, { LC_ALL: "", LANG: "ru_RU.UTF-8" }), "ru");
    assert.equal(languageOf(undefined, {}), "en");
  });
});
