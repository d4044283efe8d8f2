/** Locks, channels and whatever else was waited for, and who waits for whom. */
import type { JSX } from "preact";
import type { Durations } from "skein/trace";

import type { Model, WaitGraph } from "../analysis/model.js";
import { duration, level, number, percent } from "../format.js";
import { Empty, Panel, Sparkline } from "../parts.js";
import { go, language, t } from "../state.js";

export function ResourcesScreen({ model }: { readonly model: Model }): JSX.Element {
  const words = language.value;
  const { resources, waitGraph } = model.summary;
  const hasHolds = resources.some(({ acquired }) => acquired > 0);
  const hasLevels = resources.some(({ meanLevel }) => meanLevel !== undefined);
  const hasHolder = resources.some(({ holder }) => holder !== undefined);
  return (
    <div class="resources">
      <Panel title={t("graph.title")} class="graph">
        <Graph graph={waitGraph} />
      </Panel>
      <Panel title={t("resources.title")}>
        {resources.length === 0 ? (
          <Empty>{t("resources.none")}</Empty>
        ) : (
          <div class="table-scroll">
            <table data-testid="resources">
              <thead>
                <tr>
                  <th scope="col">{t("resources.name")}</th>
                  {hasHolder ? <th scope="col">{t("resources.holder")}</th> : null}
                  <th scope="col" class="number">
                    {t("resources.waits")}
                  </th>
                  <th scope="col" class="number">
                    {t("resources.time")}
                  </th>
                  <th scope="col" class="number">
                    {t("resources.each")}
                  </th>
                  <th scope="col" class="number">
                    {t("resources.waiting")}
                  </th>
                  {hasHolds ? (
                    <>
                      <th scope="col" class="number">
                        {t("resources.acquired")}
                      </th>
                      <th scope="col" class="number">
                        {t("resources.held")}
                      </th>
                      <th scope="col" class="number">
                        {t("resources.heldEach")}
                      </th>
                      <th scope="col" class="number">
                        {t("resources.contended")}
                      </th>
                    </>
                  ) : null}
                  {hasLevels ? (
                    <th scope="col" class="number">
                      {t("resources.level")}
                    </th>
                  ) : null}
                  <th scope="col">{t("resources.curve")}</th>
                </tr>
              </thead>
              <tbody>
                {resources.map((resource) => (
                  <tr key={resource.id}>
                    <th scope="row">
                      <button
                        type="button"
                        class="link"
                        onClick={() =>
                          go({
                            screen: "tasks",
                            job: undefined,
                            query: `touches:"~${resource.title.replaceAll('"', "")}"`,
                          })
                        }
                      >
                        {resource.name[words]}
                      </button>
                    </th>
                    {hasHolder ? <td>{resource.holder?.[words] ?? ""}</td> : null}
                    <td class="number" data-value={resource.wait?.count ?? 0}>
                      {number(resource.wait?.count ?? 0, words)}
                    </td>
                    <td class="number" data-value={resource.wait?.totalMs ?? 0}>
                      {duration(resource.wait?.totalMs ?? 0, words)}
                    </td>
                    <td class="number">{spreadOf(resource.wait)}</td>
                    <td class="number" title={resource.waiters.map((name) => name[words]).join("\n")}>
                      {number(resource.mostWaiting, words)} · {number(resource.waitingAtEnd, words)}
                    </td>
                    {hasHolds ? (
                      <>
                        <td class="number">{resource.acquired === 0 ? "" : number(resource.acquired, words)}</td>
                        <td class="number" data-value={resource.hold?.totalMs}>
                          {resource.hold === undefined ? "" : duration(resource.hold.totalMs, words)}
                        </td>
                        <td class="number">{resource.hold === undefined ? "" : spreadOf(resource.hold)}</td>
                        <td class="number">
                          {resource.contendedShare === undefined ? "" : percent(resource.contendedShare, words)}
                        </td>
                      </>
                    ) : null}
                    {hasLevels ? (
                      <td class="number" data-value={resource.meanLevel}>
                        {resource.meanLevel === undefined
                          ? ""
                          : t(
                              "resources.level.of",
                              level(resource.meanLevel, words),
                              number(resource.mostLevel, words),
                            )}
                      </td>
                    ) : null}
                    <td>
                      <Sparkline points={resource.curve} extent={model.durationMs} />
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

function spreadOf(times: Durations | undefined): string {
  if (times === undefined) return "–";
  return [times.p50Ms, times.p99Ms, times.mostMs].map((ms) => duration(ms, language.value)).join(" · ");
}

const BOX_WIDTH = 190;
const BOX_HEIGHT = 30;
const COLUMN_GAP = 110;
const LINE_GAP = 14;

/** Jobs to the left, what they wait for to the right; a circle is drawn in the colour of problems. */
function Graph({ graph }: { readonly graph: WaitGraph }): JSX.Element {
  if (graph.nodes.length === 0) return <Empty>{t("graph.none")}</Empty>;
  const places = placed(graph);
  const inCircle = new Set(graph.circle);
  const words = language.value;
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + BOX_HEIGHT + 8;
  const width = Math.max(...[...places.values()].map(({ x }) => x)) + BOX_WIDTH + 8;
  return (
    <div class="graph-scroll">
      {graph.circles.map((circle, index) => (
        <p class="warn" role="status" data-testid="circle" key={index}>
          {circle[words]}
        </p>
      ))}
      <svg
        class="wait-graph"
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label={t("graph.title")}
      >
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8z" />
          </marker>
        </defs>
        {graph.edges.map(({ from, to, kind }, index) => {
          const [a, b] = [places.get(from), places.get(to)];
          if (a === undefined || b === undefined) return null;
          const isForward = b.x > a.x;
          const [x1, x2] = isForward ? [a.x + BOX_WIDTH, b.x] : [a.x, b.x + BOX_WIDTH];
          const [y1, y2] = [a.y + BOX_HEIGHT / 2, b.y + BOX_HEIGHT / 2 + (isForward ? 0 : 6)];
          const bend = Math.max(30, Math.abs(x2 - x1) / 2) * (isForward ? 1 : -1);
          return (
            <path
              key={index}
              class={`edge edge-${kind} ${inCircle.has(from) && inCircle.has(to) ? "circle" : ""}`}
              d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
              marker-end="url(#arrow)"
            >
              <title>{t(kind === "waits" ? "graph.waits" : "graph.held")}</title>
            </path>
          );
        })}
        {graph.nodes.map(({ id, label, kind }) => {
          const at = places.get(id);
          return at === undefined ? null : (
            <g key={id} class={`node node-${kind} ${inCircle.has(id) ? "circle" : ""}`}>
              <rect x={at.x} y={at.y} width={BOX_WIDTH} height={BOX_HEIGHT} rx={kind === "job" ? 15 : 4} />
              <text x={at.x + 12} y={at.y + BOX_HEIGHT / 2 + 4}>
                {label[words].length > 27 ? `${label[words].slice(0, 26)}…` : label[words]}
              </text>
              <title>{label[words]}</title>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function placed({ nodes }: WaitGraph): Map<string, { readonly x: number; readonly y: number }> {
  const next = { job: 4, resource: 4 };
  const places = new Map<string, { x: number; y: number }>();
  for (const { id, kind } of nodes) {
    places.set(id, { x: kind === "job" ? 4 : 4 + BOX_WIDTH + COLUMN_GAP, y: next[kind] });
    next[kind] += BOX_HEIGHT + LINE_GAP;
  }
  return places;
}
