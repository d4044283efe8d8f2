import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { withoutCarried } from "#skein/async/carried-errors";
import fc from "fast-check";

/** Random errors that carry each other: for each the indexes of those that it carries, and how. */
const graph = fc.array(
  fc.record({
    cause: fc.option(fc.nat(9)),
    errors: fc.option(fc.array(fc.nat(9), { maxLength: 3 })),
    suppressed: fc.option(fc.nat(9)),
  }),
  { minLength: 1, maxLength: 10 },
);

describe("of several errors", () => {
  it("those are left that no other carries, in their order, and none is lost, though they go in circles", () => {
    fc.assert(
      fc.property(graph, (shape) => {
        const errors = shape.map((_, index) => new Error(`${index}`));
        const edges = shape.map(({ cause, errors: among, suppressed }) =>
          [cause, suppressed, ...(among ?? [])].filter((index) => index !== null && index < errors.length),
        );
        for (const [index, { cause, errors: among, suppressed }] of shape.entries()) {
          Object.assign(errors[index] as Error, {
            cause: errors[cause ?? -1],
            ...(among !== null && { errors: among.map((inner) => errors[inner]) }),
            suppressed: errors[suppressed ?? -1],
          });
        }
        // The model: everything that can be reached from each.
        const reached = edges.map((_, index) => {
          const seen = new Set<number>();
          const walk = (from: number): void => {
            for (const to of edges[from] as number[]) {
              if (seen.has(to)) continue;
              seen.add(to);
              walk(to);
            }
          };
          walk(index);
          return seen;
        });
        const left = withoutCarried(errors).map((error) => errors.indexOf(error as Error));
        assert.deepEqual(
          left,
          left.toSorted((a, b) => a - b),
        );
        for (const index of errors.keys()) {
          // Each error is left, or carried by one that is.
          assert.ok(left.includes(index) || left.some((other) => reached[other]?.has(index)), `${index} is lost`);
          // None that is left is carried by another that is left, circles apart.
          if (reached[index]?.has(index)) continue;
          const carrier = left.find((other) => other !== index && reached[other]?.has(index));
          if (left.includes(index)) assert.equal(carrier, undefined, `${index} is told twice`);
        }
      }),
    );
  });

  it("the same error counts once, and values that are no errors each", () => {
    const error = new Error("twice");
    assert.deepEqual(withoutCarried([error, error]), [error]);
    const other = new Error("around a text", { cause: "text" });
    assert.deepEqual(withoutCarried(["text", other]), ["text", other]);
    assert.deepEqual(withoutCarried([]), []);
  });
});
