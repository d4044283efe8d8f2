/** Traces as OpenTelemetry spans, in the JSON form of its protocol (OTLP). */
import type { JobSpan, ScopeSpan, Timeline } from "../spans.js";
import { buildTimeline } from "../timeline.js";
import type { Trace } from "../trace.js";

const KIND_INTERNAL = 1;
const STATUS_OK = 1;
const STATUS_ERROR = 2;
/** Spans of a part. */
const SPANS_A_CHUNK = 1000;

/** Who and what the spans are of. */
export interface OtlpOptions {
  /** Name of the service; "skein" by default. */
  readonly serviceName?: string;
  /**
   * Identity of the trace, 32 hexadecimal digits, as of the request that the program
   * served. Made of the recording's beginning by default.
   */
  readonly traceId?: string;
  /** Span under which those of the program stand, 16 hexadecimal digits. */
  readonly parentSpanId?: string;
}

/**
 * Gives the jobs and scopes of a trace as OpenTelemetry spans, in parts that make one
 * JSON document (an `ExportTraceServiceRequest`) when they are put together: as a file,
 * or as the body of a POST to `/v1/traces` of a collector.
 *
 * A job stands under its scope, the scope of a job under that job.
 *
 * @example
 * ```ts
 * const { trace } = await record(() => program());
 * const body = [...otlpChunks(trace, { serviceName: "shop" })].join("");
 * const request = { method: "POST", headers: { "content-type": "application/json" }, body };
 * const send = () => fetch("http://localhost:4318/v1/traces", request);
 * ```
 *
 * @since 0.1.0
 */
export function* otlpChunks(trace: Trace, options: OtlpOptions = {}): Generator<string, void, undefined> {
  const timeline = buildTimeline(trace);
  const traceId =
    options.traceId ??
    Math.round(timeline.startedMs * 1000)
      .toString(16)
      .padStart(32, "0");
  const resource = { attributes: [attribute("service.name", options.serviceName ?? "skein")] };
  yield `{"resourceSpans":[{"resource":${JSON.stringify(resource)},"scopeSpans":[{"scope":{"name":"skein"},"spans":[\n`;
  const spans = spansOf(timeline, traceId, options.parentSpanId ?? "");
  for (let from = 0; from < spans.length; from += SPANS_A_CHUNK) {
    const part = spans.slice(from, from + SPANS_A_CHUNK).map((make) => JSON.stringify(make()));
    yield `${from === 0 ? "" : ",\n"}${part.join(",\n")}`;
  }
  yield "\n]}]}]}\n";
}

function spansOf(timeline: Timeline, traceId: string, root: string): readonly (() => object)[] {
  const { jobs, scopes, startedMs } = timeline;
  const present = new Set([...jobs, ...scopes].map(({ id }) => id));
  const threads = new Map(timeline.threads.map(({ index, name }) => [index, name]));
  const parentOf = (id: number | undefined): string => (id !== undefined && present.has(id) ? spanId(id) : root);
  const span = (one: JobSpan | ScopeSpan, kind: string, parent: string, thread: number, more: readonly object[]) => ({
    traceId,
    spanId: spanId(one.id),
    parentSpanId: parent,
    name: one.name ?? `${kind} ${one.id}`,
    kind: KIND_INTERNAL,
    startTimeUnixNano: nanoseconds(startedMs, one.beginMs),
    endTimeUnixNano: nanoseconds(startedMs, one.endMs),
    attributes: [
      attribute("skein.kind", kind),
      attribute("skein.outcome", one.outcome ?? "unfinished"),
      attribute("thread.id", thread),
      attribute("thread.name", threads.get(thread) ?? ""),
      ...more,
    ],
    status: one.outcome === "done" ? { code: STATUS_OK } : one.outcome === "failed" ? { code: STATUS_ERROR } : {},
  });
  return [
    ...scopes.map(
      (scope) => () => span(scope, "scope", parentOf(scope.job ?? (scope.parent || undefined)), scope.thread, []),
    ),
    ...jobs.map((job) => () => {
      const waited = job.waitMs === undefined ? [] : [attribute("skein.wait_ms", job.waitMs)];
      return span(job, "job", parentOf(job.scope || undefined), job.ranOn ?? job.thread, waited);
    }),
  ];
}

function spanId(id: number): string {
  return id.toString(16).padStart(16, "0");
}

/** As decimal text: so many nanoseconds are beyond what a number holds. */
function nanoseconds(startedMs: number, ms: number): string {
  return String(BigInt(Math.round(startedMs * 1e3)) * 1000n + BigInt(Math.round(ms * 1e6)));
}

function attribute(key: string, value: string | number): object {
  if (typeof value === "string") return { key, value: { stringValue: value } };
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}
