/** An operation is started, the program goes on with something else, and is told when it is done: in four ways. */
import { once } from "node:events";
import { connect, createServer } from "node:net";

import { type Scope, sleep, task, threads } from "skein";
import { yieldNow } from "skein/async";
import { Event } from "skein/shared";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };

/** On a thread of its own: something happens there after a while. */
export const happen = task(async function happen(event: Event, afterMs: number): Promise<void> {
  await sleep(afterMs);
  event.set();
});

export async function measure(s: Scope, phase: Phase, _machine: unknown, { operationMs }: { operationMs: number }) {
  const server = createServer((socket) => void setTimeout(() => socket.end("done"), operationMs));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const on = threads({ size: 1, name: "other" });
  await on.ready(happen);

  /** Each starts its operation, and calls `handle` when it is told of the end. */
  const ways: Record<string, (handle: () => void) => unknown> = {
    callback: (handle) => setTimeout(handle, operationMs),
    promise: (handle) => void s.spawn(() => sleep(operationMs, s).then(handle)),
    event: (handle) => connect(port, "127.0.0.1").once("data", handle),
    trigger: (handle) => {
      const event = new Event({ name: "happened" });
      s.spawn(happen, [event, operationMs], { on });
      void event.wait(s).then(handle);
    },
  };

  const numbers: Record<string, number> = {};
  const lanes: Record<string, Lane[]> = {};
  for (const [name, start] of Object.entries(ways)) {
    let [worked, handled, handledMs] = [0, 0, 0];
    await phase(name, async () => {
      const begin = performance.now();
      start(() => {
        handled++;
        handledMs = performance.now();
      });
      const returned = performance.now();
      numbers[`${name}StartUs`] = (returned - begin) * 1000;
      for (; handled === 0; await yieldNow()) worked++; // something else, a bit at a time
      const work: Lane = { name: "other work", runs: [[returned, performance.now()]] };
      lanes[name] = [{ name: "operation", runs: [[begin, handledMs]] }, work];
    });
    numbers[`${name}Worked`] = worked;
    numbers[`${name}Handled`] = handled;
  }
  return { numbers, lanes };
}
