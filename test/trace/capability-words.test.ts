import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { capabilities, capabilitiesAtOnce } from "#skein/trace/kernel/index";
import { type Capability, capabilityIn } from "skein/trace";

import { ROOT } from "../support/run-program.js";

/** Where texts of capabilities are made. */
const SOURCES = [
  "trace/kernel/host-capabilities.ts",
  "trace/kernel/host-core-lanes.ts",
  "trace/kernel/host-thread-stack.ts",
  "core/await-hooks.ts",
  "core/host-thread-profile.ts",
];

/** Each text that a source can say, with something in place of what it fills in. */
function textsIn(source: string): readonly string[] {
  const code = readFileSync(join(ROOT, "src", source), "utf8");
  const found = [
    ...code.matchAll(/(?:why|remedy):\s+(?:line \?\? )?(["`])(.*?)\1|return "([^"]+)"|tryWhy\(\w+\(\), "([^"]+)"\)/g),
  ];
  return found.map((match) => (match[2] ?? match[3] ?? match[4] ?? "").replaceAll(/\$\{[^}]*\}/g, "7"));
}

const isRussian = (text: string): boolean => /[а-яё]/i.test(text);

describe("what is said of a source of facts", () => {
  for (const source of SOURCES) {
    it(`has every text of ${source} in Russian`, () => {
      const texts = textsIn(source);
      assert.ok(texts.length > 0);
      for (const why of texts) {
        const capability: Capability = { name: "gc", isAvailable: false, gives: "", why, remedy: why };
        const said = capabilityIn(capability, "ru");
        assert.ok(isRussian(said.why), why);
        assert.equal(said.remedy, said.why);
        assert.equal(capabilityIn(capability, "en"), capability);
      }
    });
  }

  it("has what each gives, and what is found here, in Russian", async () => {
    for (const capability of [...capabilitiesAtOnce(), ...(await capabilities({ perf: "/nowhere/perf" }))]) {
      const { gives, why, remedy, name } = capabilityIn(capability, "ru");
      assert.ok(isRussian(gives) && isRussian(why), `${name}: ${gives}, ${why}`);
      assert.ok(remedy === undefined || isRussian(remedy), remedy);
    }
  });

  it("keeps names and messages of the system", () => {
    const capability: Capability = {
      name: "threads",
      isAvailable: false,
      gives: "every thread",
      why: "/proc/self/task can't be read: EIO $1 $&",
      remedy: undefined,
    };
    assert.equal(capabilityIn(capability, "ru").why, "/proc/self/task не читается: EIO $1 $&");
  });

  it("is as it was where it is not known", () => {
    const capability: Capability = {
      name: "constructor",
      isAvailable: true,
      gives: "what only a later version has",
      why: "it does",
      remedy: "none",
    };
    assert.deepEqual(capabilityIn(capability, "ru"), capability);
  });
});
