/** Per function: what its runs did, and where it belongs. */
import type { JSX } from "preact";

import type { AdviceLine } from "../analysis/advice.js";
import type { Model } from "../analysis/model.js";
import { duration, number, percent } from "../format.js";
import { Badge, Empty, Panel, SplitBar } from "../parts.js";
import { go, language, t } from "../state.js";

export function AdviceScreen({ model }: { readonly model: Model }): JSX.Element {
  const words = language.value;
  const { advice } = model.summary;
  return (
    <div class="advice">
      <Panel title={t("advice.title")} actions={<Badge badge={model.summary.figures.runTime.badge} />}>
        <p class="lead">{t("advice.lead")}</p>
        {advice.length === 0 ? (
          <Empty>{t("advice.none")}</Empty>
        ) : (
          <div class="table-scroll">
            <table data-testid="advice">
              <thead>
                <tr>
                  <th scope="col">{t("advice.function")}</th>
                  <th scope="col" class="number">
                    {t("advice.runs")}
                  </th>
                  <th scope="col" class="number">
                    {t("advice.each")}
                  </th>
                  <th scope="col" class="bar-column">
                    {t("advice.shares")}
                  </th>
                  <th scope="col">{t("advice.place")}</th>
                </tr>
              </thead>
              <tbody>
                {advice.map((line) => (
                  <tr key={line.name}>
                    <th scope="row">
                      <button
                        type="button"
                        class="link"
                        onClick={() => go({ screen: "tasks", job: undefined, query: `"name:${line.name}"` })}
                      >
                        {line.name}
                      </button>
                    </th>
                    <td class="number">{number(line.runs, words)}</td>
                    <td class="number">{duration(line.cpuMs, words)}</td>
                    <td class="bar-column">
                      <SplitBar split={line.split} />
                    </td>
                    <td class="words">
                      <b class={`place place-${line.place}`}>{t(`advice.${line.place}`)}</b>
                      <span class="weak"> {whyOf(line)}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
    </div>
  );
}

function whyOf({ place, cpuMs, split }: AdviceLine): string {
  const words = language.value;
  const each = duration(cpuMs, words);
  const lifeMs = split.reduce((sum, ms) => sum + ms, 0);
  const waits = lifeMs === 0 ? 0 : 1 - (split[0] ?? 0) / lifeMs;
  if (place === "threads" || place === "sliced") return t("advice.why.computes", each);
  if (place === "stay") return t("advice.why.parallel", each);
  return place === "here" && waits > 0.5 ? t("advice.why.waits", percent(waits, words)) : t("advice.why.short", each);
}
