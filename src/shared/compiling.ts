/** Functions made from text, for code that is the faster the less general it is. */

let mayCompile = true;

/**
 * Compiles a function body. Where that is forbidden, as the policy of a page may, there
 * has to be another way to do the same.
 *
 * Nothing of what a user gave may stand in the body but as a JSON string.
 *
 * @param names - what it may name
 * @returns what it returns, `undefined` where compiling is forbidden
 */
export function compiled(body: string, names: Readonly<Record<string, unknown>>): unknown {
  if (!mayCompile) return undefined;
  let make;
  try {
    // eslint-disable-next-line typescript/no-implied-eval -- see above for what is in it
    make = new Function(...Object.keys(names), `"use strict";${body}`) as (...values: unknown[]) => unknown;
  } catch (error) {
    // A mistake in the text is ours; all else is the platform's refusal, which stays.
    if (error instanceof SyntaxError) throw error;
    mayCompile = false;
    return undefined;
  }
  return make(...Object.values(names));
}
