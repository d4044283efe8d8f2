/** Follows the recording of a running program, as the inspector's page does, from another process. */
import { WebSocket } from "ws";

import type { Session } from "./sessions.js";

export interface LiveClientHooks {
  /** A part of the recording; all parts together are a trace file. */
  readonly onPart: (part: Uint8Array) => void;
  /** Parts that were left out, as we were too slow. */
  readonly onLeftOut: (count: number) => void;
  /** Nothing more will come: the recording has ended, or the program. Called once. */
  readonly onEnd: () => void;
}

/** Parts are less than a mebibyte as they are written; see `trace-file.ts`. */
const MOST_PART_BYTES = 16 * 2 ** 20;

/** @returns a function that ends it */
export function followLive({ url }: Session, { onPart, onLeftOut, onEnd }: LiveClientHooks): () => void {
  const { origin } = new URL(url);
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}live`, {
    origin,
    perMessageDeflate: false,
    maxPayload: MOST_PART_BYTES,
  });
  let hasEnded = false;
  const end = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    onEnd();
  };
  socket.binaryType = "nodebuffer";
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (hasEnded) return;
    if (isBinary) return onPart(data);
    const note = JSON.parse(data.toString("utf8")) as { readonly ended?: boolean; readonly leftOut?: number };
    if (note.leftOut !== undefined) onLeftOut(note.leftOut);
    if (note.ended === true) end();
  });
  // A socket that breaks is closed by the library, which tells it here first.
  socket.on("error", () => undefined);
  socket.on("close", end);
  return () => {
    hasEnded = true;
    socket.terminate();
  };
}
