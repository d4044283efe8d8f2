/** Small parts that several screens share. */
import type { Badge as BadgeName, Durations, Figure } from "skein/trace";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { duration, number, percent } from "./format.js";
import { language, t, theme } from "./state.js";
import type { TextKey } from "./texts.js";
import { State, STATES, type StateLook } from "./timeline/states.js";

export function Badge({ badge }: { readonly badge: BadgeName }): JSX.Element {
  return (
    <span class={`badge badge-${badge.replace(" ", "-")}`} title={t(`badge.${badge}.why`)}>
      {t(`badge.${badge}`)}
    </span>
  );
}

/** A figure with its name and what it rests on. */
export function Fact(props: {
  readonly name: TextKey;
  readonly figure: Figure;
  readonly write: (value: number) => string;
  readonly testId: string;
}): JSX.Element {
  const { figure } = props;
  return (
    <div class="fact">
      <dt>{t(props.name)}</dt>
      <dd>
        <span data-testid={props.testId} data-value={figure.value}>
          {figure.value === undefined ? "–" : props.write(figure.value)}
        </span>
        <Badge badge={figure.badge} />
      </dd>
    </div>
  );
}

export function Panel(props: {
  readonly title?: string;
  readonly class?: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <section class={`panel ${props.class ?? ""}`}>
      {props.title === undefined ? null : (
        <header class="panel-head">
          <h2>{props.title}</h2>
          {props.actions}
        </header>
      )}
      {props.children}
    </section>
  );
}

/** A job by its name; one that has none by its number. */
export function jobName(name: string, id: number | undefined): string {
  return name === "" ? t("task.unnamed", id ?? "?") : name;
}

export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

export function colourOf(look: Pick<StateLook, "dark" | "light"> | undefined): string {
  if (look === undefined) return "transparent";
  return theme.value === "dark" ? look.dark : look.light;
}

/** A state as colour, pattern and letter. */
export function Swatch({ state }: { readonly state: number }): JSX.Element {
  const look = STATES[state];
  return (
    <span
      class={`swatch pattern-${look?.pattern ?? "none"}`}
      style={{ backgroundColor: colourOf(look) }}
      aria-hidden="true"
    >
      {look?.letter}
    </span>
  );
}

export function StateName({ state }: { readonly state: number }): JSX.Element {
  const look = STATES[state];
  return (
    <span class="state-name">
      <Swatch state={state} />
      {look === undefined ? "" : t(look.text)}
    </span>
  );
}

/** The ways to spend time, in the order of the analyses: words and states. */
export const SHORT: readonly TextKey[] = [
  "short.running",
  "short.ready",
  "short.io",
  "short.lock",
  "short.channel",
  "short.jobs",
];
export const SPLIT: readonly number[] = [State.running, State.ready, State.io, State.lock, State.channel, State.jobs];

/** The ways to spend time, as one bar. */
export function SplitBar({
  split,
  isThin,
}: {
  readonly split: readonly (number | undefined)[];
  readonly isThin?: boolean;
}): JSX.Element {
  const total = split.reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
  const words = split.map((ms, way) => `${t(SHORT[way] ?? "short.io")} ${duration(ms, language.value)}`).join(", ");
  return (
    <span class={`split-bar ${isThin === true ? "thin" : ""}`} title={words} role="img" aria-label={words}>
      {split.map((ms, way) => {
        const share = total === 0 ? 0 : (ms ?? 0) / total;
        const look = STATES[SPLIT[way] ?? State.io];
        return share === 0 ? null : (
          <span
            key={way}
            class={`pattern-${look?.pattern ?? "none"}`}
            style={{ width: `${share * 100}%`, backgroundColor: colourOf(look) }}
          >
            {share > 0.12 ? look?.letter : ""}
          </span>
        );
      })}
    </span>
  );
}

/** The ways in words, as a legend with times. */
export function SplitLegend({ split }: { readonly split: readonly (number | undefined)[] }): JSX.Element {
  const total = split.reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
  return (
    <ul class="split-legend">
      {split.map((ms, way) => (
        <li key={way}>
          <Swatch state={SPLIT[way] ?? State.io} />
          <span>{t(SHORT[way] ?? "short.io")}</span>
          <b>{duration(ms, language.value)}</b>
          <span class="weak">{percent(total === 0 ? 0 : (ms ?? 0) / total, language.value)}</span>
        </li>
      ))}
    </ul>
  );
}

/** How often something took how long: each bar is for twice as long as the one before. */
export function HistogramChart(props: {
  readonly durations: Durations | undefined;
  readonly label: string;
}): JSX.Element {
  const { durations, label } = props;
  if (durations === undefined) return <Empty>{t("histogram.none")}</Empty>;
  const { buckets, p50Ms, p99Ms, mostMs } = durations;
  const words = language.value;
  const most = buckets.reduce((high, { count }) => Math.max(high, count), 0);
  const [first] = buckets;
  // What is shorter than the first bucket can be is in it too.
  const fromMs = (at: number): number =>
    buckets[at - 1]?.upToMs ?? (first?.upToMs === SHORTEST_MS ? 0 : (first?.upToMs ?? 0) / 2);
  return (
    <figure class="histogram" role="img" aria-label={label}>
      <div class="histogram-bars">
        {buckets.map(({ upToMs, count }, at) => (
          <div
            key={upToMs}
            class="histogram-bar"
            title={`${duration(fromMs(at), words)} – ${duration(upToMs, words)}: ${number(count, words)}`}
          >
            <span style={{ height: `${(count / most) * 100}%` }} />
          </div>
        ))}
      </div>
      <figcaption>
        <span>{duration(fromMs(0), words)}</span>
        <span>{duration(buckets.at(-1)?.upToMs, words)}</span>
      </figcaption>
      <p class="weak">
        p50 {duration(p50Ms, words)} · p99 {duration(p99Ms, words)} · {t("histogram.most")} {duration(mostMs, words)}
      </p>
    </figure>
  );
}

/** What the first bucket of durations reaches to at least. */
const SHORTEST_MS = 0.001;

/** Width and height of an element, as they are now. */
export function useSize(): {
  readonly ref: { current: HTMLDivElement | null };
  readonly width: number;
  readonly height: number;
} {
  const ref = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    setSize({ width: element.clientWidth, height: element.clientHeight });
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}

/** A small curve without axes. */
export function Sparkline({
  points,
  extent,
}: {
  readonly points: readonly (readonly [number, number])[];
  readonly extent: number;
}): JSX.Element {
  const most = Math.max(1, ...points.map(([, value]) => value));
  const path = points
    .map(([at, value], index) => {
      const x = (at / Math.max(extent, 1e-9)) * 120;
      const y = 22 - (value / most) * 20;
      return index === 0 ? `M${x.toFixed(1)} ${y.toFixed(1)}` : `H${x.toFixed(1)}V${y.toFixed(1)}`;
    })
    .join("");
  return (
    <svg class="sparkline" viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={`${path}H120V23H0Z`} />
    </svg>
  );
}
