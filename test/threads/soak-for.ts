/** `npm run soak`: the soak, for minutes, with its figures. */
import { soak, type SoakReport } from "./soak.js";

const SHOW_EVERY_MS = 5000;

const [minutesText = "10", seedText] = process.argv.slice(2);
const minutes = Number(minutesText);
const seed = seedText === undefined ? Date.now() % 1_000_000 : Number(seedText);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error("soak: expected minutes and a seed, as in `npm run soak -- 10 417`");
  process.exit(2);
}

const startMs = performance.now();
let shownMs = startMs;
let isStopped = false;
process.on("SIGINT", () => {
  if (isStopped) process.exit(130);
  isStopped = true;
  console.log("soak: ends after this round");
});

const line = ({ submitted, faults, threadsLost, usedBytes, residentMb }: SoakReport): string =>
  `${submitted} jobs, ${faults} faults, ${threadsLost} threads lost, ` +
  `${Math.round(usedBytes / 1024)} KiB shared in use, ${residentMb} MB resident`;

console.log(`soak: seed ${seed}, ${minutes} min; all is accounted for, or this fails`);
const last = await soak(
  seed,
  () => isStopped || performance.now() - startMs > minutes * 60_000,
  (report) => {
    if (performance.now() - shownMs < SHOW_EVERY_MS) return;
    shownMs = performance.now();
    console.log(`${String(Math.round((shownMs - startMs) / 1000)).padStart(5)} s  ${line(report)}`);
  },
);
console.log(`soak: went well in ${Math.round((performance.now() - startMs) / 1000)} s: ${line(last)}`);
if (isStopped) process.exitCode = 130;
