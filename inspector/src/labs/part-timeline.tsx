/** The timeline of one part of a run, among others that may share its window of time. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { GroupName, Model } from "../analysis/model.js";
import { type Picture, RULER_HEIGHT, type Shown } from "../timeline/canvas-timeline.js";
import { Lanes } from "../timeline/lanes.js";
import { layOut } from "../timeline/layout.js";
import type { TimeWindow } from "../timeline/paint-row.js";
import { Tooltip } from "../timeline/selection.js";
import { usePicture } from "../timeline/use-picture.js";
import { around, panBy, zoomAt } from "../timeline/window.js";

const NOTHING: readonly never[] = [];
const HIGHEST = 380;
/** More rows of tasks than this are folded at first. */
const MANY_ROWS = 24;
const ZOOM = 0.75;
const PAN = 0.15;

export function PartTimeline(props: {
  readonly model: Model;
  readonly label: string;
  /** Width of time that the window can show. */
  readonly extentMs: number;
  readonly window: TimeWindow;
  /** `undefined` shows all. */
  readonly onWindow: (window: TimeWindow | undefined) => void;
}): JSX.Element {
  const { model, extentMs, window, onWindow } = props;
  const { picture: own } = usePicture(model);
  const picture = useMemo<Picture>(() => ({ ...own, extent: extentMs }), [own, extentMs]);
  const [folded, setFolded] = useState<ReadonlySet<GroupName>>(() => foldedAtFirst(model));
  const [scrollTop, setScrollTop] = useState(0);
  const [hover, setHover] = useState<{ readonly span: number; readonly x: number; readonly y: number } | undefined>();
  const wholeHeight = RULER_HEIGHT + layOut(picture.rows, picture.groups, folded).totalHeight;
  const isCut = wholeHeight > HIGHEST;
  const frame = useWheelOfPage(isCut);
  const shown: Shown = {
    window,
    scrollTop: isCut ? scrollTop : 0,
    folded,
    selected: undefined,
    hovered: hover?.span,
    range: undefined,
    marks: NOTHING,
    arrows: NOTHING,
    path: NOTHING,
    found: undefined,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = windowAfter(event, window, extentMs);
    if (to === "none") return;
    event.preventDefault();
    event.stopPropagation();
    onWindow(to);
  };
  return (
    <div
      ref={frame}
      class="part-timeline"
      style={{ height: `${Math.min(wholeHeight, HIGHEST)}px` }}
      onKeyDown={onKeyDown}
      data-testid="part-timeline"
      data-spans={model.summary.spans}
      data-jobs={model.summary.jobs}
    >
      <Lanes
        picture={picture}
        shown={shown}
        inEventOrder={false}
        label={props.label}
        onWindow={onWindow}
        onScroll={setScrollTop}
        onSelect={() => undefined}
        onHover={(span, x, y) => setHover(span === undefined ? undefined : { span, x, y })}
        onRange={() => undefined}
        onFold={(group) => {
          const to = new Set(folded);
          if (!to.delete(group)) to.add(group);
          setFolded(to);
        }}
        onOpen={(span) => onWindow(around(picture.columns.begin[span] ?? 0, picture.columns.end[span] ?? 0, extentMs))}
      />
      {hover === undefined ? null : <Tooltip model={model} picture={picture} {...hover} />}
    </div>
  );
}

/** What a key makes of the window; "none" if it is none of ours. */
function windowAfter(event: KeyboardEvent, window: TimeWindow, extentMs: number): TimeWindow | undefined | "none" {
  const middle = (window.fromMs + window.toMs) / 2;
  // By the place of the key, so that WASD is there on a Russian keyboard too.
  switch (event.code) {
    case "KeyW":
    case "Equal":
      return zoomAt(window, middle, ZOOM, extentMs);
    case "KeyS":
    case "Minus":
      return zoomAt(window, middle, 1 / ZOOM, extentMs);
    case "KeyA":
    case "ArrowLeft":
      return panBy(window, -PAN, extentMs);
    case "KeyD":
    case "ArrowRight":
      return panBy(window, PAN, extentMs);
    case "KeyF":
      return undefined;
    default:
      return "none";
  }
}

function foldedAtFirst({ groups }: Model): ReadonlySet<GroupName> {
  const folded = new Set<GroupName>(["helpers", "resources", "gc"]);
  if ((groups.find(({ name }) => name === "tasks")?.rows ?? 0) > MANY_ROWS) folded.add("tasks");
  return folded;
}

/** A plain wheel over a picture that is shown whole moves the page, as everywhere else on it. */
function useWheelOfPage(isCut: boolean): { current: HTMLDivElement | null } {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null || isCut) return undefined;
    const onWheel = (event: WheelEvent): void => {
      const isOurs =
        event.ctrlKey || event.metaKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (!isOurs) event.stopPropagation();
    };
    element.addEventListener("wheel", onWheel, { capture: true, passive: true });
    return () => element.removeEventListener("wheel", onWheel, { capture: true });
  }, [isCut]);
  return frame;
}
