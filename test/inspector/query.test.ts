import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Asked, parseQuery } from "../../inspector/src/analysis/query.js";

const TASK: Asked = {
  name: "parsePage",
  scope: "import",
  thread: "threads-2",
  state: "lock",
  outcome: "",
  numbers: { age: 120, cpu: 50, ready: 10, io: 20, lock: 30, channel: 0, jobs: 0, step: 7.5 },
  touches: () => ['lock of mutex "money"'],
};

function matches(query: string, task: Partial<Asked> = {}): boolean {
  const parsed = parseQuery(query);
  assert.ok(parsed.isRight, query);
  return parsed.matches({ ...TASK, ...task });
}

describe("the query language of tasks", () => {
  it("holds for what is so", () => {
    for (const query of [
      "",
      "  ",
      "parse",
      "PAGE",
      "name:parsepage",
      "name:~page",
      "scope:import on:threads-2",
      "touches:~money",
      "touches:mutex",
      "state:blocked",
      "state:lock",
      "state:waiting",
      "cpu>49ms cpu<51ms",
      "cpu>=50 cpu<=50ms cpu=50ms",
      "age>0.1s",
      "age<1min",
      "step>7000us",
      "step<7600µs",
      "-state:running",
      "-name:~other -hog",
      '"name:~parsePage"',
    ]) {
      assert.ok(matches(query), query);
    }
  });

  it("does not hold for what is not so", () => {
    for (const query of [
      "hog",
      "name:parse",
      "name:~pages",
      "scope:export",
      "on:threads-1",
      "touches:~channel",
      "state:running",
      "state:done",
      "cpu>50ms",
      "age>1s",
      "-parse",
      "-state:blocked",
      "parse hog",
    ]) {
      assert.ok(!matches(query), query);
    }
  });

  it("takes a task that is over by how it ended", () => {
    assert.ok(matches("state:failed", { outcome: "failed" }));
    assert.ok(!matches("state:blocked", { outcome: "done" }));
    assert.ok(!matches("state:waiting", { outcome: "done" }));
  });

  it("takes quoted words as one", () => {
    assert.ok(matches('"load page"', { name: "Load Page 7" }));
    assert.ok(!matches('"load page"', { name: "page to load" }));
    assert.ok(matches('name:"load page"', { name: "load page" }));
  });

  it("says which word is wrong, and why", () => {
    for (const [query, word, why] of [
      ["parse colour:red", "colour:red", "unknown key"],
      ["size>3ms", "size>3ms", "unknown key"],
      ["cpu>fast", "cpu>fast", "not a duration"],
      ["cpu>", "cpu>", "not a duration"],
      ["cpu>5weeks", "cpu>5weeks", "not a duration"],
      ["-state:happy", "-state:happy", "unknown state"],
    ] as const) {
      assert.deepEqual(parseQuery(query), { isRight: false, word, why }, query);
    }
  });

  it("never asks for waits that the query is not about", () => {
    const touches = (): never => assert.fail("asked");
    assert.ok(matches("parse cpu>1ms", { touches }));
  });
});
