/** The canvas of the timeline as a component: what is drawn comes from outside, what a person does goes out. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import type { GroupInfo, GroupName, RowInfo } from "../analysis/model.js";
import { colours } from "../colours.js";
import { number, tick } from "../format.js";
import { useSize } from "../parts.js";
import { language, t } from "../state.js";
import { CanvasTimeline, type Picture, RULER_HEIGHT, type Shown, type Wording } from "./canvas-timeline.js";
import type { TimeWindow } from "./paint-row.js";
import { panBy, zoomAt } from "./window.js";

export interface LanesProps {
  readonly picture: Picture;
  readonly shown: Shown;
  /** True if the axis counts events. */
  readonly inEventOrder: boolean;
  readonly label: string;
  readonly onWindow: (window: TimeWindow) => void;
  readonly onScroll: (scrollTop: number) => void;
  readonly onSelect: (span: number | undefined) => void;
  readonly onHover: (span: number | undefined, x: number, y: number) => void;
  readonly onRange: (range: TimeWindow | undefined) => void;
  readonly onFold: (group: GroupName) => void;
  readonly onOpen: (span: number) => void;
}

/** A press that moves less than this is a click. */
const CLICK_PIXELS = 4;

export function Lanes(props: LanesProps): JSX.Element {
  const { ref, width, height } = useSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<CanvasTimeline | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const wording = useMemo(() => wordingOf(props.inEventOrder), [language.value, props.inEventOrder]);
  const frame = useRef(0);

  useEffect(() => {
    if (canvas.current === null) return undefined;
    drawn.current = new CanvasTimeline(canvas.current);
    const timeline = drawn.current;
    const stop = listen(canvas.current, timeline, latest);
    return () => {
      cancelAnimationFrame(frame.current);
      stop();
    };
  }, []);

  useEffect(() => {
    drawn.current?.resize(width, height, devicePixelRatio);
  }, [width, height]);

  useEffect(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      const timeline = drawn.current;
      if (timeline === undefined || width === 0) return;
      timeline.colours = colours.value;
      timeline.picture = props.picture;
      timeline.draw(props.shown, wording);
    });
  });

  return (
    <div class="lanes" ref={ref}>
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${height}px` }}
        tabIndex={0}
        role="application"
        aria-label={props.label}
        data-testid="timeline-canvas"
      />
    </div>
  );
}

function wordingOf(inEventOrder: boolean): Wording {
  const words = language.value;
  return {
    heading: (group: GroupInfo) => `${t(`group.${group.name}`)} · ${number(group.count, words)}`,
    label: ({ group, label, title }: RowInfo) =>
      group === "cores" ? t("timeline.core", label) : (title?.[words] ?? label),
    badge: (row: RowInfo) => (row.badge === "sampled" ? t("timeline.samples") : ""),
    tick: (at, step) => (inEventOrder ? t("timeline.event", number(at, words)) : tick(at, step, words)),
    unnamed: t("timeline.unnamed"),
  };
}

/** Pointer, wheel and touch. Keys are the screen's, as they work wherever the focus is. */
function listen(
  canvas: HTMLCanvasElement,
  timeline: CanvasTimeline,
  latest: { readonly current: LanesProps },
): () => void {
  let press:
    | { readonly x: number; readonly y: number; readonly atMs: number; isDrag: boolean; readonly isPan: boolean }
    | undefined;
  let lastX = 0;
  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const scrollBy = (pixels: number): void => {
    const { shown, onScroll } = latest.current;
    const most = Math.max(0, (timeline.layoutFor(shown.folded)?.totalHeight ?? 0) - timeline.viewHeight);
    onScroll(Math.min(most, Math.max(0, shown.scrollTop + pixels)));
  };
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { shown, picture, onWindow } = latest.current;
    const { x, y } = place(event);
    // A line or a page, where the browser counts so.
    const unit = event.deltaMode === 0 ? 1 : event.deltaMode === 1 ? 18 : 240;
    if (event.ctrlKey || event.metaKey || y < RULER_HEIGHT) {
      const factor = Math.exp(Math.max(-120, Math.min(120, event.deltaY * unit)) * 0.004);
      onWindow(
        zoomAt(shown.window, timeline.timeAt(Math.max(x, timeline.gutter), shown.window), factor, picture.extent),
      );
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
      onWindow(panBy(shown.window, (sideways * unit) / timeline.chartWidth, picture.extent));
    } else scrollBy(event.deltaY * unit);
  };
  const onDown = (event: PointerEvent): void => {
    const { x, y } = place(event);
    const { shown, onFold } = latest.current;
    const heading = timeline.headingUnder(y, shown);
    if (heading !== undefined) return onFold(heading.name);
    canvas.setPointerCapture(event.pointerId);
    const isPan = event.button === 1 || event.pointerType === "touch" || event.shiftKey;
    press = { x, y, atMs: timeline.timeAt(x, shown.window), isDrag: false, isPan };
    lastX = x;
  };
  const onMove = (event: PointerEvent): void => {
    const { x, y } = place(event);
    const { shown, picture, onHover, onRange, onWindow } = latest.current;
    if (press === undefined) {
      const span = timeline.spanUnder(x, y, shown);
      canvas.style.cursor =
        timeline.headingUnder(y, shown) !== undefined || span !== undefined ? "pointer" : "crosshair";
      return onHover(span, x, y);
    }
    if (!press.isDrag && Math.abs(x - press.x) < CLICK_PIXELS) return undefined;
    press.isDrag = true;
    if (press.isPan) {
      onWindow(panBy(shown.window, (lastX - x) / timeline.chartWidth, picture.extent));
      lastX = x;
      return undefined;
    }
    const atMs = timeline.timeAt(
      Math.min(Math.max(x, timeline.gutter), timeline.gutter + timeline.chartWidth),
      shown.window,
    );
    return onRange({ fromMs: Math.min(atMs, press.atMs), toMs: Math.max(atMs, press.atMs) });
  };
  const onUp = (event: PointerEvent): void => {
    const pressed = press;
    press = undefined;
    if (pressed === undefined || pressed.isDrag) return;
    const { x, y } = place(event);
    latest.current.onSelect(timeline.spanUnder(x, y, latest.current.shown));
  };
  const onLeave = (): void => latest.current.onHover(undefined, 0, 0);
  const onDouble = (event: MouseEvent): void => {
    const { x, y } = place(event);
    const span = timeline.spanUnder(x, y, latest.current.shown);
    if (span !== undefined) latest.current.onOpen(span);
  };
  canvas.addEventListener("wheel", onWheel, { passive: false });
  canvas.addEventListener("pointerdown", onDown);
  canvas.addEventListener("pointermove", onMove);
  canvas.addEventListener("pointerup", onUp);
  canvas.addEventListener("pointerleave", onLeave);
  canvas.addEventListener("dblclick", onDouble);
  return () => {
    canvas.removeEventListener("wheel", onWheel);
    canvas.removeEventListener("pointerdown", onDown);
    canvas.removeEventListener("pointermove", onMove);
    canvas.removeEventListener("pointerup", onUp);
    canvas.removeEventListener("pointerleave", onLeave);
    canvas.removeEventListener("dblclick", onDouble);
  };
}
