/** What a bar of the timeline is: under the pointer, and once it is chosen. */
import type { JSX } from "preact";

import type { Model, PathInfo, TaskDetail } from "../analysis/model.js";
import { duration } from "../format.js";
import { Badge, SplitBar, StateName } from "../parts.js";
import { go, language, place, t } from "../state.js";
import type { Picture } from "./canvas-timeline.js";
import type { JumpTo } from "./jump.js";
import { itemIndex, itemKind, ItemKind, rowOf } from "./span-store.js";
import { State } from "./states.js";

function nameOfSpan(model: Model, span: number): string {
  const { columns, names, summary } = model;
  const name = names[columns.name[span] ?? 0] ?? "";
  if (name !== "") return name;
  const item = columns.item[span] ?? 0;
  if (itemKind(item) === ItemKind.thread) return summary.threads[itemIndex(item)]?.name ?? "";
  return itemKind(item) === ItemKind.job ? t("timeline.unnamed") : "";
}

export function Tooltip(props: {
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

export function Selection(props: {
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

function threadName({ summary }: Model, index: number | undefined): string {
  return summary.threads.find((thread) => thread.index === index)?.name ?? "";
}
