/** Every job in a table, of which only the lines on the screen exist. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Model, TaskLine } from "../analysis/model.js";
import type { SortKey } from "../analysis/tasks.js";
import { duration, number } from "../format.js";
import { Empty, jobName, SplitBar, Swatch, useSize } from "../parts.js";
import { analyst, go, language, place, t } from "../state.js";
import type { TextKey } from "../texts.js";
import { STATES } from "../timeline/states.js";
import { useAnswer } from "../use-answer.js";

const LINE_HEIGHT = 30;
/** Lines asked for at once, and kept. */
const PAGE_LINES = 60;

const COLUMNS: readonly {
  readonly key: SortKey | "waitsFor" | "thread";
  readonly text: TextKey;
  readonly class: string;
}[] = [
  { key: "name", text: "tasks.name", class: "name" },
  { key: "state", text: "tasks.state", class: "state" },
  { key: "thread", text: "tasks.thread", class: "thread" },
  { key: "age", text: "tasks.age", class: "number" },
  { key: "cpu", text: "tasks.cpu", class: "number" },
  { key: "ready", text: "tasks.ready", class: "number" },
  { key: "io", text: "tasks.io", class: "number" },
  { key: "lock", text: "tasks.lock", class: "number" },
  { key: "channel", text: "tasks.channel", class: "number" },
  { key: "jobs", text: "tasks.jobs", class: "number" },
  { key: "steps", text: "tasks.steps", class: "number small" },
  { key: "step", text: "tasks.step", class: "number" },
  { key: "waitsFor", text: "tasks.waitsFor", class: "waits" },
];

export function TasksScreen({ model }: { readonly model: Model }): JSX.Element {
  const words = language.value;
  const { query, sort, isDescending } = place.value;
  const [isCopied, setIsCopied] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const { answer: list } = useAnswer<"list">({ kind: "list", slot: "first", query, sort, isDescending }, model);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.target === input.current) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const copy = async (): Promise<void> => {
    const text = await analyst.current?.ask({ kind: "dump", slot: "first", query });
    if (text === undefined) return;
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 1500);
  };
  const wrong = list?.wrong;
  return (
    <div class="tasks">
      <div class="toolbar">
        <label class="search query">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5" />
          </svg>
          <input
            ref={input}
            type="search"
            data-testid="query"
            aria-label={t("tasks.query")}
            aria-invalid={wrong !== undefined}
            placeholder={t("tasks.query.hint")}
            value={query}
            spellcheck={false}
            onInput={({ currentTarget }) => go({ query: currentTarget.value })}
          />
        </label>
        <span class="count" data-testid="task-count" data-value={list?.jobs.length}>
          {list === undefined
            ? ""
            : t("tasks.count", number(list.jobs.length, words), number(model.summary.jobs, words))}
        </span>
        <button
          type="button"
          class="chip"
          aria-pressed={sort === "tree"}
          onClick={() => go({ sort: "tree", isDescending: false })}
        >
          {t("tasks.tree")}
        </button>
        <button type="button" class="chip" onClick={() => void copy()}>
          {t(isCopied ? "app.copied" : "tasks.copy")}
        </button>
      </div>
      {wrong === undefined ? null : (
        <p class="warn" role="alert" data-testid="query-wrong">
          {t(`tasks.wrong.${wrong.why}`, wrong.word)}
        </p>
      )}
      {list === undefined || wrong !== undefined ? null : list.jobs.length === 0 ? (
        <Empty>{t(model.summary.jobs === 0 ? "tasks.noJobs" : "tasks.none")}</Empty>
      ) : (
        <TaskTable model={model} jobs={list.jobs} />
      )}
    </div>
  );
}

function TaskTable({ model, jobs }: { readonly model: Model; readonly jobs: Uint32Array }): JSX.Element {
  const { ref, height } = useSize();
  const [scrollTop, setScrollTop] = useState(0);
  const [focused, setFocused] = useState(0);
  const { sort, isDescending } = place.value;
  const first = Math.max(0, Math.floor(scrollTop / LINE_HEIGHT) - 4);
  const count = Math.min(jobs.length - first, Math.ceil(height / LINE_HEIGHT) + 8);
  const lines = useLines(model, jobs, first, count);
  useEffect(() => {
    setFocused(0);
    if (ref.current !== null) ref.current.scrollTop = 0;
  }, [jobs]);
  const move = (by: number): void => {
    const next = Math.max(0, Math.min(jobs.length - 1, focused + by));
    setFocused(next);
    const element = ref.current;
    if (element === null) return;
    const top = next * LINE_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + LINE_HEIGHT * 2 > element.scrollTop + height) element.scrollTop = top + LINE_HEIGHT * 2 - height;
  };
  const onKey = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Enter" && event.target === ref.current) go({ job: jobs[focused] });
  };
  return (
    <div
      class="task-table"
      ref={ref}
      role="table"
      aria-rowcount={jobs.length + 1}
      tabIndex={0}
      data-testid="task-table"
      onScroll={({ currentTarget }) => setScrollTop(currentTarget.scrollTop)}
      onKeyDown={onKey}
    >
      <div class="task-line task-head" role="row">
        {COLUMNS.map(({ key, text, class: style }) => (
          <span
            role="columnheader"
            key={key}
            class={style}
            aria-sort={sort === key ? (isDescending ? "descending" : "ascending") : undefined}
          >
            {key === "waitsFor" || key === "thread" ? (
              t(text)
            ) : (
              <button
                type="button"
                class="sort"
                onClick={() =>
                  go({ sort: key, isDescending: sort === key ? !isDescending : key !== "name" && key !== "state" })
                }
              >
                {t(text)}
                {sort === key ? (isDescending ? " ↓" : " ↑") : ""}
              </button>
            )}
          </span>
        ))}
      </div>
      <div class="task-space" style={{ height: `${jobs.length * LINE_HEIGHT}px` }}>
        {Array.from({ length: count }, (_, offset) => {
          const index = first + offset;
          const job = jobs[index];
          const line = job === undefined ? undefined : lines.get(job);
          return (
            <div
              key={index}
              class={`task-line ${index === focused ? "focused" : ""}`}
              role="row"
              aria-rowindex={index + 2}
              style={{ top: `${index * LINE_HEIGHT}px` }}
              data-testid="task-line"
              onClick={() => {
                setFocused(index);
                go({ job });
              }}
            >
              {line === undefined ? null : <Cells line={line} isTree={sort === "tree"} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Cells({ line, isTree }: { readonly line: TaskLine; readonly isTree: boolean }): JSX.Element {
  const words = language.value;
  const name = jobName(line.name, line.id);
  const indent = isTree ? Math.min(line.depth, 12) * 14 : 0;
  return (
    <>
      <span role="cell" class="name" title={name} style={{ paddingLeft: `${indent + 8}px` }}>
        <a class="link" href={`#tasks?job=${line.job}`} onClick={(event) => event.preventDefault()}>
          {name}
        </a>
      </span>
      <span role="cell" class="state">
        {line.outcome === undefined ? (
          <Swatch state={line.state} />
        ) : (
          <i class={`outcome outcome-${line.outcome}`} aria-hidden="true" />
        )}
        {line.outcome === undefined ? t(shortState(line.state)) : t(`outcome.${line.outcome}`)}
      </span>
      <span role="cell" class="thread">
        {line.thread}
      </span>
      <span role="cell" class="number age">
        {duration(line.ageMs, words)}
        <SplitBar split={line.split} isThin />
      </span>
      {line.split.map((ms, way) => (
        <span role="cell" key={way} class={`number ${ms === 0 ? "weak" : ""}`}>
          {duration(ms, words)}
        </span>
      ))}
      <span role="cell" class="number small">
        {number(line.steps, words)}
      </span>
      <span role="cell" class="number">
        {duration(line.longestStepMs, words)}
      </span>
      <span role="cell" class="waits" title={line.waitsFor}>
        {line.waitsFor}
      </span>
    </>
  );
}

/** The shortest words for a state. */
function shortState(state: number): TextKey {
  const name = STATES[state]?.name ?? "io";
  return name === "running" ||
    name === "ready" ||
    name === "io" ||
    name === "lock" ||
    name === "channel" ||
    name === "jobs"
    ? `short.${name}`
    : "short.lock";
}

/** Lines by job, asked for as they come into sight. */
function useLines(model: Model, jobs: Uint32Array, first: number, count: number): ReadonlyMap<number, TaskLine> {
  const known = useMemo(() => new Map<number, TaskLine>(), [model]);
  const from = Math.floor(first / PAGE_LINES) * PAGE_LINES;
  const to = Math.ceil((first + count) / PAGE_LINES) * PAGE_LINES;
  const missing = [...jobs.subarray(from, to)].filter((job) => !known.has(job));
  const { answer } = useAnswer<"lines">(
    missing.length === 0 ? undefined : { kind: "lines", slot: "first", jobs: missing },
    model,
  );
  for (const line of answer ?? []) known.set(line.job, line);
  return known;
}
