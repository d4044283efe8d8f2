import { MessageChannel } from "node:worker_threads";

/**
 * Lets the event loop turn many times without asking it for a turn: by messages
 * between ports, which the host lists among no requests. To whoever looks for
 * work under way the thread is quiet meanwhile.
 */
export async function unseenTurns(count: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise<void>((resolve) => {
    let left = count;
    // To and fro: what a port gets while it hands out messages comes in the same turn.
    port2.on("message", () => port2.postMessage(undefined));
    port1.on("message", () => {
      if (--left === 0) resolve();
      else port1.postMessage(undefined);
    });
    port1.postMessage(undefined);
  });
  port1.close();
}
