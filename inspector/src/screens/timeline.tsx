/** Cores, threads, scopes and tasks, resources and stalls on one axis. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { momentAt } from "../analysis/event-order.js";
import type { GroupName, Model, PathInfo, TaskDetail } from "../analysis/model.js";
import { duration, number } from "../format.js";
import { Badge, colourOf, Empty, jobName, SHORT, SPLIT, SplitBar, StateName, Swatch } from "../parts.js";
import { go, isFollowing, language, order, place, showsKeys, t, view } from "../state.js";
import type { Picture, Shown } from "../timeline/canvas-timeline.js";
import { jumpFrom, type JumpTo } from "../timeline/jump.js";
import { Lanes } from "../timeline/lanes.js";
import { layOut } from "../timeline/layout.js";
import { MiniMap } from "../timeline/mini-map.js";
import type { TimeWindow } from "../timeline/paint-row.js";
import { arrowsOf, itemsNamed, placesOfPath, slicesOf } from "../timeline/related.js";
import { itemIndex, itemKind, ItemKind, rowOf } from "../timeline/span-store.js";
import { State, STATES } from "../timeline/states.js";
import { COLOUR_BY, type ColourBy, type ToneName, TONES } from "../timeline/tones.js";
import { usePicture } from "../timeline/use-picture.js";
import { around, panBy, zoomAt } from "../timeline/window.js";
import { isTyping } from "../typing.js";
import { useAnswer } from "../use-answer.js";

const NO_ARROWS: Shown["arrows"] = [];
const NO_PATH: Shown["path"] = [];
const ZOOM = 0.75;
const PAN = 0.15;
/** Pixels above a row that was jumped to. */
const ROOM_ABOVE = 80;
/** Pixels that an arrow key scrolls. */
const SCROLL = 60;

export function TimelineScreen({ model }: { readonly model: Model }): JSX.Element {
  const words = language.value;
  const here = place.value;
  const search = useRef<HTMLInputElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [folded, setFolded] = useState<ReadonlySet<GroupName>>(new Set(["helpers"]));
  const [hover, setHover] = useState<{ readonly span: number; readonly x: number; readonly y: number } | undefined>();
  const [slice, setSlice] = useState<number | undefined>();
  const [isTooMany, setIsTooMany] = useState(false);

  const ordered = here.inEventOrder ? order.value : undefined;
  const { picture, toneNames } = usePicture(model, ordered);
  useEffect(() => {
    order.value = undefined;
  }, [model]);
  const asked = useAnswer<"order">(here.inEventOrder ? { kind: "order", slot: "first" } : undefined, model);
  useEffect(() => {
    if (!asked.isFresh) return;
    setIsTooMany(asked.answer === undefined);
    if (asked.answer === undefined) go({ inEventOrder: false });
    else order.value = asked.answer;
  }, [asked.answer, asked.isFresh]);

  const slices = useMemo(
    () => (here.item === undefined ? [] : slicesOf(model.columns, model.groups, here.item)),
    [here.item, model],
  );
  // Beside the slices of a task's bar also its steps on threads, where one was chosen.
  const isOfItem = slice !== undefined && here.item !== undefined && model.columns.item[slice] === here.item;
  const selected = isOfItem ? slice : slices[0];
  const isJob = here.item !== undefined && itemKind(here.item) === ItemKind.job;
  const about = useAnswer<"detail">(
    isJob ? { kind: "detail", slot: "first", job: itemIndex(here.item ?? 0) } : undefined,
    model,
  );
  const detail = about.isFresh ? about.answer : undefined;
  const arrows = useMemo(
    () => (detail === undefined ? NO_ARROWS : arrowsOf(model.columns, model.groups, detail)),
    [detail, model],
  );
  const { answer: path, isFresh: isPathFresh } = useAnswer<"path">(
    here.showsPath && here.item !== undefined ? { kind: "path", slot: "first", item: here.item } : undefined,
    model,
  );
  const shownPath = isPathFresh ? path : undefined;
  const pathPlaces = useMemo(
    () => (shownPath === undefined ? NO_PATH : placesOfPath(model.columns, model.groups, shownPath)),
    [shownPath, model],
  );
  const found = useMemo(() => itemsNamed(model.columns, model.names, here.search), [model, here.search]);
  const toAxis = (atMs: number): number => (ordered === undefined ? atMs : momentAt(ordered.momentsMs, atMs));
  const fromAxis = (at: number): number =>
    ordered === undefined
      ? at
      : (ordered.momentsMs[Math.max(0, Math.min(ordered.momentsMs.length - 1, Math.round(at)))] ?? 0);
  const range =
    here.rangeFromMs === undefined || here.rangeToMs === undefined
      ? undefined
      : { fromMs: toAxis(here.rangeFromMs), toMs: toAxis(here.rangeToMs) };
  const marks = useMemo(
    () =>
      model.summary.findings.map(({ fromMs, toMs, severity }) => ({
        fromMs: toAxis(fromMs),
        toMs: toAxis(toMs),
        isProblem: severity !== "note",
      })),
    [model, ordered],
  );
  const onAxis = useMemo(
    () => pathPlaces.map(({ row, fromMs, toMs }) => ({ row, fromMs: toAxis(fromMs), toMs: toAxis(toMs) })),
    [pathPlaces, ordered],
  );
  const window = useFollowed(model);
  const shown: Shown = {
    window,
    scrollTop,
    folded,
    selected,
    hovered: hover?.span,
    range,
    marks,
    arrows,
    path: onAxis,
    found,
  };

  const setWindow = (to: TimeWindow): void => {
    isFollowing.value = false;
    go(to);
  };
  const select = (span: number | undefined): void => {
    const item = span === undefined ? undefined : picture.columns.item[span];
    setSlice(span);
    go({ item: item === 0 ? undefined : item });
  };
  const openSpan = (span: number): void => {
    const item = picture.columns.item[span] ?? 0;
    if (itemKind(item) === ItemKind.job) go({ screen: "tasks", job: itemIndex(item) });
    else setWindow(around(picture.columns.begin[span] ?? 0, picture.columns.end[span] ?? 0, picture.extent));
  };
  const stepSlice = (by: number): void => {
    if (slices.length === 0) return;
    const index = selected === undefined ? 0 : slices.indexOf(selected) + by;
    const next = slices[Math.max(0, Math.min(slices.length - 1, index))];
    if (next === undefined) return;
    setSlice(next);
    bringIntoWindow(next);
  };
  const bringIntoWindow = (span: number): void => {
    const { columns, extent } = picture;
    const [begin, end] = [columns.begin[span] ?? 0, columns.end[span] ?? 0];
    const width = window.toMs - window.fromMs;
    if (begin >= window.fromMs && end <= window.toMs) return;
    const middle = (begin + end) / 2;
    setWindow(
      end - begin > width ? around(begin, end, extent) : { fromMs: middle - width / 2, toMs: middle + width / 2 },
    );
  };
  const jumpedFrom = useRef<{ readonly span: number; readonly from: number; readonly model: Model } | undefined>(
    undefined,
  );
  const jump = useMemo(() => (selected === undefined ? undefined : jumpFrom(model, selected)), [model, selected]);
  const goAlong = (): void => {
    if (selected === undefined || jump === undefined) return;
    // Back is where it came from, even if the thread did something else for longer.
    const last = jumpedFrom.current;
    const isBack = last?.span === selected && last.model === model;
    const span = isBack ? last.from : jump.span;
    jumpedFrom.current = { span, from: selected, model };
    select(span);
    const row = rowOf(picture.columns, span);
    const group = model.rows[row]?.group;
    const open = new Set([...folded].filter((name) => name !== group));
    if (open.size < folded.size) setFolded(open);
    setScrollTop(Math.max(0, (layOut(model.rows, model.groups, open).top[row] ?? 0) - ROOM_ABOVE));
    bringIntoWindow(span);
  };

  const actions = useRef<(key: string) => boolean>(() => false);
  actions.current = (key) => {
    const middle = (window.fromMs + window.toMs) / 2;
    switch (key) {
      case "w":
      case "+":
      case "=":
        setWindow(zoomAt(window, middle, ZOOM, picture.extent));
        return true;
      case "s":
      case "-":
        setWindow(zoomAt(window, middle, 1 / ZOOM, picture.extent));
        return true;
      case "a":
      case "ArrowLeft":
        setWindow(panBy(window, -PAN, picture.extent));
        return true;
      case "d":
      case "ArrowRight":
        setWindow(panBy(window, PAN, picture.extent));
        return true;
      case "ArrowUp":
        setScrollTop(Math.max(0, scrollTop - SCROLL));
        return true;
      case "ArrowDown":
        setScrollTop(scrollTop + SCROLL);
        return true;
      case "f":
        go({ fromMs: undefined, toMs: undefined });
        return true;
      case "c":
        go({ colourBy: COLOUR_BY[(COLOUR_BY.indexOf(here.colourBy) + 1) % COLOUR_BY.length] ?? "task" });
        return true;
      case "g":
        goAlong();
        return true;
      case "o":
        go({ inEventOrder: !here.inEventOrder, fromMs: undefined, toMs: undefined });
        return true;
      case "z": {
        const { columns, extent } = picture;
        if (selected !== undefined) setWindow(around(columns.begin[selected] ?? 0, columns.end[selected] ?? 0, extent));
        return true;
      }
      case "[":
        stepSlice(-1);
        return true;
      case "]":
        stepSlice(1);
        return true;
      case "/":
        search.current?.focus();
        return true;
      case "Enter":
        if (selected !== undefined) openSpan(selected);
        return true;
      case "Escape":
        setSlice(undefined);
        go({ item: undefined, showsPath: false, rangeFromMs: undefined, rangeToMs: undefined, search: "" });
        return true;
      default:
        return false;
    }
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || showsKeys.value) return;
      if (isTyping(event)) {
        if (event.key === "Escape" && event.target === search.current) search.current?.blur();
        return;
      }
      // Enter and the arrows belong to a control that has the focus.
      const isOnControl = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
      if (isOnControl && event.key === "Enter") return;
      // By the place of the key, so that WASD is there on a Russian keyboard too.
      const key = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : byPlace(event);
      if (actions.current(key)) event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  return (
    <div class="timeline">
      <div class="toolbar">
        <div class="buttons">
          <button type="button" class="chip" title="F" onClick={() => actions.current("f")}>
            {t("timeline.fit")}
          </button>
          <button
            type="button"
            class="chip square"
            title={`${t("timeline.in")} (W)`}
            aria-label={t("timeline.in")}
            onClick={() => actions.current("w")}
          >
            +
          </button>
          <button
            type="button"
            class="chip square"
            title={`${t("timeline.out")} (S)`}
            aria-label={t("timeline.out")}
            onClick={() => actions.current("s")}
          >
            −
          </button>
        </div>
        <div class="buttons" role="group">
          <button
            type="button"
            class="chip"
            aria-pressed={!here.inEventOrder}
            onClick={() => go({ inEventOrder: false, fromMs: undefined, toMs: undefined })}
          >
            {t("timeline.real")}
          </button>
          <button
            type="button"
            class="chip"
            aria-pressed={here.inEventOrder}
            title="O"
            data-testid="event-order"
            onClick={() => go({ inEventOrder: true, fromMs: undefined, toMs: undefined })}
          >
            {t("timeline.order")}
          </button>
        </div>
        <div class="buttons" role="group" aria-label={t("timeline.colour")} title="C" data-testid="colour-by">
          <span class="weak">{t("timeline.colour")}</span>
          {COLOUR_BY.map((by) => (
            <button
              type="button"
              class="chip"
              key={by}
              aria-pressed={here.colourBy === by}
              data-testid={`colour-${by}`}
              onClick={() => go({ colourBy: by })}
            >
              {t(`timeline.colour.${by}`)}
            </button>
          ))}
        </div>
        <label class="search">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5" />
          </svg>
          <input
            ref={search}
            type="search"
            placeholder={`${t("timeline.search")}  /`}
            aria-label={t("timeline.search")}
            value={here.search}
            onInput={({ currentTarget }) => go({ search: currentTarget.value })}
          />
          {found === undefined ? null : (
            <span data-testid="found">{t("timeline.found", number(found.size, words))}</span>
          )}
        </label>
        {model.isLive ? (
          <button
            type="button"
            class="chip"
            aria-pressed={isFollowing.value}
            onClick={() => (isFollowing.value = !isFollowing.value)}
          >
            {t("now.follow")}
          </button>
        ) : null}
        {isTooMany ? <span class="warn">{t("timeline.order.tooMany")}</span> : null}
      </div>
      <MiniMap
        series={model.summary.series}
        findings={model.summary.findings}
        extent={model.durationMs}
        window={ordered === undefined ? window : { fromMs: fromAxis(window.fromMs), toMs: fromAxis(window.toMs) }}
        onWindow={(to) => setWindow({ fromMs: toAxis(to.fromMs), toMs: toAxis(to.toMs) })}
      />
      <Lanes
        picture={picture}
        shown={shown}
        inEventOrder={ordered !== undefined}
        label={t("timeline.canvas")}
        onWindow={setWindow}
        onScroll={setScrollTop}
        onSelect={select}
        onHover={(span, x, y) => setHover(span === undefined ? undefined : { span, x, y })}
        onRange={(chosen) => {
          if (chosen !== undefined) go({ rangeFromMs: fromAxis(chosen.fromMs), rangeToMs: fromAxis(chosen.toMs) });
        }}
        onFold={(group) => {
          const next = new Set(folded);
          if (!next.delete(group)) next.add(group);
          setFolded(next);
        }}
        onOpen={openSpan}
      />
      {hover === undefined ? null : <Tooltip model={model} picture={picture} {...hover} />}
      <Selection model={model} span={selected} detail={detail} path={shownPath} jump={jump?.to} onJump={goAlong} />
      <RangePanel model={model} />
      <Legend by={here.colourBy} names={toneNames} />
    </div>
  );
}

function byPlace(event: KeyboardEvent): string {
  if (event.code === "BracketLeft") return "[";
  if (event.code === "BracketRight") return "]";
  if (event.code === "Slash" && !event.shiftKey) return "/";
  return event.key;
}

/** The window, which in a live recording goes along with its end until a person moves it. */
function useFollowed(model: Model): TimeWindow {
  const { fromMs } = place.value;
  if (!model.isLive || !isFollowing.value || fromMs !== undefined) return view.value;
  const shownMs = Math.min(model.durationMs, 10_000);
  return { fromMs: model.durationMs - shownMs, toMs: model.durationMs };
}

function nameOfSpan(model: Model, span: number): string {
  const { columns, names, summary } = model;
  const name = names[columns.name[span] ?? 0] ?? "";
  if (name !== "") return name;
  const item = columns.item[span] ?? 0;
  if (itemKind(item) === ItemKind.thread) return summary.threads[itemIndex(item)]?.name ?? "";
  return itemKind(item) === ItemKind.job ? t("timeline.unnamed") : "";
}

function Tooltip(props: {
  readonly model: Model;
  readonly picture: Picture;
  readonly span: number;
  readonly x: number;
  readonly y: number;
}): JSX.Element | null {
  const { columns } = props.model;
  const { span } = props;
  if (span >= columns.begin.length) return null;
  const lasts = (columns.end[span] ?? 0) - (columns.begin[span] ?? 0);
  const name = nameOfSpan(props.model, span);
  // To the left of the pointer where there is more room.
  const isRight = props.x > innerWidth * 0.55;
  return (
    <div
      class={`tooltip ${isRight ? "leftwards" : ""}`}
      style={{ left: `${props.x}px`, top: `${props.y}px` }}
      role="tooltip"
      data-testid="tooltip"
    >
      {name === "" ? null : <b>{name}</b>}
      <StateName state={columns.state[span] ?? State.running} />
      <span>
        {duration(lasts, language.value)} · {t("timeline.from")} {duration(columns.begin[span] ?? 0, language.value)}
      </span>
    </div>
  );
}

function Selection(props: {
  readonly model: Model;
  readonly span: number | undefined;
  readonly detail: TaskDetail | undefined;
  readonly path: PathInfo | undefined;
  readonly jump: JumpTo | undefined;
  readonly onJump: () => void;
}): JSX.Element | null {
  const { model, span, detail, path, jump } = props;
  if (span === undefined || span >= model.columns.begin.length) return null;
  const { columns } = model;
  const words = language.value;
  const item = columns.item[span] ?? 0;
  const row = model.rows[rowOf(columns, span)];
  return (
    <div class="selection" role="status" data-testid="selection">
      <b>{nameOfSpan(model, span)}</b>
      {row?.group === "cores" ? <span>{t("timeline.core", row.label)}</span> : null}
      {row?.group === "threads" ? <span>{threadName(model, row.thread)}</span> : null}
      <StateName state={columns.state[span] ?? State.running} />
      <span>
        {duration((columns.end[span] ?? 0) - (columns.begin[span] ?? 0), words)} · {t("timeline.from")}{" "}
        {duration(columns.begin[span] ?? 0, words)}
      </span>
      {jump === undefined ? null : (
        <button
          type="button"
          class="chip"
          title={jump === "thread" ? `G. ${t("timeline.jump.noCores")}` : "G"}
          data-testid="jump"
          onClick={props.onJump}
        >
          {t(`timeline.jump.${jump}`)}
        </button>
      )}
      {detail === undefined ? null : <SplitBar split={detail.line.split} />}
      {itemKind(item) === ItemKind.job ? (
        <button type="button" class="chip" onClick={() => go({ screen: "tasks", job: itemIndex(item) })}>
          {t("timeline.open")}
        </button>
      ) : null}
      {itemKind(item) === ItemKind.job || itemKind(item) === ItemKind.scope ? (
        <button
          type="button"
          class="chip"
          aria-pressed={place.value.showsPath}
          data-testid="path"
          onClick={() => go({ showsPath: !place.value.showsPath })}
        >
          {t("timeline.path")}
        </button>
      ) : null}
      {path === undefined ? null : (
        <span class="path-split" data-testid="path-split">
          <SplitBar split={path.split} />
          {duration(
            path.split.reduce((sum, ms) => sum + ms, 0),
            words,
          )}{" "}
          <Badge badge={path.badge} /> {path.isComplete ? "" : t("timeline.path.part")}
        </span>
      )}
    </div>
  );
}

/** How a range of time was spent, by task and thread. */
function RangePanel({ model }: { readonly model: Model }): JSX.Element {
  const { rangeFromMs, rangeToMs } = place.value;
  // While a range is being drawn, only where it stops is asked for.
  const { answer: lines = [] } = useAnswer<"split">(
    rangeFromMs === undefined || rangeToMs === undefined
      ? undefined
      : { kind: "split", slot: "first", fromMs: rangeFromMs, toMs: rangeToMs },
    model,
    60,
  );
  const words = language.value;
  if (rangeFromMs === undefined || rangeToMs === undefined) return <p class="hint">{t("timeline.range.hint")}</p>;
  return (
    <section class="range" data-testid="range">
      <header>
        <h2>{t("timeline.range", duration(rangeToMs - rangeFromMs, words))}</h2>
        <button
          type="button"
          class="chip"
          onClick={() => go({ ...around(rangeFromMs, rangeToMs, model.durationMs), inEventOrder: false })}
        >
          {t("timeline.range.zoom")}
        </button>
        <button type="button" class="chip" onClick={() => go({ rangeFromMs: undefined, rangeToMs: undefined })}>
          {t("timeline.range.clear")}
        </button>
      </header>
      {lines.length === 0 ? (
        <Empty>–</Empty>
      ) : (
        <div class="table-scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">
                  {t("timeline.task")} / {t("timeline.thread")}
                </th>
                <th scope="col" class="bar-column" />
                {SHORT.map((key, way) => (
                  <th scope="col" class="number" key={key}>
                    <Swatch state={SPLIT[way] ?? 0} /> {t(key)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map((line, index) => (
                <tr key={index} class={`range-${line.kind}`} data-testid={`split-${line.kind}`}>
                  <th scope="row">
                    {line.job === undefined ? (
                      <span>{line.name}</span>
                    ) : (
                      <button type="button" class="link" onClick={() => go({ screen: "tasks", job: line.job })}>
                        {jobName(line.name, line.id)}
                      </button>
                    )}
                  </th>
                  <td class="bar-column">
                    <SplitBar split={line.split} isThin />
                  </td>
                  {line.split.map((ms, way) => (
                    <td key={way} class={`number ${ms === 0 || ms === undefined ? "weak" : ""}`} data-value={ms}>
                      {duration(ms, words)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function threadName({ summary }: Model, index: number | undefined): string {
  return summary.threads.find((thread) => thread.index === index)?.name ?? "";
}

function Legend({ by, names }: { readonly by: ColourBy; readonly names: readonly ToneName[] }): JSX.Element {
  return (
    <ul class="legend" aria-label={t("timeline.legend")} data-testid="legend">
      {names.map(({ tone, name }) => (
        <li key={tone} class="tone-name">
          <span class="swatch" style={{ backgroundColor: colourOf(TONES[tone]) }} aria-hidden="true" />
          <span>
            {name === undefined ? t(`timeline.others.${by === "thread" ? "thread" : "task"}`) : toneName(name)}
          </span>
        </li>
      ))}
      {by === "state" ? null : <li>{t("timeline.pale")}</li>}
      {STATES.map((look, state) =>
        by !== "state" && look.letter === "" ? null : (
          <li key={look.name}>
            {by === "state" || !isOfTask(state) ? <StateName state={state} /> : <PlainState state={state} />}
          </li>
        ),
      )}
    </ul>
  );
}

function toneName(name: string): string {
  return name === "" ? t("timeline.unnamed") : name;
}

/** States that tasks and threads can be in, whose colour then is that of the task or thread. */
function isOfTask(state: number): boolean {
  return state !== State.stall && state !== State.gc && state !== State.dropped;
}

/** Its letter and pattern, in no colour. */
function PlainState({ state }: { readonly state: number }): JSX.Element {
  const look = STATES[state];
  return (
    <span class="state-name">
      <span class={`swatch plain pattern-${look?.pattern ?? "none"}`} aria-hidden="true">
        {look?.letter}
      </span>
      {look === undefined ? "" : t(look.text)}
    </span>
  );
}
