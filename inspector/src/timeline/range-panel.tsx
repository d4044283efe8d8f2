/** How a range of time was spent, by task and thread. */
import type { JSX } from "preact";

import type { Model } from "../analysis/model.js";
import { duration } from "../format.js";
import { Empty, jobName, SHORT, SPLIT, SplitBar, Swatch } from "../parts.js";
import { go, language, place, t } from "../state.js";
import { useAnswer } from "../use-answer.js";
import { around } from "./window.js";

export function RangePanel({ model }: { readonly model: Model }): JSX.Element {
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
