/** What happens, in two numbers, a sentence and a chart. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Badge as BadgeName, Figure, Finding } from "skein/trace";

import type { GroupInfo, Model } from "../analysis/model.js";
import { describePlace } from "../analysis/trace.js";
import { AreaChart } from "../charts/area-chart.js";
import { duration, level, number } from "../format.js";
import { Badge, Empty, Fact, Panel } from "../parts.js";
import { connection, go, isFollowing, language, t } from "../state.js";
import { Lanes } from "../timeline/lanes.js";
import type { Shown } from "../timeline/canvas-timeline.js";
import { usePicture } from "../timeline/use-picture.js";
import { around, fitAll } from "../timeline/window.js";

const CHART_MS = 60_000;
const STRIP_MS = 5000;
const NOTHING_FOLDED: ReadonlySet<never> = new Set();

export function NowScreen({ model }: { readonly model: Model }): JSX.Element {
  const words = language.value;
  const { figures, verdict, series, findings } = model.summary;
  const { durationMs } = model;
  const fromMs = Math.max(0, durationMs - CHART_MS);
  // Of a program that runs, what it does now; of a recording, what it did on the whole.
  const isNow = connection.value === "live";
  const inFlight = isNow ? latest(series.times, series.inFlight, figures.inFlight.badge) : figures.meanInFlight;
  const busy = isNow
    ? latest(series.times, series.busy, series.busyBadge)
    : figures.coresBusy.value === undefined
      ? figures.meanRunning
      : figures.coresBusy;
  return (
    <div class="now">
      <p class={`verdict verdict-${verdict[words].kind}`} data-testid="verdict">
        {verdict[words].text}
      </p>
      <div class="now-numbers">
        <BigNumber
          name={t("now.concurrency")}
          what={t(isNow ? "now.concurrency.now" : "now.concurrency.what")}
          figure={inFlight}
          testId="concurrency"
          extra={`${t("now.peak")}: ${number(figures.mostInFlight.value, words)}`}
          tone="jobs"
        />
        <BigNumber
          name={t("now.parallelism")}
          what={t(isNow ? "now.parallelism.now" : "now.parallelism.what")}
          figure={busy}
          testId="parallelism"
          extra={`${t("now.cores")}: ${number(figures.coresAllowed.value, words)}`}
          tone="cores"
        />
        <dl class="facts">
          <Fact name="now.demand" figure={figures.coresWanted} write={(value) => level(value, words)} testId="demand" />
          <Fact name="now.taken" figure={figures.coresTaken} write={(value) => level(value, words)} testId="taken" />
          <Fact
            name="now.running"
            figure={figures.meanRunning}
            write={(value) => level(value, words)}
            testId="mean-running"
          />
          <Fact name="now.cpu" figure={figures.cpuMs} write={(value) => duration(value, words)} testId="cpu" />
          <Fact
            name="now.waited"
            figure={figures.coreWaitMs}
            write={(value) => duration(value, words)}
            testId="core-wait"
          />
          <Fact name="now.jobs" figure={figures.jobs} write={(value) => number(value, words)} testId="jobs" />
        </dl>
      </div>
      <Panel title={t("now.chart.title")} class="now-chart">
        <AreaChart
          series={series}
          fromMs={fromMs}
          toMs={durationMs}
          cores={figures.coresAllowed.value}
          onChoose={(from, to) => go({ screen: "timeline", fromMs: from, toMs: to, inEventOrder: false })}
        />
      </Panel>
      <Panel title={`${t("now.findings")}${findings.length === 0 ? "" : ` · ${findings.length}`}`} class="now-findings">
        <Findings findings={findings} durationMs={durationMs} />
      </Panel>
      <Strip model={model} />
    </div>
  );
}

/** The mean of the last second. */
function latest(times: readonly number[], values: readonly (number | null)[], badge: BadgeName): Figure {
  const from = (times.at(-1) ?? 0) - 1000;
  const recent = values.filter((value, index): value is number => value !== null && (times[index] ?? 0) >= from);
  return recent.length === 0 || badge === "not available"
    ? { badge: "not available", value: undefined }
    : { badge, value: recent.reduce((sum, value) => sum + value, 0) / recent.length };
}

function BigNumber(props: {
  readonly name: string;
  readonly what: string;
  readonly figure: Figure;
  readonly testId: string;
  readonly extra: string;
  readonly tone: "jobs" | "cores";
}): JSX.Element {
  const { figure } = props;
  return (
    <div class={`big big-${props.tone}`}>
      <h2>
        {props.name} <Badge badge={figure.badge} />
      </h2>
      <p class="big-value" data-testid={props.testId} data-value={figure.value}>
        {level(figure.value, language.value)}
      </p>
      <p class="big-what">{props.what}</p>
      <p class="big-extra">{props.extra}</p>
    </div>
  );
}

function Findings({
  findings,
  durationMs,
}: {
  readonly findings: readonly Finding[];
  readonly durationMs: number;
}): JSX.Element {
  const words = language.value;
  if (findings.length === 0) return <Empty>{t("now.findings.none")}</Empty>;
  return (
    <ol class="findings">
      {findings.map((finding) => (
        <li key={finding.id}>
          <button
            type="button"
            class={`finding finding-${finding.severity}`}
            data-testid="finding"
            data-kind={finding.kind}
            onClick={() => {
              const window = around(finding.fromMs, finding.toMs, durationMs);
              go({
                screen: "timeline",
                ...window,
                inEventOrder: false,
                rangeFromMs: finding.fromMs,
                rangeToMs: Math.max(finding.toMs, finding.fromMs + 1e-3),
              });
            }}
          >
            <span
              class="finding-mark"
              title={t(`severity.${finding.severity}`)}
              aria-label={t(`severity.${finding.severity}`)}
            >
              {finding.severity === "problem" ? "!" : finding.severity === "warning" ? "▲" : "i"}
            </span>
            <span class="finding-words">
              <b>{finding.text[words]}</b>
              {finding.place?.url === undefined ? null : <code>{describePlace(finding.place)}</code>}
              <span>{finding.advice[words]}</span>
            </span>
            <time>{duration(Math.max(0, finding.fromMs), words)}</time>
          </button>
        </li>
      ))}
    </ol>
  );
}

function isOfStrip({ name }: GroupInfo): boolean {
  return name === "cores" || name === "threads";
}

/** Cores and threads at a glance. */
function Strip({ model }: { readonly model: Model }): JSX.Element {
  const isLong = model.durationMs > STRIP_MS;
  const [isLast, setIsLast] = useState(model.isLive);
  const [scrollTop, setScrollTop] = useState(0);
  useEffect(() => setScrollTop(0), [model.name]);
  const { picture } = usePicture(model, undefined, isOfStrip);
  const shown: Shown = {
    window:
      isLast && isLong ? { fromMs: model.durationMs - STRIP_MS, toMs: model.durationMs } : fitAll(model.durationMs),
    scrollTop,
    folded: NOTHING_FOLDED,
    selected: undefined,
    hovered: undefined,
    range: undefined,
    marks: [],
    arrows: [],
    path: [],
    found: undefined,
  };
  return (
    <Panel
      title={t("now.strip")}
      class="now-strip"
      actions={
        isLong ? (
          <button type="button" class="chip" aria-pressed={isLast} onClick={() => setIsLast(!isLast)}>
            {t(isLast ? "now.strip.last" : "now.strip.all")}
          </button>
        ) : null
      }
    >
      <Lanes
        picture={picture}
        shown={shown}
        inEventOrder={false}
        label={t("now.strip")}
        onWindow={(window) => {
          isFollowing.value = false;
          go({ screen: "timeline", ...window, inEventOrder: false });
        }}
        onScroll={setScrollTop}
        onSelect={(span) => {
          if (span === undefined) return;
          const window = around(model.columns.begin[span] ?? 0, model.columns.end[span] ?? 0, model.durationMs);
          go({ screen: "timeline", ...window, inEventOrder: false, item: model.columns.item[span] });
        }}
        onHover={() => undefined}
        onRange={(range) => {
          if (range !== undefined) go({ screen: "timeline", rangeFromMs: range.fromMs, rangeToMs: range.toMs });
        }}
        onFold={() => undefined}
        onOpen={() => undefined}
      />
    </Panel>
  );
}
