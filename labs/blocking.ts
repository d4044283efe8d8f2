/** Ten requests to a slow device: waiting for each with the thread blocked, then starting all and being told. */
import { type Scope, scopedTask, sleep, threads } from "skein";
import { Event, SharedChannel } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };
type Requests = SharedChannel<number>;
type Knobs = { requests: number; deviceMs: number };

const BEAT_MS = 5;

/** The device, as a disk or a network: answers each request after a while, any number at a time. */
export const device = scopedTask(async function device(s, needsMs: number, requests: Requests, answers: Event[]) {
  answers.at(-1)?.set(); // it has begun
  for await (const request of requests) {
    s.spawn(async () => {
      await sleep(needsMs, s);
      answers[request]?.set();
    });
  }
});

export async function measure(s: Scope, phase: Phase, _machine: unknown, knobs: Knobs) {
  const { requests: count, deviceMs } = knobs;
  const requests = new SharedChannel<number>({ capacity: 64, name: "requests" });
  const answers = Array.from({ length: 2 * count + 1 }, (_, i) => new Event({ name: `answer ${i}` }));
  s.spawn(device, [deviceMs, requests, answers], { on: threads({ size: 1, name: "device" }) });
  await answers.at(-1)?.wait(s);

  const numbers: Record<string, number> = { requests: count };
  const lanes: Record<string, Lane[]> = {};
  /** What else the event loop gets done: a beat every 5 ms, if it is free. */
  const withBeats = async (name: "blocking" | "asynchronous", body: (first: number) => Promise<unknown> | void) => {
    const beats: Lane = { name: "other work", runs: [] };
    const beat = setInterval(() => beats.runs.push([performance.now(), performance.now() + 1]), BEAT_MS);
    const begin = performance.now();
    await phase(name, () => body(name === "blocking" ? 0 : count));
    clearInterval(beat);
    lanes[name] = [{ name: "requests", runs: [[begin, performance.now()]] }, beats];
    numbers[`${name}Ms`] = performance.now() - begin;
    numbers[`${name}Beats`] = beats.runs.length;
  };

  await withBeats("blocking", (first) => {
    for (let i = first; i < first + count; i++) {
      requests.sendSync(i);
      answers[i]?.waitSync(); // nothing else happens on this thread
    }
  });
  await withBeats("asynchronous", async (first) => {
    const request = async (i: number) => {
      await requests.send(i, s);
      await answers[i]?.wait(s); // the thread is free meanwhile
    };
    await Promise.all(Array.from({ length: count }, (_, i) => s.spawn(() => request(first + i))));
  });
  requests.close();
  return { numbers, lanes };
}
