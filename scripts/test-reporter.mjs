/**
 * A reporter for logs: one line a test file, failures in full, and at the end
 * the counts in the words that Node's own reporters use.
 */
import { relative } from "node:path";
import { inspect } from "node:util";

/** @param {AsyncIterable<{ type: string, data: any }>} events - of Node's test runner */
export default async function* report(events) {
  /** Counts of each file's tests; files run side by side, so their events mix. */
  const files = new Map();
  /** Names of the tests and suites around the one that runs, by nesting, for each file. */
  const around = new Map();
  const closing = [];
  /** Failures in full, told where they happen and once more at the end, which is what of a long log is looked at. */
  const failures = [];

  for await (const { type, data } of events) {
    if (type === "test:start") {
      const names = around.get(data.file) ?? [];
      around.set(data.file, [...names.slice(0, data.nesting), data.name]);
    } else if (type === "test:pass" || type === "test:fail") {
      const counts = files.get(data.file) ?? { passed: 0, failed: 0, ms: 0 };
      files.set(data.file, counts);
      if (data.nesting === 0) counts.ms += data.details.duration_ms;
      if (type === "test:fail" && isItsOwn(data.details.error) && data.todo === undefined) {
        counts.failed++;
        const names = [...(around.get(data.file) ?? []).slice(0, data.nesting), data.name];
        const failure = `\n✖ ${names.join(" > ")}\n  ${place(data)}\n${indent(describe(data.details.error))}\n`;
        failures.push(failure);
        yield `${failure}\n`;
      } else if (type === "test:pass" && data.details.type !== "suite" && !isLeftOut(data)) {
        counts.passed++;
      }
    } else if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
    } else if (type === "test:diagnostic" && data.nesting === 0) {
      closing.push(`ℹ ${data.message}\n`);
    }
  }

  for (const [file, { passed, failed, ms }] of files) {
    const mark = failed === 0 ? "✔" : "✖";
    yield `${mark} ${shortPath(file)}: ${passed} passed${failed === 0 ? "" : `, ${failed} failed`} (${(ms / 1000).toFixed(2)} s)\n`;
  }
  if (failures.length > 0) yield `\nfailed, once more:\n${failures.join("")}\n`;
  yield* closing;
}

/** False for a suite that failed only because a test inside it did: that test is told. */
function isItsOwn(error) {
  return error?.failureType !== "subtestsFailed";
}

function isLeftOut({ skip, todo }) {
  return skip !== undefined || todo !== undefined;
}

/** The runner wraps what the test threw; when nothing was thrown the wrapper says why it failed. */
function describe(error) {
  const thrown = error?.cause ?? error;
  if (thrown instanceof Error) return (thrown.stack ?? String(thrown)) + detail(thrown);
  return typeof thrown === "string" ? thrown : inspect(thrown);
}

/** What an error carries beside its stack: its cause and the errors it holds. */
function detail(error) {
  const parts = { cause: error.cause, errors: error.errors };
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `\n[${name}] ${inspect(value)}`)
    .join("");
}

function place({ file, line, column }) {
  return file === undefined ? "" : `${shortPath(file)}${line === undefined ? "" : `:${line}:${column}`}`;
}

function shortPath(file) {
  return file === undefined ? "(no file)" : relative(process.cwd(), file);
}

function indent(text) {
  return text.replaceAll(/^/gm, "  ");
}
