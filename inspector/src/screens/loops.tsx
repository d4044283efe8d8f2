/** Which event loops turned, which were busy, and which stood. */
import type { JSX } from "preact";
import type { StackFrame, Stall } from "skein/trace";

import type { Model, ThreadInfo } from "../analysis/model.js";
import { duration, number, percent } from "../format.js";
import { Badge, Empty, Panel, SplitBar } from "../parts.js";
import { go, language, t } from "../state.js";
import { around } from "../timeline/window.js";

export function LoopsScreen({ model }: { readonly model: Model }): JSX.Element {
  const { stalls, threads } = model.summary;
  return (
    <div class="loops">
      <Panel title={t("loops.title")}>
        <Threads threads={threads} durationMs={model.durationMs} />
      </Panel>
      <Panel title={`${t("loops.stalls")}${stalls.length === 0 ? "" : ` · ${stalls.length}`}`}>
        {stalls.length === 0 ? (
          <Empty>{t("loops.stalls.none")}</Empty>
        ) : (
          <ol class="stalls">
            {stalls
              .toSorted((a, b) => b.endMs - b.beginMs - (a.endMs - a.beginMs))
              .map((stall, index) => (
                <StallCard key={index} stall={stall} model={model} />
              ))}
          </ol>
        )}
      </Panel>
    </div>
  );
}

function Threads({
  threads,
  durationMs,
}: {
  readonly threads: readonly ThreadInfo[];
  readonly durationMs: number;
}): JSX.Element {
  const words = language.value;
  return (
    <div class="table-scroll">
      <table data-testid="threads">
        <thead>
          <tr>
            <th scope="col">{t("loops.thread")}</th>
            <th scope="col">{t("loops.kind")}</th>
            <th scope="col" class="number">
              {t("loops.busy")}
            </th>
            <th scope="col" class="number">
              {t("loops.cpu")}
            </th>
            <th scope="col" class="number">
              {t("loops.wait")}
            </th>
            <th scope="col" class="number">
              {t("loops.switches")}
            </th>
            <th scope="col" class="bar-column">
              {t("loops.split")}
            </th>
            <th scope="col">{t("loops.looks")}</th>
          </tr>
        </thead>
        <tbody>
          {threads.map((thread, index) => (
            <tr key={index} class={thread.index === undefined ? "weak-row" : ""}>
              <th scope="row">
                {thread.name}
                {thread.hasEnded ? <span class="weak"> {t("loops.ended")}</span> : null}
              </th>
              <td>{t(`kind.${thread.kind}`)}</td>
              <td class="number" data-value={thread.busyMs}>
                {thread.busyMs === undefined
                  ? "–"
                  : `${duration(thread.busyMs, words)} · ${percent(thread.share, words)}`}
              </td>
              <td class="number" data-value={thread.cpuMs}>
                {thread.cpuMs === undefined
                  ? "–"
                  : `${duration(thread.cpuMs, words)} · ${percent(thread.cpuMs / durationMs, words)}`}
              </td>
              <td class="number" data-value={thread.coreWaitMs}>
                {duration(thread.coreWaitMs, words)}
              </td>
              <td class="number">
                {thread.voluntarySwitches === undefined
                  ? "–"
                  : `${number(thread.voluntarySwitches, words)}, ${number(thread.involuntarySwitches, words)}`}
              </td>
              <td class="bar-column">
                {thread.split === undefined ? null : <SplitBar split={thread.split} />}
                <Badge badge={thread.splitBadge} />
              </td>
              <td class="words">{t(`loops.looks.${thread.looks}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StallCard({ stall, model }: { readonly stall: Stall; readonly model: Model }): JSX.Element {
  const words = language.value;
  const lasted = stall.endMs - stall.beginMs;
  const from = stall.beginMs - model.startedMs;
  const thread = model.summary.threads.find(({ index }) => index === stall.thread)?.name ?? String(stall.thread);
  return (
    <li class="stall" data-testid="stall">
      <header>
        <b>{t("loops.lasted", duration(lasted, words), thread)}</b>
        <span class="weak">
          {stall.cpuMs === undefined
            ? t("loops.cpuUnknown")
            : t("loops.cpuShare", percent(Math.min(1, stall.cpuMs / lasted), words))}
        </span>
        <button
          type="button"
          class="chip"
          onClick={() =>
            go({
              screen: "timeline",
              ...around(from, from + lasted, model.durationMs),
              inEventOrder: false,
              rangeFromMs: from,
              rangeToMs: from + lasted,
            })
          }
        >
          {t("task.onTimeline")}
        </button>
      </header>
      {stall.stack === undefined ? <p class="weak">{t("loops.noStack")}</p> : <Stack frames={stall.stack} />}
    </li>
  );
}

function Stack({ frames }: { readonly frames: readonly StackFrame[] }): JSX.Element {
  return (
    <pre class="stack">
      {frames.map(({ name, url, line, column }, index) => (
        <span key={index} class={url.startsWith("node:") ? "weak" : ""}>
          {name === "" ? t("loops.anonymous") : name}
          <i>
            {" "}
            {url.replace(/^file:\/\//, "")}:{line}:{column}
          </i>
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
