/** Timelines under one another, on one scale of time if wanted: of the parts of a run, or of two runs. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { LabPage, RunPage } from "#skein/labs/lab-page";

import { duration, number } from "../format.js";
import { Empty, Panel } from "../parts.js";
import { language, t } from "../state.js";
import type { TimeWindow } from "../timeline/paint-row.js";
import { fitAll } from "../timeline/window.js";
import { openPart, pictures, slotOf } from "./labs-state.js";
import { PartTimeline } from "./part-timeline.js";
import { partName } from "./tables.js";

interface Entry {
  readonly run: RunPage;
  readonly part: number;
  readonly title: string;
  readonly wallMs: number;
}

export function Timelines({ lab, shown }: { readonly lab: LabPage; readonly shown: readonly RunPage[] }): JSX.Element {
  const [isOneScale, setIsOneScale] = useState(true);
  const [windows, setWindows] = useState<ReadonlyMap<string, TimeWindow>>(new Map());
  const entries = entriesOf(lab, shown);
  const key = shown.map(({ run }) => run).join();
  useEffect(() => setWindows(new Map()), [key, isOneScale]);
  const longestMs = Math.max(1e-3, ...entries.map(({ wallMs }) => wallMs));
  return (
    <Panel
      title={t("labs.timelines")}
      class="lab-timelines"
      actions={
        <>
          <span class="weak lab-keys">{t("labs.keys")}</span>
          <button type="button" class="chip" aria-pressed={isOneScale} onClick={() => setIsOneScale(!isOneScale)}>
            {t("labs.oneScale")}
          </button>
        </>
      }
    >
      <p class="weak lab-note">{t("labs.timelinesNote")}</p>
      {entries.map((entry) => {
        const slot = slotOf(entry.run.run, entry.part);
        const scale = isOneScale ? "" : slot;
        const extentMs = isOneScale ? longestMs : entry.wallMs;
        return (
          <EntryView
            key={slot}
            entry={entry}
            lab={lab}
            extentMs={extentMs}
            window={windows.get(scale) ?? fitAll(extentMs)}
            onWindow={(to) => {
              const changed = new Map(windows);
              if (to === undefined) changed.delete(scale);
              else changed.set(scale, to);
              setWindows(changed);
            }}
          />
        );
      })}
    </Panel>
  );
}

/** Part by part, and of each part run by run, so that what is to be compared is near. */
function entriesOf(lab: LabPage, shown: readonly RunPage[]): readonly Entry[] {
  const names = [...new Set(shown.flatMap(({ phases }) => phases.map(({ name }) => name)))];
  return names.flatMap((name) =>
    shown.flatMap((run) =>
      run.phases.flatMap((phase, part) => {
        if (phase.name !== name) return [];
        const title = partName(lab, name);
        const ofRun = shown.length > 1 ? ` · ${t("labs.runName", run.run)}` : "";
        return [{ run, part, title: title + ofRun, wallMs: phase.wallMs }];
      }),
    ),
  );
}

function EntryView(props: {
  readonly entry: Entry;
  readonly lab: LabPage;
  readonly extentMs: number;
  readonly window: TimeWindow;
  readonly onWindow: (window: TimeWindow | undefined) => void;
}): JSX.Element {
  const { run, part, title, wallMs } = props.entry;
  const picture = pictures.value.get(slotOf(run.run, part));
  const words = language.value;
  return (
    <section class="lab-part" data-testid="lab-part">
      <header>
        <h3>{title}</h3>
        <span class="weak">{duration(wallMs, words)}</span>
        {run.phases[part]?.hasTrace === true ? (
          <button
            type="button"
            class="chip"
            data-testid="open-part"
            onClick={() => void openPart(run.run, part, `${props.lab.title[words]} · ${title}`)}
          >
            {t("labs.open")}
          </button>
        ) : null}
      </header>
      {typeof picture === "object" && picture.summary.droppedRecords > 0 ? (
        <p class="warn">{t("app.dropped", number(picture.summary.droppedRecords, words))}</p>
      ) : null}
      {typeof picture === "object" ? (
        <PartTimeline
          model={picture}
          label={title}
          extentMs={props.extentMs}
          window={props.window}
          onWindow={props.onWindow}
        />
      ) : (
        <Empty>{picture ?? (run.phases[part]?.hasTrace === true ? t("app.loading") : t("labs.noTrace"))}</Empty>
      )}
    </section>
  );
}
