import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { decodePlace, encodePlace, NOWHERE, type Place, SCREENS } from "../../inspector/src/link.js";
import { COLOUR_BY } from "../../inspector/src/timeline/tones.js";

const moment = fc.integer({ min: 0, max: 1e9 }).map((thousandths) => thousandths / 1000);
const pair = fc.option(
  fc.tuple(moment, moment).filter(([a, b]) => a < b),
  { nil: undefined },
);
const whole = fc.option(fc.nat(), { nil: undefined });

const place: fc.Arbitrary<Place> = fc
  .record({
    screen: fc.constantFrom(...SCREENS),
    lab: fc.constant(undefined),
    window: pair,
    range: pair,
    inEventOrder: fc.boolean(),
    colourBy: fc.constantFrom(...COLOUR_BY),
    showsPath: fc.boolean(),
    item: whole,
    job: whole,
    search: fc.string({ maxLength: 50 }),
    query: fc.string({ maxLength: 50 }),
    sort: fc.constantFrom("age", "name", "cpu", "jobs"),
    isDescending: fc.boolean(),
  })
  .map(({ window, range, ...rest }) => ({
    ...rest,
    fromMs: window?.[0],
    toMs: window?.[1],
    rangeFromMs: range?.[0],
    rangeToMs: range?.[1],
  }));

describe("the address of a view", () => {
  it("leads back to where it was made", () => {
    fc.assert(
      fc.property(place, (there) => {
        assert.deepEqual(decodePlace(encodePlace(there)), there);
      }),
    );
  });

  it("names the lab that is shown, if it is a name at all", () => {
    assert.equal(encodePlace({ ...NOWHERE, screen: "labs" }), "#labs");
    assert.equal(encodePlace({ ...NOWHERE, screen: "labs", lab: "four-models" }), "#labs/four-models");
    assert.deepEqual(decodePlace("#labs/four-models"), { ...NOWHERE, screen: "labs", lab: "four-models" });
    for (const hash of ["#labs/", "#labs/<b>", "#labs/..", `#labs/${"a".repeat(99)}`]) {
      assert.deepEqual(decodePlace(hash), { ...NOWHERE, screen: "labs" });
    }
    assert.equal(decodePlace("#now/illusion").lab, undefined);
  });

  it("is short where nothing is special", () => {
    assert.equal(encodePlace(NOWHERE), "#now");
    assert.equal(encodePlace({ ...NOWHERE, screen: "timeline", fromMs: 1, toMs: 2.5 }), "#timeline?from=1&to=2.5");
  });

  it("leaves out what makes no sense, whatever stands there", () => {
    for (const hash of [
      "",
      "#",
      "#nowhere?x=1",
      "#now?from=5&to=2",
      "#now?from=NaN&to=Infinity",
      "#now?item=-1&job=1.5",
      "#now?sort=colour",
      "#now?colour=chance",
    ]) {
      assert.deepEqual(decodePlace(hash), NOWHERE, hash);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const found = decodePlace(`#tasks?${text}`);
        assert.equal(found.screen, "tasks");
        assert.ok(found.query.length <= 500);
      }),
    );
  });
});
