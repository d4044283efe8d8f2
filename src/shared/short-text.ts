/** Short strings from bytes: a call to the platform takes longer than to put them together here. */
import { compiled } from "./compiling.js";

/** Up to this length a string is put together here. */
export const MOST_JOINED = 24;

type Join = (bytes: Uint8Array, at: number, length: number) => string;

/** The string with a code unit for each of so many bytes, `MOST_JOINED` at most. */
export const joined: Join = compiledJoin() ?? loopingJoin;

// One call with all units makes one string; a loop makes one for each step.
function compiledJoin(): Join | undefined {
  const cases = Array.from({ length: MOST_JOINED + 1 }, (_, length) => {
    const units = Array.from({ length }, (_unit, i) => `bytes[at + ${i}]`);
    return `case ${length}: return ${length === 0 ? '""' : `fromCharCode(${units.join()})`};`;
  });
  return compiled(`return (bytes, at, length) => { switch (length) { ${cases.join("\n")} } };`, {
    fromCharCode: String.fromCharCode,
  }) as Join | undefined;
}

/** As `joined`, where compiling is forbidden. */
function loopingJoin(bytes: Uint8Array, at: number, length: number): string {
  const end = at + length;
  let text = "";
  let next = at;
  for (; next + 4 <= end; next += 4) {
    text += String.fromCharCode(
      bytes[next] as number,
      bytes[next + 1] as number,
      bytes[next + 2] as number,
      bytes[next + 3] as number,
    );
  }
  for (; next < end; next++) text += String.fromCharCode(bytes[next] as number);
  return text;
}
