/** Where the numbers come from, and how to take them along. */
import type { JSX } from "preact";
import { type Badge as BadgeName, capabilityIn } from "skein/trace";

import type { Model } from "../analysis/model.js";
import { Badge, Empty, Panel } from "../parts.js";
import { exportsThere, language, t } from "../state.js";
import type { TextKey } from "../texts.js";

const BADGES: readonly BadgeName[] = ["exact", "measured", "sampled", "inferred", "not available"];

/** What a server may be able to make, by the last part of its address. */
const EXPORTS: readonly { readonly file: string; readonly name: TextKey; readonly what: TextKey }[] = [
  { file: "trace.skein", name: "export.trace", what: "export.trace.what" },
  { file: "report.html", name: "export.report", what: "export.report.what" },
  { file: "perfetto.pftrace", name: "export.perfetto", what: "export.perfetto.what" },
  { file: "profile.cpuprofile", name: "export.profile", what: "export.profile.what" },
  { file: "otlp.json", name: "export.otlp", what: "export.otlp.what" },
  { file: "jobs.csv", name: "export.csv", what: "export.csv.what" },
  { file: "chrome.json", name: "export.chrome", what: "export.chrome.what" },
];

export function CapabilitiesScreen({ model }: { readonly model: Model }): JSX.Element {
  const { capabilities } = model.summary;
  return (
    <div class="capabilities">
      <Panel title={t("sources.title")}>
        {capabilities.length === 0 ? (
          <Empty>{t("sources.none")}</Empty>
        ) : (
          <ul class="sources" data-testid="sources">
            {capabilities
              .map((capability) => capabilityIn(capability, language.value))
              .map(({ name, isAvailable, gives, why, remedy }) => (
                <li key={name} class={isAvailable ? "there" : "missing"}>
                  <header>
                    <i class={isAvailable ? "dot there" : "dot missing"} aria-hidden="true">
                      {isAvailable ? "✓" : "×"}
                    </i>
                    <b>{name}</b>
                    <span class="weak">{t(isAvailable ? "sources.there" : "sources.missing")}</span>
                  </header>
                  <p>{gives}</p>
                  <p class="weak">{why}</p>
                  {remedy === undefined ? null : <p>{t("sources.remedy", remedy)}</p>}
                </li>
              ))}
          </ul>
        )}
      </Panel>
      <Panel title={t("sources.badges")}>
        <dl class="badges">
          {BADGES.map((badge) => (
            <div key={badge}>
              <dt>
                <Badge badge={badge} />
              </dt>
              <dd>{t(`badge.${badge}.why`)}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Panel title={t("export.title")}>
        {exportsThere.value.length === 0 ? (
          <p class="weak">{t("export.unavailable")}</p>
        ) : (
          <ul class="exports">
            {EXPORTS.filter(({ file }) => exportsThere.value.includes(file)).map(({ file, name, what }) => (
              <li key={file}>
                <a class="button" href={`export/${file}`} download data-testid={`export-${file}`}>
                  {t(name)}
                </a>
                <span class="weak">{t(what)}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}
