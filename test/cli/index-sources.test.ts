/** The main example as a whole program, on good input and bad. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { makeFolder, ROOT, runNode, type RunOptions, SKEIN } from "../support/run-program.js";

const PROGRAM = join(ROOT, "examples/index-sources.ts");
/** What lets the super-user read files that forbid it. */
const POWERS = "-dac_override,-dac_read_search";

function indexSources(args: readonly string[], options: RunOptions = {}) {
  return runNode([SKEIN, "run", PROGRAM, "--no-trace", ...args], options);
}

describe("index-sources", () => {
  it("gives the same index on one thread and on many, and counts what is there", async () => {
    const folder = makeFolder({
      "node_modules/alpha/index.js":
        'import "node:fs";\nimport beta from "beta";\nconst name = () => beta;\nfunction twice() { return name(); }\n',
      "node_modules/beta/index.ts": "export default 1 as number;",
      "node_modules/@scope/gamma/lib/a.cjs": 'const x = require("alpha/sub");\nmodule.exports = x;\n',
      "notes.txt": "not a source",
    });
    const { exitCode, stdout, stderr } = await indexSources([folder]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^7 lines, 2 functions, 3 imports$/m);
    assert.match(stdout, /beta 2, name 2/);
    assert.match(stdout, /^Packages: 3, of which 2 import others \(2 pairs\):$/m);
    assert.match(stdout, /^  alpha → beta$/m);
    assert.match(stdout, /^  @scope\/gamma → alpha$/m);
    assert.match(stdout, /│ files +│ +3 │ +3 │/);
    assert.match(stdout, /Both runs found exactly the same\.\nVerdict: /);
  });

  it("names and counts what it had to leave out, goes on, and ends with code 3", async () => {
    const folder = makeFolder({
      "ok.ts": "export const fine: number = 1;\n",
      "empty.js": "",
      "script.js": "if (here) return;",
      "deep.js": `x = ${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      "broken.js": "let x = ;",
      "bytes.js": new Uint8Array([0x61, 0x3d, 0x22, 0xff, 0xfe, 0x22]),
      "huge.js": "a".repeat(50_000_000),
      "secret.js": "let hidden = 1;",
      "closed/inside.js": "let hidden = 2;",
    });
    symlinkSync("nowhere.js", join(folder, "dangling.js"));
    symlinkSync("loop.js", join(folder, "loop.js"));
    symlinkSync(".", join(folder, "cycle"));
    mkdirSync(join(folder, "folder.js"));
    mkdirSync(join(folder, "void"));
    assert.equal(spawnSync("mkfifo", [join(folder, "pipe.js")]).status, 0);
    chmodSync(join(folder, "secret.js"), 0o000);
    chmodSync(join(folder, "closed"), 0o000);
    // The super-user reads everything, so then the program runs without that power.
    const withoutPower =
      process.getuid?.() === 0 ? { through: ["setpriv", `--bounding-set=${POWERS}`, `--inh-caps=${POWERS}`] } : {};
    const { exitCode, stdout, stderr } = await indexSources(
      [folder, join(folder, "absent"), join(folder, "void")],
      withoutPower,
    );
    chmodSync(join(folder, "closed"), 0o755);
    assert.equal(exitCode, 3, stderr);
    assert.match(stdout, /^Left out: 11$/m);
    for (const [name, what] of [
      ["broken.js", /does not parse: Unexpected token \(1:9\)/],
      ["deep.js", /does not parse: nested more than 1000 levels deep/],
      ["bytes.js", /does not parse: the text is not UTF-8/],
      ["huge.js", /50\.0 MB, more than --max-mb 5/],
      ["secret.js", /EACCES: permission denied/],
      ["closed", /unreadable folder/],
      ["dangling.js", /broken link/],
      ["loop.js", /broken link/],
      ["pipe.js", /not a regular file/],
      ["absent", /no such folder/],
      ["void", /empty folder/],
    ] as const) {
      assert.match(stdout, new RegExp(`^  ${join(folder, name)}: ${what.source}`, "m"));
    }
    assert.match(stdout, /│ files +│ +3 │ +3 │/);
    assert.match(stdout, /Both runs found exactly the same\./);
  });

  for (const phase of ["here", "threads()"]) {
    it(`ended by Ctrl-C while it runs on ${phase}, stops with code 130 and settles everything`, async () => {
      const { exitCode, signal, stderr } = await indexSources(["node_modules"], {
        interrupt: { after: `${phase}: 25 %`, signal: "SIGINT" },
      });
      assert.equal(signal, null);
      assert.equal(exitCode, 130);
      assert.match(stderr, /cancelled: the process got SIGINT/);
      assert.doesNotMatch(stderr, /StuckError|Warning/);
    });
  }

  it("refuses an option that is no number, with the option's name", async () => {
    const { exitCode, stderr } = await indexSources(["--readers", "many", "."]);
    assert.match(stderr, /--readers must be a number from 1 on, but "many" came/);
    assert.equal(exitCode, 1);
  });
});
