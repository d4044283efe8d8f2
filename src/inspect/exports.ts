/** What can be taken along of a trace. */
import {
  chromeTraceChunks,
  cpuProfileFile,
  csvChunks,
  decodeTrace,
  otlpChunks,
  perfettoChunks,
} from "../trace/index.js";
import { makeReport } from "./report.js";
import type { Export } from "./server.js";

/** @param bytes - gives the trace, encoded, as it is when it is asked for */
export function exportsOf(name: string, bytes: () => Uint8Array): ReadonlyMap<string, Export> {
  const stem = name.replace(/\.\w+$/, "");
  return new Map<string, Export>([
    ["trace.skein", { fileName: `${stem}.skein`, type: "application/octet-stream", make: bytes }],
    [
      "report.html",
      { fileName: `${stem}.html`, type: "text/html; charset=utf-8", make: () => makeReport(name, bytes()) },
    ],
    [
      "perfetto.pftrace",
      {
        fileName: `${stem}.pftrace`,
        type: "application/octet-stream",
        make: () => perfettoChunks(decodeTrace(bytes())),
      },
    ],
    [
      "jobs.csv",
      { fileName: `${stem}.csv`, type: "text/csv; charset=utf-8", make: () => csvChunks(decodeTrace(bytes())) },
    ],
    [
      "profile.cpuprofile",
      {
        fileName: `${stem}.cpuprofile`,
        type: "application/json",
        make: () => cpuProfileFile(decodeTrace(bytes())),
      },
    ],
    [
      "otlp.json",
      { fileName: `${stem}.otlp.json`, type: "application/json", make: () => otlpChunks(decodeTrace(bytes())) },
    ],
    [
      "chrome.json",
      { fileName: `${stem}.trace.json`, type: "application/json", make: () => chromeTraceChunks(decodeTrace(bytes())) },
    ],
  ]);
}
