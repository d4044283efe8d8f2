/**
 * The tests of records, shapes, structs and values once more, in processes that forbid to compile
 * text, as the policy of a page may.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { WITH_MODULES } from "../support/run-program.js";

const FORBIDS = "--disallow-code-generation-from-strings";
const isForbidden = process.execArgv.includes(FORBIDS);

describe("where text can't be compiled", { skip: isForbidden }, () => {
  for (const file of [
    "record-layout.test.js",
    "shape.test.js",
    "struct.test.js",
    "value-codec.test.js",
    "../threads/shapes.test.js",
  ]) {
    it(`${file} passes`, async () => {
      // Else the tests would report to this process's runner.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const path = fileURLToPath(new URL(file, import.meta.url));
      const { error, output } = await new Promise<{ error: Error | null; output: string }>((resolve) => {
        const flags = ["--enable-source-maps", WITH_MODULES, FORBIDS];
        execFile(process.execPath, [...flags, path], { env }, (failure, stdout, stderr) =>
          resolve({ error: failure, output: stdout + stderr }),
        );
      });
      assert.equal(error, null, output);
      assert.match(output, /^# pass [1-9]/m);
    });
  }
});
