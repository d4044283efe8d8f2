/**
 * The inspector's real page with ten million spans in it, moved about by wheel and keys:
 * how long each frame takes. Bundled and served by `scripts/browser.mjs`, which judges.
 *
 * The trace is that of a minute with 8 busy threads and 400 rows of tasks; it is made here,
 * in the form in which the page's worker hands traces over.
 */
import { mount } from "../../inspector/src/app.tsx";
import { go, models } from "../../inspector/src/state.ts";
import { ItemKind, itemOf, SpanStoreBuilder } from "../../inspector/src/timeline/span-store.ts";

const SPANS = 10_000_000;
const MINUTE_MS = 60_000;
const THREADS = 8;
const TASK_ROWS = 400;
const ROUNDS = 3;
/** About what a frame of the timeline takes at its most. */
const CONTROL_MS = 8;
const NOT_AVAILABLE = { badge: "not available", value: undefined };

/** Numbers as if by chance, the same in each run. */
let seed = 12_345;
const chance = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

function makeModel() {
  const rows = [];
  const store = new SpanStoreBuilder(SPANS);
  const row = (group, label, states) => {
    rows.push({ group, label, title: undefined, badge: undefined, thread: undefined, depth: 0 });
    store.row();
    const perRow = Math.floor(SPANS / (THREADS + TASK_ROWS));
    const mean = MINUTE_MS / perRow;
    let atMs = 0;
    for (let i = 0; i < perRow; i++) {
      // Bursts and pauses, from a tenth of the mean to ten times it.
      const length = mean * (i % 1000 < 900 ? 0.1 + chance() * 0.9 : chance() * 8);
      const gap = i % 1000 === 0 ? mean * 50 : mean * 0.1 * chance();
      store.add(atMs + gap, atMs + gap + length, states[i % states.length], i % 50, itemOf(ItemKind.job, i));
      atMs += gap + length;
    }
  };
  for (let thread = 0; thread < THREADS; thread++) row("threads", `threads-${thread}`, [0]);
  for (let task = 0; task < TASK_ROWS; task++) row("tasks", `scope ${task}`, [1, 0, 2, 0, 4, 3, 0]);
  const columns = store.finish();
  const times = Array.from({ length: 600 }, (_, index) => index * 100);
  const figures = new Proxy({}, { get: () => NOT_AVAILABLE });
  return {
    name: "ten million spans",
    isLive: false,
    problem: undefined,
    startedMs: 0,
    jobThreads: new Uint32Array(0),
    durationMs: columns.end.reduce((most, end) => Math.max(most, end), 0),
    rows,
    groups: [
      { name: "threads", firstRow: 0, rows: THREADS, count: THREADS },
      { name: "tasks", firstRow: THREADS, rows: TASK_ROWS, count: SPANS },
    ],
    names: Array.from({ length: 50 }, (_, index) => `job ${index}`),
    columns,
    summary: {
      figures,
      verdict: { en: { kind: "nothing", text: "" }, ru: { kind: "nothing", text: "" } },
      series: { times, inFlight: times.map(() => 1), busy: times.map(() => 1), demand: times.map(() => null) },
      findings: [],
      threads: [],
      resources: [],
      waitGraph: { nodes: [], edges: [], circle: [], circles: [] },
      advice: [],
      stalls: [],
      capabilities: [],
      jobs: SPANS,
      droppedRecords: 0,
      spans: columns.begin.length,
    },
  };
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Does `act` once a frame, and gives the time from each frame to the next. */
async function framesOf(count, act) {
  const times = [];
  let lastMs = await frame();
  for (let i = 0; i < count; i++) {
    act(i);
    const nowMs = await frame();
    times.push(nowMs - lastMs);
    lastMs = nowMs;
  }
  return times;
}

const spread = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.ceil(share * sorted.length) - 1];
  return { frames: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), mostMs: at(1) };
};

/** Something to compute. */
function spin(turns) {
  let x = 1;
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

/** How many turns take `CONTROL_MS` when nobody else has the core: the fastest of some tries counts. */
function calibrated() {
  const TRIED = 2_000_000;
  let fastestMs = Infinity;
  for (let i = 0; i < 40; i++) {
    const startMs = performance.now();
    spin(TRIED);
    fastestMs = Math.min(fastestMs, performance.now() - startMs);
  }
  return (TRIED / fastestMs) * CONTROL_MS;
}

/** Computes, and paints the whole of a canvas, as a frame of the timeline does: without a graphics card that is work as well. */
function controlFrame(width, height) {
  const work = calibrated();
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.style.cssText = "position:fixed;inset:0;pointer-events:none;opacity:0.02";
  document.body.append(canvas);
  const context = canvas.getContext("2d", { alpha: false });
  return (frameNumber) => {
    spin(work);
    for (let y = 0; y < height; y += 7) {
      context.fillStyle = `hsl(${(frameNumber * 7 + y) % 360} 50% 50%)`;
      context.fillRect(0, y, width, 7);
    }
  };
}

async function measure() {
  const model = makeModel();
  go({ screen: "timeline" });
  models.value = { first: model, second: undefined };
  mount(document.getElementById("app"));
  for (let i = 0; i < 10; i++) await frame();
  const canvas = document.querySelector(".lanes canvas");
  const box = canvas.getBoundingClientRect();
  const wheel = (init) =>
    canvas.dispatchEvent(
      new WheelEvent("wheel", {
        clientX: box.left + box.width * 0.6,
        clientY: box.top + 300,
        cancelable: true,
        ...init,
      }),
    );
  const key = (code) => window.dispatchEvent(new KeyboardEvent("keydown", { code, key: code }));
  // Several times, as the machine may be busy with something else meanwhile. How busy, tell
  // frames of a canvas of the same size, for which some milliseconds are computed.
  const control = controlFrame(box.width, box.height);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      control: spread(await framesOf(60, control)),
      zoomIn: spread(await framesOf(120, () => wheel({ deltaY: -30, ctrlKey: true }))),
      panClose: spread(await framesOf(60, (i) => wheel({ deltaX: i % 2 === 0 ? 90 : 60 }))),
      zoomOut: spread(await framesOf(120, () => wheel({ deltaY: 30, ctrlKey: true }))),
      scroll: spread(await framesOf(60, (i) => wheel({ deltaY: i < 30 ? 60 : -60 }))),
      keys: spread(await framesOf(60, (i) => key(["KeyW", "KeyD", "KeyS", "KeyA"][i % 4]))),
    });
  }
  const result = { spans: model.columns.begin.length, rounds };
  return result;
}

let found;
try {
  found = await measure();
} catch (error) {
  found = { failed: String(error.stack) };
}
await fetch("/found", { method: "POST", body: JSON.stringify(found) });
