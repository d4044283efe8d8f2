/** The labs: a list of them, and each as a page. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { LabPage } from "#skein/labs/lab-page";

import { LabForm } from "../labs/lab-form.js";
import { catalog, labsState, loadRun, runs, runsOf } from "../labs/labs-state.js";
import { MARKS, Result } from "../labs/result.js";
import { Empty, Panel } from "../parts.js";
import { connection, go, language, place, t } from "../state.js";

/** Shown first: the same jobs in four places are the whole subject in one picture. */
const FEATURED = "four-models";

export function LabsScreen(): JSX.Element {
  const labs = catalog.value;
  const lab = labs.find(({ name }) => name === place.value.lab);
  if (labs.length === 0) return <Empty>{t("app.loading")}</Empty>;
  return (
    <div class="labs">
      {connection.value === "lost" ? (
        <p class="lab-refused" role="alert">
          {t("labs.noServer")}
        </p>
      ) : null}
      {lab === undefined ? <List labs={labs} /> : <LabView key={lab.name} lab={lab} />}
    </div>
  );
}

function List({ labs }: { readonly labs: readonly LabPage[] }): JSX.Element {
  return (
    <>
      <p class="lead">{t("labs.lead")}</p>
      <ol class="lab-list">
        {labs.map((lab) => (
          <Card key={lab.name} lab={lab} />
        ))}
      </ol>
    </>
  );
}

function Card({ lab }: { readonly lab: LabPage }): JSX.Element {
  const words = language.value;
  const last = labsState.value.runs.findLast((one) => one.lab === lab.name);
  const isRunning = labsState.value.running?.lab === lab.name;
  return (
    <li class={`lab-card ${lab.name === FEATURED ? "featured" : ""}`}>
      <a
        href={`#labs/${lab.name}`}
        data-testid={`lab-${lab.name}`}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ lab: lab.name });
        }}
      >
        <span class="lab-number">{lab.number}</span>
        <b>{lab.title[words]}</b>
      </a>
      <p class="weak">{lab.claim[words]}</p>
      <p class="lab-marks">
        {lab.statements.map(({ name, words: sentence }) => (
          <span key={name} class="badge" title={sentence[words]}>
            {name}
          </span>
        ))}
        {isRunning ? <span class="status">{t("labs.running")}</span> : null}
        {last === undefined ? null : (
          <span class={`lab-mark lab-${last.kind}`}>
            {MARKS[last.kind]} {t(`labs.${last.kind}`)}
          </span>
        )}
      </p>
    </li>
  );
}

function LabView({ lab }: { readonly lab: LabPage }): JSX.Element {
  const words = language.value;
  const kept = runsOf(lab.name);
  useEffect(() => {
    for (const run of kept) void loadRun(run);
  }, [kept.join()]);
  useEffect(() => {
    document.getElementById("screen")?.scrollTo(0, 0);
  }, []);
  const known = kept.flatMap((run) => runs.value.get(run) ?? []);
  const [last, before] = known.toReversed();
  return (
    <div class="lab">
      <header class="lab-head">
        <a
          href="#labs"
          class="link"
          data-testid="labs-back"
          onClick={(event) => {
            event.preventDefault();
            go({ lab: undefined });
          }}
        >
          ← {t("labs.back")}
        </a>
        <h2>
          {t("labs.lab", lab.number)} · {lab.title[words]}
        </h2>
        <p class="lab-claim" data-testid="lab-claim">
          {lab.claim[words]}
        </p>
        <ul class="lab-statements" aria-label={t("labs.statements")}>
          {lab.statements.map(({ name, words: sentence }) => (
            <li key={name}>
              <span class="badge">{name}</span> {sentence[words]}
            </li>
          ))}
        </ul>
      </header>
      <div class="lab-beside">
        <LabForm lab={lab} />
        <Code lab={lab.name} />
      </div>
      {last === undefined ? null : <Result lab={lab} run={last} before={before} />}
    </div>
  );
}

/** The file as it is shipped. */
function Code({ lab }: { readonly lab: string }): JSX.Element {
  const [text, setText] = useState("");
  useEffect(() => {
    let isWanted = true;
    const load = async (): Promise<void> => {
      const response = await fetch(`labs/code/${lab}`).catch(() => undefined);
      const code = response?.ok === true ? await response.text() : "";
      if (isWanted) setText(code);
    };
    void load();
    return () => {
      isWanted = false;
    };
  }, [lab]);
  return (
    <Panel title={`${t("labs.code")} · labs/${lab}.ts`} class="lab-code">
      <pre tabIndex={0} data-testid="lab-code">
        {text}
      </pre>
    </Panel>
  );
}
