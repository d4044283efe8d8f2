/** The chart of jobs in flight, cores wanted and cores busy, over time. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import UPlot from "uplot";

import type { Series } from "../analysis/model.js";
import { colours } from "../colours.js";
import { level, tick } from "../format.js";
import { useSize } from "../parts.js";
import { language, t, theme } from "../state.js";

/** The name of an upright axis. */
const LABEL = { labelSize: 18, labelGap: 0, labelFont: "11px system-ui, sans-serif" };

export interface AreaChartProps {
  readonly series: Series;
  readonly fromMs: number;
  readonly toMs: number;
  readonly cores: number | undefined;
  /** A place was chosen on the chart. */
  readonly onChoose?: (fromMs: number, toMs: number) => void;
  /** What the axes reach to at least, so that two charts can be compared. */
  readonly mostJobs?: number | undefined;
  readonly mostCores?: number | undefined;
}

export function AreaChart(props: AreaChartProps): JSX.Element {
  const { ref, width, height } = useSize();
  const chart = useRef<UPlot | undefined>(undefined);
  const shown = useRef(props);
  shown.current = props;
  const [pointed, setPointed] = useState<number | undefined>();
  useEffect(() => {
    const element = ref.current;
    if (element === null || width === 0 || height === 0) return undefined;
    const made = new UPlot(optionsOf(shown, width, height, setPointed), dataOf(props), element);
    chart.current = made;
    return () => {
      chart.current = undefined;
      made.destroy();
    };
  }, [width === 0, theme.value, language.value]);
  useEffect(() => {
    if (width > 0 && height > 0) chart.current?.setSize({ width, height });
  }, [width, height]);
  useEffect(() => {
    chart.current?.setData(dataOf(props), true);
  }, [props.series, props.fromMs, props.toMs, props.cores]);
  return (
    <div class="chart-with-legend">
      <Legend {...props} pointed={pointed} />
      <div class="chart" ref={ref} role="img" aria-label={t("now.chart")} />
    </div>
  );
}

/** What each line is, and under the pointer how much. */
function Legend({ series, cores, pointed }: AreaChartProps & { readonly pointed: number | undefined }): JSX.Element {
  const at = (values: readonly (number | null)[]): string => {
    const value = pointed === undefined ? undefined : values[pointed];
    return value === undefined || value === null ? "" : level(value, language.value);
  };
  const isPointed = pointed !== undefined;
  return (
    <ul class="chart-legend" aria-hidden="true">
      <li class="line-jobs">
        {t("now.chart.inFlight")} <b>{at(series.inFlight)}</b>
      </li>
      <li class="line-busy">
        {t("now.chart.busy")} <b>{at(series.busy)}</b>
      </li>
      {series.demandBadge === "not available" ? null : (
        <li class="line-demand">
          {t("now.chart.demand")} <b>{at(series.demand)}</b>
        </li>
      )}
      {cores === undefined ? null : (
        <li class="line-ceiling">
          {t("now.chart.ceiling")} <b>{isPointed ? level(cores, language.value) : ""}</b>
        </li>
      )}
      <li class="line-time">{isPointed ? tick(series.times[pointed] ?? 0, 1, language.value) : ""}</li>
    </ul>
  );
}

function dataOf({ series, cores }: AreaChartProps): UPlot.AlignedData {
  return [
    [...series.times],
    [...series.inFlight],
    [...series.busy],
    [...series.demand],
    series.times.map(() => cores ?? null),
  ];
}

function optionsOf(
  shown: { readonly current: AreaChartProps },
  width: number,
  height: number,
  onPoint: (index: number | undefined) => void,
): UPlot.Options {
  const { value: ink } = colours;
  const { value: words } = language;
  const axis = {
    stroke: ink.weak,
    grid: { stroke: ink.line, width: 1 },
    ticks: { stroke: ink.line, width: 1 },
    font: "11px system-ui",
  };
  const green = ink.isDark ? "#2fb38a" : "#00916a";
  const amber = ink.isDark ? "#e8a33d" : "#b87407";
  const most = (series: readonly (number | null)[]): number =>
    series.reduce<number>((high, value) => Math.max(high, value ?? 0), 0);
  return {
    width,
    height,
    padding: [10, 4, 0, 4],
    cursor: { drag: { x: true, y: false, setScale: false } },
    legend: { show: false },
    scales: {
      x: {
        time: false,
        range: () => [shown.current.fromMs, Math.max(shown.current.toMs, shown.current.fromMs + 1e-6)],
      },
      jobs: {
        range: () => [
          0,
          Math.max(1, Math.max(shown.current.mostJobs ?? 0, most(shown.current.series.inFlight)) * 1.12),
        ],
      },
      cores: {
        range: () => {
          const { series, cores, mostCores } = shown.current;
          return [0, Math.max(mostCores ?? 0, most(series.busy), most(series.demand), cores ?? 0) * 1.12 || 1];
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 30,
        values: (_, marks) => marks.map((at) => tick(at, (marks[1] ?? 1) - (marks[0] ?? 0), words)),
      },
      {
        ...axis,
        scale: "jobs",
        label: t("now.chart.left"),
        ...LABEL,
        space: 36,
        side: 3,
        size: 34,
        values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? String(mark) : "")),
      },
      {
        ...axis,
        scale: "cores",
        label: t("now.chart.right"),
        ...LABEL,
        side: 1,
        size: 38,
        grid: { show: false },
        values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? String(mark) : "")),
      },
    ],
    series: [
      {},
      {
        label: t("now.chart.inFlight"),
        scale: "jobs",
        stroke: ink.accent,
        width: 1.5,
        points: { show: false },
      },
      {
        label: t("now.chart.busy"),
        scale: "cores",
        stroke: green,
        fill: `${green}55`,
        width: 1.25,
        points: { show: false },
      },
      {
        label: t("now.chart.demand"),
        scale: "cores",
        stroke: amber,
        width: 1.25,
        dash: [6, 3],
        points: { show: false },
      },
      {
        label: t("now.chart.ceiling"),
        scale: "cores",
        stroke: ink.weak,
        width: 1,
        dash: [2, 4],
        points: { show: false },
      },
    ],
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)],
      setSelect: [
        (chart) => {
          const { left, width: chosen } = chart.select;
          if (chosen < 4) return;
          shown.current.onChoose?.(chart.posToVal(left, "x"), chart.posToVal(left + chosen, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}
