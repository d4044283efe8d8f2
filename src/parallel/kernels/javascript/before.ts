/** The order of sorted floats: that of `TypedArray.prototype.sort`. */
export function isBefore(one: number, other: number): boolean {
  if (one < other) return true;
  if (one > other) return false;
  if (one === other) return one === 0 && Object.is(one, -0) && Object.is(other, 0);
  return Number.isNaN(other) && !Number.isNaN(one);
}
