/** Thousands of network connections, all open and waiting at the same time, on one thread. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

import type { Scope } from "skein";
import { semaphore } from "skein/async";

type Phase = <Result>(name: string, body: () => Result) => Promise<Awaited<Result>>;
type Lane = { readonly name: string; readonly runs: [number, number][] };
type Machine = { mostFiles: number | undefined };

const FILES_EACH = 2; // both ends are in this process
const FILES_KEPT = 200; // for everything else that is open
const OPENING_MS = 1500; // on a slow machine there are fewer
const OPENING_AT_ONCE = 200; // what stands in the server's door

export async function measure(s: Scope, phase: Phase, { mostFiles }: Machine, { wanted }: { wanted: number }) {
  const room = Math.floor(((mostFiles ?? Infinity) - FILES_KEPT) / FILES_EACH);
  const most = Math.max(1, Math.min(wanted, room));

  // The server answers nobody until all are connected, so all wait at the same time.
  const waiting = new Set<Socket>();
  let mostWaiting = 0;
  const server = createServer((socket) => {
    waiting.add(socket.on("error", () => undefined));
    mostWaiting = Math.max(mostWaiting, waiting.size);
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  const { port } = server.address() as { port: number };

  const door = semaphore(OPENING_AT_ONCE);
  let [answered, refused] = [0, 0];
  const lives: Lane[] = []; // of the connections
  const client = async (opened: () => void): Promise<void> => {
    const begin = performance.now();
    const lane: Lane = { name: `no. ${lives.length + 1}`, runs: [] };
    lives.push(lane);
    const socket = connect(port, "127.0.0.1", opened).once("data", () => answered++);
    await once(socket, "end").catch(() => [refused++, opened()]);
    lane.runs.push([begin, performance.now()]);
  };

  await phase("connections", async () => {
    const stopMs = performance.now() + OPENING_MS;
    const clients = [];
    for (let i = 0; i < most && performance.now() < stopMs && refused === 0; i++) {
      const permit = await door.acquire(1, s);
      clients.push(s.spawn(() => client(() => permit.release())));
    }
    await door.acquire(OPENING_AT_ONCE, s); // until all are inside
    while (waiting.size + refused < clients.length) await new Promise((resolve) => setImmediate(resolve));
    for (const socket of waiting) socket.end("hello");
    await Promise.all(clients);
  });
  server.close();
  const tenth = Math.ceil(lives.length / 10);
  const lanes = { connections: lives.filter((_, i) => i % tenth === 0) };
  return { numbers: { wanted, room: most, mostWaiting, answered, refused }, lanes };
}
