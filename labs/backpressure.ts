/** A fast maker and a slow user, with a queue between them: without a limit, and with one. */
import { channel, type Scope } from "skein";
import { yieldNow } from "skein/async";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

const KILOBYTES = 16; // of each value
const USE_STEPS = 30_000; // what the user computes for each

export async function measure(s: Scope, phase: Phase, _machine: unknown, knobs: { values: number; capacity: number }) {
  const numbers: Record<string, number> = { ...knobs };
  const lanes: Record<string, Lane[]> = {};
  for (const [name, capacity] of [
    ["no limit", Infinity],
    ["limit", knobs.capacity],
  ] as const) {
    const queue = channel<Uint8Array>({ capacity, name }, s);
    const maker: Lane = { name: "maker", runs: [] };
    const user: Lane = { name: "user", runs: [] };
    let [most, used, inOrder] = [0, 0, 0];
    await phase(name, async () => {
      s.spawn(async function make() {
        for (let i = 0; i < knobs.values; i++) {
          const begin = performance.now();
          const value = new Uint8Array(KILOBYTES * 1024).fill(i % 256);
          maker.runs.push([begin, performance.now()]);
          await queue.send(value, s); // waits while the queue is full
          most = Math.max(most, queue.length);
        }
        queue.close();
      });
      for await (const value of queue) {
        const begin = performance.now();
        if (value[0] === used % 256) inOrder++;
        used++;
        for (let i = 0, state = 1; i < USE_STEPS; i++) state = Math.imul(state, 1_103_515_245) + 12_345;
        user.runs.push([begin, performance.now()]);
        await yieldNow(); // the user is no faster than this
      }
    });
    lanes[name] = [maker, user];
    Object.assign(numbers, { [`${name}: most`]: most, [`${name}: kB`]: most * KILOBYTES });
    Object.assign(numbers, { [`${name}: used`]: used, [`${name}: order`]: inOrder });
  }
  return { numbers, lanes };
}
