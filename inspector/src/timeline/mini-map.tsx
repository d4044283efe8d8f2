/** The whole recording, small: jobs in flight and cores busy, findings, and the window, which can be dragged. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Finding } from "skein/trace";

import type { Series } from "../analysis/model.js";
import { colours } from "../colours.js";
import { useSize } from "../parts.js";
import { t } from "../state.js";
import type { TimeWindow } from "./paint-row.js";
import { clamp } from "./window.js";

export function MiniMap(props: {
  readonly series: Series;
  readonly findings: readonly Finding[];
  readonly extent: number;
  readonly window: TimeWindow;
  readonly onWindow: (window: TimeWindow) => void;
}): JSX.Element {
  const { ref, width, height } = useSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { series, findings, extent, window, onWindow } = props;
  const ink = colours.value;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (canvas.current === null || context === null || context === undefined || width === 0) return;
    const scale = devicePixelRatio;
    canvas.current.width = Math.round(width * scale);
    canvas.current.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const x = (atMs: number): number => (atMs / extent) * width;
    const curve = (values: readonly (number | null)[], colour: string, isFilled: boolean): void => {
      const most = values.reduce<number>((high, value) => Math.max(high, value ?? 0), 1);
      context.beginPath();
      context.moveTo(0, height);
      values.forEach((value, index) =>
        context.lineTo(x(series.times[index] ?? 0), height - ((value ?? 0) / most) * (height - 8)),
      );
      context.lineTo(width, height);
      context.fillStyle = colour;
      context.strokeStyle = colour;
      if (isFilled) {
        context.globalAlpha = 0.45;
        context.fill();
        context.globalAlpha = 1;
      } else context.stroke();
    };
    curve(series.busy, ink.isDark ? "#2fb38a" : "#00916a", true);
    curve(series.inFlight, ink.accent, false);
    for (const { fromMs, toMs, severity } of findings) {
      context.fillStyle = severity === "note" ? ink.weak : ink.problem;
      context.fillRect(x(fromMs), 0, Math.max(2, x(toMs) - x(fromMs)), 4);
    }
    const left = Math.max(0, x(window.fromMs));
    const right = Math.min(width, x(window.toMs));
    context.fillStyle = ink.background;
    context.globalAlpha = 0.62;
    context.fillRect(0, 0, left, height);
    context.fillRect(right, 0, width - right, height);
    context.globalAlpha = 1;
    context.strokeStyle = ink.accent;
    context.lineWidth = 1.5;
    context.strokeRect(left + 0.75, 0.75, Math.max(2, right - left - 1.5), height - 1.5);
  }, [width, height, series, findings, extent, window, ink]);
  const moveTo = (event: PointerEvent): void => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const middle = ((event.clientX - box.left) / box.width) * extent;
    const half = (window.toMs - window.fromMs) / 2;
    onWindow(clamp({ fromMs: middle - half, toMs: middle + half }, extent));
  };
  return (
    <div class="mini-map" ref={ref}>
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${height}px` }}
        role="img"
        aria-label={t("timeline.minimap")}
        title={t("timeline.minimap")}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          moveTo(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons !== 0) moveTo(event);
        }}
      />
    </div>
  );
}
