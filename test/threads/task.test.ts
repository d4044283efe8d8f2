import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scopedTask, task } from "skein";
import { taskIdentity } from "#skein/async/executor";

function nameless() {
  return [() => 1][0] as () => number; // an element of an array literal gets no name
}

describe("task", () => {
  it("gives the very function back: calling it is an ordinary call", () => {
    const fn = (value: number) => value + 1;
    assert.equal(task("same", fn), fn);
    assert.equal(fn(1), 2);
  });

  it("is identified by its module and its name", () => {
    const identity = taskIdentity(task(function identified() {}));
    assert.equal(identity?.module, import.meta.url);
    assert.equal(identity?.key, "identified");
    assert.equal(identity?.takesScope, false);
  });

  it("takes a name before that of the function", () => {
    assert.equal(taskIdentity(task("given", function ofFunction() {}))?.key, "given");
  });

  it("is identified by its position among the unnamed if it has no name", () => {
    const [first, second] = [taskIdentity(task(nameless())), taskIdentity(task(nameless()))];
    assert.match(first?.key ?? "", /^#\d+$/);
    assert.equal(Number(second?.key.slice(1)), Number(first?.key.slice(1)) + 1);
  });

  it("belongs to another module if a wrapper passes that module's import.meta", () => {
    const identity = taskIdentity(task({ url: "file:///elsewhere.js" }, function wrapped() {}));
    assert.equal(identity?.module, "file:///elsewhere.js");
  });

  it("remembers the function it was declared in, and none at the top level", () => {
    function declaring() {
      return task(function inside() {});
    }
    assert.equal(taskIdentity(declaring())?.declaredIn, "the function declaring");
    assert.equal(taskIdentity(topLevel)?.declaredIn, undefined);
  });

  it("knows that a scoped task takes a scope", () => {
    assert.equal(taskIdentity(scopedTask(function scoped() {}))?.takesScope, true);
  });
});

const topLevel = task(function atTopLevel() {});

describe("misuse of task", () => {
  it("two tasks of one name in a module", () => {
    task("twice", () => 1);
    assert.throws(() => task("twice", () => 2), {
      code: "SKEIN_TASK_DUPLICATE",
      message: /two tasks named "twice".*another-name/s,
    });
  });

  it("one function declared twice", () => {
    const fn = task("once", () => 1);
    assert.throws(() => task("again", fn), { code: "SKEIN_TASK_DUPLICATE", message: /is a task already/ });
  });

  for (const given of [[], [1], ["name"], ["", () => 1], [{}, () => 1], [undefined, () => 1], ["name", 2]]) {
    it(`task(${given.map((value) => (typeof value === "function" ? "fn" : JSON.stringify(value))).join(", ")})`, () => {
      assert.throws(() => (task as (...args: unknown[]) => unknown)(...given), { code: "SKEIN_INVALID_ARGUMENT" });
    });
  }
});
