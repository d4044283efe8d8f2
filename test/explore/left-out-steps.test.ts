/** That exploring finds it when the shipped code of dispatch or of the heap lacks a step that its argument needs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import { ROOT, runNode } from "../support/run-program.js";
import { LEFT_OUT_STEPS } from "./primitives/left-out-steps.js";

const HERE = join(ROOT, "build/test/explore");
const LIMIT_MS = 180_000;

describe("exploring finds that", () => {
  for (const { what, module, edits, kinds } of LEFT_OUT_STEPS) {
    it(what, async (context) => {
      const mutate = pathToFileURL(join(HERE, "mutate.js")).href;
      const { exitCode, stdout, stderr } = await runNode(
        ["--conditions=explore", "--import", mutate, join(HERE, "left-out-step.js"), what],
        { env: { SKEIN_MUTANT: JSON.stringify({ module, edits }) }, limitMs: LIMIT_MS },
      );
      assert.equal(exitCode, 0, stderr);
      const found = JSON.parse(stdout) as { readonly kind: string; readonly message: string };
      context.diagnostic(found.message.split("\n", 1)[0] ?? "");
      assert.ok(kinds.includes(found.kind), found.message);
    });
  }
});
