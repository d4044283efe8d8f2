/**
 * The address of what is seen: everything that another person needs to see the same
 * stands behind the `#`, so that it can be sent along with the trace.
 */
import type { SortKey } from "./analysis/tasks.js";
import { COLOUR_BY, type ColourBy } from "./timeline/tones.js";

export const SCREENS = ["now", "timeline", "tasks", "resources", "loops", "advice", "compare", "capabilities"] as const;
/** Where labs can be run. */
export const LABS_SCREEN = "labs";
export type ScreenName = (typeof SCREENS)[number] | typeof LABS_SCREEN;

const SORTS: readonly SortKey[] = [
  "tree",
  "name",
  "state",
  "age",
  "cpu",
  "ready",
  "io",
  "lock",
  "channel",
  "jobs",
  "steps",
  "step",
];

export interface Place {
  readonly screen: ScreenName;
  /** The part of time on the timeline. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly inEventOrder: boolean;
  /** By what bars are coloured. */
  readonly colourBy: ColourBy;
  /** The chosen range. */
  readonly rangeFromMs: number | undefined;
  readonly rangeToMs: number | undefined;
  /** True if the critical path of the selected item is shown. */
  readonly showsPath: boolean;
  /** Number of the selected item. */
  readonly item: number | undefined;
  readonly search: string;
  readonly query: string;
  readonly sort: SortKey;
  readonly isDescending: boolean;
  /** Index of the job whose details are shown. */
  readonly job: number | undefined;
  /** Name of the lab that is shown; of the screen of labs. */
  readonly lab: string | undefined;
}

export const NOWHERE: Place = {
  screen: "now",
  fromMs: undefined,
  toMs: undefined,
  inEventOrder: false,
  colourBy: "task",
  rangeFromMs: undefined,
  rangeToMs: undefined,
  showsPath: false,
  item: undefined,
  search: "",
  query: "",
  sort: "tree",
  isDescending: false,
  job: undefined,
  lab: undefined,
};

export function encodePlace(place: Place): string {
  const params = new URLSearchParams();
  const put = (key: string, value: number | string | undefined): void => {
    if (value === undefined || value === "") return;
    // A nanosecond is more than any clock of ours tells.
    params.set(key, typeof value === "number" ? String(Number(value.toFixed(6))) : value);
  };
  put("from", place.fromMs);
  put("to", place.toMs);
  put("order", place.inEventOrder ? 1 : undefined);
  put("colour", place.colourBy === "task" ? undefined : place.colourBy);
  put("rangeFrom", place.rangeFromMs);
  put("rangeTo", place.rangeToMs);
  put("item", place.item);
  put("path", place.showsPath ? 1 : undefined);
  put("find", place.search);
  put("q", place.query);
  put("sort", place.sort === "tree" ? undefined : `${place.isDescending ? "-" : ""}${place.sort}`);
  put("job", place.job);
  const text = params.toString();
  const lab = place.screen === LABS_SCREEN && place.lab !== undefined ? `/${place.lab}` : "";
  return `#${place.screen}${lab}${text === "" ? "" : `?${text}`}`;
}

/** Whatever does not make sense is left out: an address may come from anywhere. */
export function decodePlace(hash: string): Place {
  const [path = "", text = ""] = hash.replace(/^#/, "").split("?", 2);
  const [name = "", lab = ""] = path.split("/", 2);
  const isLabs = name === LABS_SCREEN;
  const params = new URLSearchParams(text);
  const numberOf = (key: string): number | undefined => {
    const value = params.get(key);
    return value !== null && value !== "" && Number.isFinite(Number(value)) ? Number(value) : undefined;
  };
  const wholeOf = (key: string): number | undefined => {
    const value = numberOf(key);
    return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const pair = (from: string, to: string): readonly [number, number] | undefined => {
    const [begin, end] = [numberOf(from), numberOf(to)];
    return begin !== undefined && end !== undefined && begin < end ? [begin, end] : undefined;
  };
  const window = pair("from", "to");
  const range = pair("rangeFrom", "rangeTo");
  const sortText = params.get("sort") ?? "";
  const sort = SORTS.find((known) => known === sortText.replace(/^-/, "")) ?? "tree";
  return {
    screen: isLabs ? LABS_SCREEN : (SCREENS.find((known) => known === name) ?? "now"),
    fromMs: window?.[0],
    toMs: window?.[1],
    inEventOrder: params.get("order") === "1",
    colourBy: COLOUR_BY.find((known) => known === params.get("colour")) ?? "task",
    rangeFromMs: range?.[0],
    rangeToMs: range?.[1],
    item: wholeOf("item"),
    showsPath: params.get("path") === "1",
    search: (params.get("find") ?? "").slice(0, 200),
    query: (params.get("q") ?? "").slice(0, 500),
    sort,
    isDescending: sortText.startsWith("-"),
    job: wholeOf("job"),
    lab: isLabs && /^[a-z-]{1,40}$/.test(lab) ? lab : undefined,
  };
}
