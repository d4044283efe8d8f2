/** Promises of the program that are rejected and that nobody handles. */

type Listener = (reason: unknown) => void;

interface Host {
  listeners?(event: "unhandledRejection"): Listener[];
  on?(event: "unhandledRejection", listener: Listener): unknown;
  off?(event: "unhandledRejection", listener: Listener): unknown;
}

const { process: host } = globalThis as unknown as { readonly process?: Host };

/**
 * Has `tell` hear of them, and nobody else: a runner of tests would take them for
 * failures of its own, and without a listener the process ends.
 *
 * @returns what puts things back
 */
export function hearUnhandled(tell: Listener): () => void {
  if (host?.listeners === undefined || host.on === undefined || host.off === undefined) return () => {};
  const { on, off } = host;
  const others = host.listeners("unhandledRejection");
  for (const other of others) off.call(host, "unhandledRejection", other);
  on.call(host, "unhandledRejection", tell);
  return () => {
    off.call(host, "unhandledRejection", tell);
    for (const other of others) on.call(host, "unhandledRejection", other);
  };
}
