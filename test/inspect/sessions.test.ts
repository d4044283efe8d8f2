import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { findSession, listSessions, sessionFolder, shareSession } from "#skein/inspect/sessions";

const URL_HERE = "http://127.0.0.1:8123/abc_-123/";
/** Larger than the kernel lets the number of a process be. */
const NO_PID = 2 ** 30;

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skein-sessions-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "sessions");
}

describe("programs that share themselves", () => {
  it("are found by their number, in files that nobody else can read", () => {
    const folder = emptyFolder();
    assert.deepEqual(listSessions(folder), []);
    assert.equal(shareSession({ name: "a.ts", url: URL_HERE, kernelThread: 5 }, folder), undefined);
    assert.deepEqual(findSession(process.pid, folder), {
      pid: process.pid,
      name: "a.ts",
      url: URL_HERE,
      kernelThread: 5,
    });
    assert.equal(findSession(1, folder), undefined);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, `${process.pid}.json`)).mode & 0o777, 0o600);
  });

  it("are gone from the list when they have ended, and their files with them", () => {
    const folder = emptyFolder();
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, `${NO_PID}.json`), JSON.stringify({ name: "old", url: URL_HERE }));
    assert.deepEqual(listSessions(folder), []);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("are not believed from a folder that others may write, and do not leave anything there", () => {
    const folder = emptyFolder();
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ name: "evil", url: URL_HERE }));
    assert.deepEqual(listSessions(folder), []);
    assert.match(
      shareSession({ name: "a", url: URL_HERE }, folder) ?? "",
      /can be read or written by others: chmod 700/,
    );
  });

  it("are only on this machine, whatever a file says, and damaged files are passed over", () => {
    const folder = emptyFolder();
    mkdirSync(folder, { mode: 0o700 });
    const file = join(folder, `${process.pid}.json`);
    for (const text of ["", "{", "null", '{"name":1}', JSON.stringify({ name: "x", url: "http://evil.example/a/" })]) {
      writeFileSync(file, text);
      assert.deepEqual(listSessions(folder), [], text);
    }
  });

  it("leave word where the system keeps such files", () => {
    assert.equal(sessionFolder({ SKEIN_SESSIONS: "/x" }), "/x");
    assert.equal(sessionFolder({ XDG_RUNTIME_DIR: "/run/user/7" }), join("/run/user/7", "skein"));
    assert.ok(sessionFolder({ XDG_RUNTIME_DIR: "" }).startsWith(tmpdir()));
  });
});
