/** Wrong uses of the core and async rooms, and the code that each is told with. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { channel, MisuseError, main, scope, type Scope, sleep, SkeinError } from "skein";
import { sequencer, virtualClock, withVirtualClock } from "skein/testing";

import { failureOf } from "../support/failure.js";

type Use = (s: Scope) => unknown;

// The types forbid most of these; JavaScript and `as` do not.
const wrong = (value: unknown): never => value as never;

const TABLE: readonly (readonly [what: string, code: string, says: RegExp, use: Use])[] = [
  [
    "spawn of no function",
    "SKEIN_INVALID_ARGUMENT",
    /spawn expected a function or a task, but number 5 came/,
    (s) => s.spawn(wrong(5)),
  ],
  ["spawn of a promise", "SKEIN_INVALID_ARGUMENT", /object of class Promise/, (s) => s.spawn(wrong(Promise.resolve()))],
  [
    "spawn with options for arguments",
    "SKEIN_INVALID_ARGUMENT",
    /arguments in an array, but an object of class Object came; options are the third/,
    (s) => s.spawn(() => 1, wrong({ name: "x" })),
  ],
  [
    "spawn with one argument, not in an array",
    "SKEIN_INVALID_ARGUMENT",
    /string "a"/,
    (s) => s.spawn((a: string) => a, wrong("a")),
  ],
  ["spawn with null for arguments", "SKEIN_INVALID_ARGUMENT", /null/, (s) => s.spawn(() => 1, wrong(null))],
  [
    "spawn with a negative timeout",
    "SKEIN_INVALID_ARGUMENT",
    /timeoutMs .* number -1/,
    (s) => s.spawn(() => 1, [], { timeoutMs: -1 }),
  ],
  [
    "spawn with a timeout that is no number",
    "SKEIN_INVALID_ARGUMENT",
    /timeoutMs .* string "1s"/,
    (s) => s.spawn(() => 1, [], { timeoutMs: wrong("1s") }),
  ],
  [
    "spawn with a key that is none",
    "SKEIN_INVALID_ARGUMENT",
    /affinity must be a string or a number, but an object of class Object came/,
    (s) => s.spawn(() => 1, [], { affinity: wrong({}) }),
  ],
  [
    "spawn on what is no executor",
    "SKEIN_INVALID_ARGUMENT",
    /on .*executor.* an object of class Object/,
    (s) => s.spawn(() => 1, [], { on: wrong({}) }),
  ],
  ["spawn on null", "SKEIN_INVALID_ARGUMENT", /on .*executor.* null/, (s) => s.spawn(() => 1, [], { on: wrong(null) })],
  [
    "scope without a body",
    "SKEIN_INVALID_ARGUMENT",
    /scope expected a function as its body, but undefined/,
    () => scope(wrong(undefined)),
  ],
  [
    "scope with options for a body",
    "SKEIN_INVALID_ARGUMENT",
    /object of class Object/,
    () => scope(wrong({ timeoutMs: 5 })),
  ],
  ["scope with a scope for options", "SKEIN_INVALID_ARGUMENT", /options.* third/, (s) => scope(() => 1, wrong(s))],
  [
    "scope with a signal for options",
    "SKEIN_INVALID_ARGUMENT",
    /options.* third/,
    () => scope(() => 1, wrong(new AbortController().signal)),
  ],
  ["scope with null for options", "SKEIN_INVALID_ARGUMENT", /options/, () => scope(() => 1, wrong(null))],
  [
    "scope with a number for options",
    "SKEIN_INVALID_ARGUMENT",
    /options.* number 500/,
    () => scope(() => 1, wrong(500)),
  ],
  [
    "a scope's scope with a number for options",
    "SKEIN_INVALID_ARGUMENT",
    /options.* number 500/,
    (s) => s.scope(() => 1, wrong(500)),
  ],
  [
    "scope with a NaN timeout",
    "SKEIN_INVALID_ARGUMENT",
    /timeoutMs .* number NaN/,
    () => scope(() => 1, { timeoutMs: Number.NaN }),
  ],
  [
    "scope with a NaN deadline",
    "SKEIN_INVALID_ARGUMENT",
    /deadline .* number NaN/,
    () => scope(() => 1, { deadlineMs: Number.NaN }),
  ],
  [
    "scope with a date for a deadline",
    "SKEIN_INVALID_ARGUMENT",
    /deadline .* class Date/,
    () => scope(() => 1, { deadlineMs: wrong(new Date()) }),
  ],
  [
    "scope with a negative grace time",
    "SKEIN_INVALID_ARGUMENT",
    /graceMs .* number -5/,
    () => scope(() => 1, { graceMs: -5 }),
  ],
  [
    "scope under what can't cancel",
    "SKEIN_INVALID_ARGUMENT",
    /scope or an AbortSignal .* number 500/,
    () => scope(() => 1, {}, wrong(500)),
  ],
  ["moving a deadline to NaN", "SKEIN_INVALID_ARGUMENT", /deadline/, (s) => (s.deadlineMs = Number.NaN)],
  ["shield without a body", "SKEIN_INVALID_ARGUMENT", /shield expected a function/, (s) => s.shield(wrong(undefined))],
  [
    "defer of no function",
    "SKEIN_INVALID_ARGUMENT",
    /defer expected a function, but an object of class Promise/,
    (s) => s.defer(wrong(Promise.resolve())),
  ],
  [
    "spawn after the end",
    "SKEIN_SCOPE_CLOSED",
    /can't spawn a job: scope "ended" has ended/,
    async () => (await ended()).spawn(() => 1),
  ],
  ["defer after the end", "SKEIN_SCOPE_CLOSED", /can't defer a cleanup/, async () => (await ended()).defer(() => 1)],
  [
    "scope after the end",
    "SKEIN_SCOPE_CLOSED",
    /can't open a scope inside it/,
    async () => (await ended()).scope(() => 1),
  ],
  [
    "shield after the end",
    "SKEIN_SCOPE_CLOSED",
    /can't open a scope inside it/,
    async () => (await ended()).shield(() => 1),
  ],
  ["main without a body", "SKEIN_INVALID_ARGUMENT", /main expected a function/, () => main(wrong({}))],
  ["sleep for no time", "SKEIN_INVALID_ARGUMENT", /undefined/, () => sleep(wrong(undefined))],
  ["sleep for a negative time", "SKEIN_INVALID_ARGUMENT", /number -1/, () => sleep(-1)],
  ["sleep for NaN", "SKEIN_INVALID_ARGUMENT", /number NaN/, () => sleep(Number.NaN)],
  ["sleep for a text", "SKEIN_INVALID_ARGUMENT", /string "1s"/, () => sleep(wrong("1s"))],
  ["sleep with a number to cancel it", "SKEIN_INVALID_ARGUMENT", /a timeout is a scope/, () => sleep(1, wrong(500))],
  [
    "join with a number to cancel it",
    "SKEIN_INVALID_ARGUMENT",
    /a timeout is a scope/,
    (s) => s.spawn(() => 1).join(wrong(500)),
  ],
  ["a channel of negative capacity", "SKEIN_INVALID_ARGUMENT", /capacity .* number -1/, () => channel(-1)],
  ["a channel of half a place", "SKEIN_INVALID_ARGUMENT", /capacity .* number 0.5/, () => channel(0.5)],
  ["a channel of NaN places", "SKEIN_INVALID_ARGUMENT", /capacity .* number NaN/, () => channel(Number.NaN)],
  [
    "a channel with a text for capacity",
    "SKEIN_INVALID_ARGUMENT",
    /string "8"/,
    () => channel({ capacity: wrong("8") }),
  ],
  ["a channel with null for options", "SKEIN_INVALID_ARGUMENT", /null/, () => channel(wrong(null))],
  [
    "a channel with a number to cancel it",
    "SKEIN_INVALID_ARGUMENT",
    /scope or an AbortSignal/,
    () => channel(1, wrong(500)),
  ],
  [
    "send with a number to cancel it",
    "SKEIN_INVALID_ARGUMENT",
    /scope or an AbortSignal/,
    () => channel(1).send(1, wrong(500)),
  ],
  [
    "receive with a text to cancel it",
    "SKEIN_INVALID_ARGUMENT",
    /scope or an AbortSignal/,
    () => channel(1).receive(wrong("s")),
  ],
  [
    "values with a number to cancel it",
    "SKEIN_INVALID_ARGUMENT",
    /scope or an AbortSignal/,
    () => channel(1).values(wrong(500)).next(),
  ],
  [
    "a virtual clock with a number for options",
    "SKEIN_INVALID_ARGUMENT",
    /virtualClock expected options/,
    () => virtualClock(wrong(5)),
  ],
  [
    "advancing by NaN",
    "SKEIN_INVALID_ARGUMENT",
    /advance expected .* number NaN/,
    () => withVirtualClock((clock) => clock.advance(Number.NaN)),
  ],
  ["a sequencer's position below 0", "SKEIN_INVALID_ARGUMENT", /number -1/, () => sequencer()(-1)],
];

/** A scope that has ended. */
async function ended(): Promise<Scope> {
  const [s] = await scope((inner) => [inner] as const, { name: "ended" });
  return s;
}

describe("misuse", () => {
  for (const [what, code, says, use] of TABLE) {
    it(`${what} is ${code}`, async () => {
      const error = await failureOf(
        scope(async (s) => {
          await use(s);
        }),
      );
      assert.ok(error instanceof MisuseError && error instanceof SkeinError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, says);
    });
  }

  it("is thrown by what returns no promise, and rejects what does: a waiting verb never throws", async () => {
    for (const use of [
      () => sleep(-1),
      () => scope(wrong(1)),
      () => channel(1).send(1, wrong(5)),
      () => main(wrong(1)),
    ]) {
      await assert.rejects(use(), MisuseError);
    }
    await scope((s) => {
      assert.throws(() => s.spawn(wrong(1)), MisuseError);
      assert.throws(() => channel(-1), MisuseError);
    });
  });

  it("of spawn starts nothing, and leaves its scope as it was", async () => {
    await scope((s) => {
      assert.throws(() => s.spawn(() => assert.fail("it ran"), [], { timeoutMs: -1 }), MisuseError);
      assert.equal(s.dump().split("\n").length, 1);
    });
  });
});
