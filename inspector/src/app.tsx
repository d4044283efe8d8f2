/** The frame around all screens. */
import { type JSX, render } from "preact";
import { useEffect } from "preact/hooks";

import { LEVELS, type ObserverLevel } from "#skein/trace/observer/observer-level";

import { duration, number } from "./format.js";
import { KeysHelp } from "./keys-help.js";
import { LABS_SCREEN, SCREENS, type ScreenName } from "./link.js";
import { Empty } from "./parts.js";
import { AdviceScreen } from "./screens/advice.js";
import { CapabilitiesScreen } from "./screens/capabilities.js";
import { CompareScreen } from "./screens/compare.js";
import { LabsScreen } from "./screens/labs.js";
import { LoopsScreen } from "./screens/loops.js";
import { NowScreen } from "./screens/now.js";
import { ResourcesScreen } from "./screens/resources.js";
import { TaskScreen } from "./screens/task.js";
import { TasksScreen } from "./screens/tasks.js";
import { TimelineScreen } from "./screens/timeline.js";
import { openFile } from "./source.js";
import {
  askedLevel,
  connection,
  failure,
  go,
  hasLabs,
  language,
  leftOut,
  level,
  model,
  place,
  screen,
  showsKeys,
  t,
  theme,
  toggleLanguage,
  toggleTheme,
} from "./state.js";
import { isTyping } from "./typing.js";

const ICONS: Readonly<Record<ScreenName, string>> = {
  now: "M3 17l5-6 4 3 8-9M3 21h18",
  timeline: "M3 6h9M8 12h12M5 18h8",
  tasks: "M4 6h16M8 12h12M8 18h12M4 6v12",
  resources: "M7 11V8a5 5 0 0110 0v3M5 11h14v9H5z",
  loops: "M20 12a8 8 0 11-3-6.2M20 3v4h-4",
  advice: "M9 18h6M10 21h4M12 3a6 6 0 00-4 10.5c.7.7 1 1.5 1 2.5h6c0-1 .3-1.8 1-2.5A6 6 0 0012 3z",
  compare: "M8 4v16M16 4v16M3 8h5M3 14h5M16 10h5M16 16h5",
  labs: "M9 3h6M10 3v6L5 19a1.5 1.5 0 001.4 2h11.2A1.5 1.5 0 0019 19L14 9V3M7.5 15h9",
  capabilities: "M12 3v12M7 10l5 5 5-5M4 20h16",
};

/** Shows the page in `root`, and from then on whatever the state says. */
export function mount(root: HTMLElement): void {
  render(<App />, root);
}

function App(): JSX.Element {
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    document.documentElement.lang = language.value;
  }, [theme.value, language.value]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") showsKeys.value = !showsKeys.value;
      else if (event.key === "Escape" && showsKeys.value) showsKeys.value = false;
      else if (/^[1-9]$/.test(event.key)) {
        const wanted = screensThere()[Number(event.key) - 1];
        if (wanted !== undefined) go({ screen: wanted, job: undefined, lab: undefined });
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class="app">
      <a class="skip" href={`#${screen.value}`} onClick={(event) => skip(event)}>
        {t("app.skip")}
      </a>
      <Sidebar />
      <div class="page">
        <TopBar />
        <main id="screen" tabIndex={-1} class={`screen screen-${screen.value}`}>
          <Body />
        </main>
      </div>
      {showsKeys.value ? <KeysHelp /> : null}
    </div>
  );
}

function screensThere(): readonly ScreenName[] {
  return hasLabs.value ? [...SCREENS, LABS_SCREEN] : SCREENS;
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("screen")?.focus();
}

function Sidebar(): JSX.Element {
  return (
    <nav class="sidebar" aria-label={t("app.screens")}>
      <div class="brand">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 7c6 0 10 10 16 10M4 17c6 0 10-10 16-10M4 12h16" />
        </svg>
        <span>Skein</span>
      </div>
      <ul>
        {screensThere().map((name, index) => (
          <li key={name}>
            <button
              type="button"
              class="nav"
              aria-current={screen.value === name ? "page" : undefined}
              title={`${t(`screen.${name}`)} (${index + 1})`}
              data-testid={`nav-${name}`}
              onClick={() => go({ screen: name, job: undefined, lab: undefined })}
            >
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={ICONS[name]} />
              </svg>
              <span>{t(`screen.${name}`)}</span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function TopBar(): JSX.Element {
  const shown = model.value;
  return (
    <header class="top">
      <h1 title={shown?.name}>{shown?.name ?? t("app.title")}</h1>
      <Status />
      {shown === undefined ? null : (
        <p class="top-facts">
          <span data-testid="duration">{duration(shown.durationMs, language.value)}</span>
          <span>{t("app.jobs", number(shown.summary.jobs, language.value))}</span>
        </p>
      )}
      {shown === undefined || shown.summary.droppedRecords === 0 ? null : (
        <p class="warn" role="status">
          {t("app.dropped", number(shown.summary.droppedRecords, language.value))}
        </p>
      )}
      {shown?.problem === undefined ? null : (
        <p class="warn" role="status" data-testid="damaged">
          {t("app.damaged", shown.problem)}
        </p>
      )}
      {leftOut.value === 0 ? null : (
        <p class="warn" role="status">
          {t("app.behind", number(leftOut.value, language.value))}
        </p>
      )}
      <div class="top-tools">
        <button type="button" class="tool" onClick={() => (showsKeys.value = true)} title={`${t("app.keys")} (?)`}>
          ?
        </button>
        <button type="button" class="tool" onClick={toggleLanguage} data-testid="language">
          {t("app.language")}
        </button>
        <button
          type="button"
          class="tool icon"
          onClick={toggleTheme}
          data-testid="theme"
          title={t(theme.value === "dark" ? "app.theme.light" : "app.theme.dark")}
          aria-label={t(theme.value === "dark" ? "app.theme.light" : "app.theme.dark")}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path
              d={
                theme.value === "dark"
                  ? "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2"
                  : "M20 14A8 8 0 1110 4a6.5 6.5 0 0010 10z"
              }
            />
          </svg>
        </button>
      </div>
    </header>
  );
}

function Status(): JSX.Element | null {
  switch (connection.value) {
    case "live":
      return (
        <>
          <span class="status live" role="status" data-testid="status">
            {t("app.live")}
          </span>
          <LevelChoice />
        </>
      );
    case "ended":
      return (
        <span class="status" role="status" data-testid="status">
          {t("app.ended")}
        </span>
      );
    case "lost":
      return (
        <span class="status lost" role="status" data-testid="status">
          {t("app.lost")}
        </span>
      );
    default:
      return null;
  }
}

/** How much the program reports. What was chosen holds when the program says so: it may be busy. */
function LevelChoice(): JSX.Element | null {
  const now = level.value;
  if (now === undefined) return null;
  const asked = askedLevel.value ?? now;
  return (
    <label class="level" title={t("level.title")}>
      <span class="weak">{t("level.label")}</span>
      <select
        data-testid="level"
        aria-busy={asked !== now}
        value={asked}
        onChange={({ currentTarget }) => (askedLevel.value = currentTarget.value as ObserverLevel)}
      >
        {LEVELS.map((one) => (
          <option key={one} value={one}>
            {t(`level.${one}`)}
            {one === asked && asked !== now ? " …" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

function Body(): JSX.Element {
  if (screen.value === LABS_SCREEN && hasLabs.value) return <LabsScreen />;
  const failed = failure.value;
  if (failed !== undefined && failed.slot === "first") {
    return (
      <div class="failed" role="alert">
        <h2>{t("app.failed")}</h2>
        <p data-testid="failure">{failed.message}</p>
        <label class="button">
          {t("app.retry")}
          <input
            type="file"
            class="hidden"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              if (file !== undefined) void openFile("first", file);
            }}
          />
        </label>
      </div>
    );
  }
  const shown = model.value;
  if (shown === undefined && hasLabs.value) return <Empty>{t("labs.nothingOpen")}</Empty>;
  if (shown === undefined) {
    return (
      <p class="loading" role="status">
        {t("app.loading")}
      </p>
    );
  }
  switch (screen.value) {
    case "now":
      return <NowScreen model={shown} />;
    case "timeline":
      return <TimelineScreen model={shown} />;
    case "tasks":
      return place.value.job === undefined ? (
        <TasksScreen model={shown} />
      ) : (
        <TaskScreen model={shown} job={place.value.job} />
      );
    case "resources":
      return <ResourcesScreen model={shown} />;
    case "loops":
      return <LoopsScreen model={shown} />;
    case "advice":
      return <AdviceScreen model={shown} />;
    case "compare":
      return <CompareScreen model={shown} />;
    case "capabilities":
      return <CapabilitiesScreen model={shown} />;
    case LABS_SCREEN:
      return <Empty>{t("labs.none")}</Empty>;
  }
}
