/** One job in full. */
import type { JSX } from "preact";

import type { Model, TaskDetail } from "../analysis/model.js";
import { duration, number, percent } from "../format.js";
import { colourOf, Empty, HistogramChart, jobName, Panel, SplitBar, SplitLegend, StateName } from "../parts.js";
import { go, language, t } from "../state.js";
import { ItemKind, itemOf } from "../timeline/span-store.js";
import { STATES } from "../timeline/states.js";
import { around } from "../timeline/window.js";
import { useAnswer } from "../use-answer.js";

export function TaskScreen({ model, job }: { readonly model: Model; readonly job: number }): JSX.Element {
  const words = language.value;
  const { answer: detail, isFresh } = useAnswer<"detail">({ kind: "detail", slot: "first", job }, model);
  const back = (
    <button type="button" class="chip" onClick={() => go({ job: undefined })}>
      ← {t("task.back")}
    </button>
  );
  if (!isFresh) return <div class="task">{back}</div>;
  if (detail === undefined) {
    return (
      <div class="task">
        {back}
        <Empty>{t("task.gone")}</Empty>
      </div>
    );
  }
  const { line } = detail;
  return (
    <div class="task" data-testid="task-detail">
      <div class="task-title">
        {back}
        <h2>{jobName(line.name, line.id)}</h2>
        <span class={`outcome-word outcome-${line.outcome ?? "open"}`}>
          {line.outcome === undefined ? <StateName state={line.state} /> : t(`outcome.${line.outcome}`)}
        </span>
        <button
          type="button"
          class="chip"
          onClick={() =>
            go({
              screen: "timeline",
              ...around(line.beginMs, detail.endMs, model.durationMs),
              inEventOrder: false,
              item: itemOf(ItemKind.job, job),
              job: undefined,
            })
          }
        >
          {t("task.onTimeline")}
        </button>
      </div>
      {detail.path.length === 0 ? null : (
        <p class="path">
          <span class="weak">{t("task.path")} </span>
          {detail.path.map(({ job: above, item, name }) => (
            <span key={item}>
              {above === undefined ? (
                name[words]
              ) : (
                <button type="button" class="link" onClick={() => go({ job: above })}>
                  {name[words]}
                </button>
              )}
              <span class="weak"> › </span>
            </span>
          ))}
          {jobName(line.name, line.id)}
        </p>
      )}
      {detail.why.length === 0 ? null : (
        <Panel title={t("task.why")} class="why">
          <ol>
            {detail.why.map((step, index) => (
              <li key={index}>{step[words]}</li>
            ))}
          </ol>
        </Panel>
      )}
      <div class="task-panels">
        <Panel title={t("task.split")}>
          <SplitBar split={line.split} />
          <SplitLegend split={line.split} />
        </Panel>
        <Panel title={t("task.life")}>
          <dl class="facts wide">
            <Pair name={t("task.spawned")} value={duration(line.beginMs, words)} />
            <Pair name={t("task.started")} value={duration(detail.startedMs, words)} />
            <Pair name={t("task.ended")} value={line.outcome === undefined ? "–" : duration(detail.endMs, words)} />
            <Pair name={t("task.waited")} value={duration(detail.waitMs, words)} />
            <Pair name={t("task.spawnedOn")} value={detail.spawnedOn} />
            <Pair name={t("task.ranOn")} value={line.thread === "" ? "–" : line.thread} />
            <Pair name={t("tasks.steps")} value={number(line.steps, words)} />
            <Pair name={t("tasks.step")} value={duration(line.longestStepMs, words)} />
            {detail.cancelledAtMs === undefined ? null : (
              <Pair name={t("task.cancelled")} value={duration(detail.cancelledAtMs, words)} />
            )}
          </dl>
        </Panel>
        <Panel title={t("task.steps")}>
          <HistogramChart durations={detail.stepTimes} label={t("task.steps")} />
        </Panel>
        <Panel title={t("task.latency")}>
          <HistogramChart durations={detail.latencies} label={t("task.latency")} />
        </Panel>
      </div>
      {detail.hot.length === 0 ? null : (
        <Panel title={t("task.hot")}>
          <div class="table-scroll short">
            <table data-testid="task-hot">
              <tbody>
                {detail.hot.map(({ title, selfMs, share }) => (
                  <tr key={title}>
                    <td class="number">{percent(share, words)}</td>
                    <td class="number">{duration(selfMs, words)}</td>
                    <td>{title}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
      {detail.spawnSite.length === 0 ? null : (
        <Panel title={t("task.spawnSite")}>
          <pre class="stack" data-testid="task-spawn-site">
            {detail.spawnSite.join("\n")}
          </pre>
        </Panel>
      )}
      <Panel title={t("task.stretches")}>
        <Ribbon detail={detail} />
        <div class="table-scroll short">
          <table>
            <tbody>
              {detail.stretches.map((stretch, index) => (
                <tr key={index}>
                  <td class="number">{duration(stretch.beginMs, words)}</td>
                  <td>
                    <StateName state={stretch.state} />
                  </td>
                  <td class="number">{duration(stretch.endMs - stretch.beginMs, words)}</td>
                  <td>{stretch.waitsFor}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
      <Panel title={`${t("task.children")} · ${line.children}`}>
        {detail.children.length === 0 ? (
          <Empty>{t("task.children.none")}</Empty>
        ) : (
          <ul class="children">
            {detail.children.map((child) => (
              <li key={child.job}>
                <button type="button" class="link" onClick={() => go({ job: child.job })}>
                  {child.name[words]}
                </button>
                <span class="weak">{duration(child.ageMs, words)}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

function Pair({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The whole life as one bar. */
function Ribbon({ detail }: { readonly detail: TaskDetail }): JSX.Element {
  const { beginMs } = detail.line;
  const lasts = Math.max(detail.endMs - beginMs, 1e-9);
  return (
    <div class="ribbon" aria-hidden="true">
      {detail.stretches.map((stretch, index) => {
        const look = STATES[stretch.state];
        return (
          <span
            key={index}
            class={`pattern-${look?.pattern ?? "none"}`}
            style={{
              left: `${((stretch.beginMs - beginMs) / lasts) * 100}%`,
              width: `${((stretch.endMs - stretch.beginMs) / lasts) * 100}%`,
              backgroundColor: colourOf(look),
            }}
          />
        );
      })}
    </div>
  );
}
