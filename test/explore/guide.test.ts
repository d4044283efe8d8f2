/** The guide prints what its programs print: `docs/exploring.md`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { makeFolder, ROOT, runNode } from "../support/run-program.js";

const SHOWN = /<!-- prints -->\n```js\n(?<code>[\s\S]*?)```\n\n```text\n(?<printed>[\s\S]*?)```/g;

const guide = readFileSync(join(ROOT, "docs/exploring.md"), "utf8");

describe("the guide to exploring", () => {
  for (const [index, { groups }] of [...guide.matchAll(SHOWN)].entries()) {
    it(`shows what its program ${index + 1} prints`, async () => {
      const { code = "", printed } = groups ?? {};
      const folder = makeFolder({ "main.mjs": code });
      const { stdout, stderr } = await runNode(["--conditions=explore", "main.mjs"], { cwd: folder });
      assert.equal(stdout, printed, stderr);
    });
  }
});
