/** The inspector's server: a page, traces, a live recording and exports, for this machine alone. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import { WebSocketServer } from "ws";

import { isOwnOrigin, makeToken, namesThisHost, pathWithin } from "./access.js";
import type { LiveFeed } from "./live-feed.js";
import { type PageFile, readPageFiles } from "./page-files.js";

/** Something that can be taken along. */
export interface Export {
  /** How the browser names the file. */
  readonly fileName: string;
  readonly type: string;
  make(): string | Uint8Array | Iterable<string | Uint8Array>;
}

/** Answers a part of what is asked, once the request has been let in. */
export interface Answerer {
  /** @param path - behind the part's own */
  answer(path: string, request: IncomingMessage, response: ServerResponse): void;
}

export interface Content {
  /** What is looked at: the program, or the file. */
  readonly name: string;
  /** One or two traces, encoded; none of a live recording. */
  readonly traces: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly live: LiveFeed | undefined;
  /** Runs labs, where the page is to. */
  readonly labs?: Answerer;
  /** By the last part of their address. */
  readonly exports: ReadonlyMap<string, Export>;
}

/** A request with more than this in its headers is none of the page's. */
const MOST_HEADER_BYTES = 8192;
const LABS_PATH = "labs/";
const REQUEST_MS = 30_000;
/** All that a page says over its socket is how much the program is to report. */
const MOST_SOCKET_BYTES = 1024;

export class InspectorServer {
  readonly #content: Content;
  readonly #files: ReadonlyMap<string, PageFile> = readPageFiles();
  readonly #token = makeToken();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_SOCKET_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });

  constructor(content: Content) {
    this.#content = content;
    this.#server = createServer(
      { maxHeaderSize: MOST_HEADER_BYTES, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
      (request, response) => this.#answer(request, response),
    );
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
  }

  /**
   * @param port - 0 for any that is free
   * @returns the address of the page
   */
  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    return `http://127.0.0.1:${this.#port}/${this.#token}/`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The path that is asked for, if the request may ask at all. */
  #allowed(request: IncomingMessage): string | undefined {
    const { headers, url } = request;
    if (!namesThisHost(headers, this.#port) || !isOwnOrigin(headers, this.#port)) return undefined;
    return pathWithin(url, this.#token);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(this.#headers())) response.setHeader(name, value);
    const path = this.#allowed(request);
    // Whoever has no token learns nothing, not even that there is an inspector.
    if (path === undefined) return refuse(response, 404, "not found");
    const { labs } = this.#content;
    if (labs !== undefined && path.startsWith(LABS_PATH)) {
      return labs.answer(path.slice(LABS_PATH.length), request, response);
    }
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "only GET");
    const file = this.#files.get(path === "" ? "index.html" : path);
    if (file !== undefined) return send(request, response, file.type, file.body);
    if (path === "session.json") return send(request, response, "application/json", JSON.stringify(this.#session()));
    const [, index] = /^trace\/(\d)$/.exec(path) ?? [];
    const trace = index === undefined ? undefined : this.#content.traces[Number(index)];
    if (trace !== undefined) return send(request, response, "application/octet-stream", trace.bytes);
    const [, exportName = ""] = /^export\/([\w.-]+)$/.exec(path) ?? [];
    const made = this.#content.exports.get(exportName);
    if (made !== undefined) return this.#export(request, response, made);
    return refuse(response, 404, "not found");
  }

  #export(request: IncomingMessage, response: ServerResponse, { type, fileName, make }: Export): void {
    const name = fileName.replaceAll(/[^\w.-]/g, "_");
    response.setHeader("Content-Disposition", `attachment; filename="${name}"`);
    if (request.method === "HEAD") return send(request, response, type, "");
    try {
      const made = make();
      if (typeof made === "string" || made instanceof Uint8Array) return send(request, response, type, made);
      response.setHeader("Content-Type", type);
      return void writeAll(response, made);
    } catch (error) {
      return refuse(response, 500, error instanceof Error ? error.message : String(error));
    }
  }

  #session(): object {
    const { name, live, traces, exports, labs } = this.#content;
    return {
      name,
      isLive: live !== undefined,
      hasLabs: labs !== undefined,
      traces: traces.map(({ name: traceName }, index) => ({ name: traceName, url: `trace/${index}` })),
      exports: [...exports.keys()],
    };
  }

  #headers(): Readonly<Record<string, string>> {
    return {
      "Content-Security-Policy": [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "worker-src 'self'",
        `connect-src 'self' ws://127.0.0.1:${this.#port} ws://localhost:${this.#port}`,
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join("; "),
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "Referrer-Policy": "no-referrer", // the address holds the token
      "Cross-Origin-Resource-Policy": "same-origin",
      "Cache-Control": "no-store",
    };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { live } = this.#content;
    // Of a socket a browser always says which page opens it.
    if (this.#allowed(request) !== "live" || request.headers.origin === undefined || live === undefined) {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => live.add(opened));
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(why);
}

function send(request: IncomingMessage, response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.writeHead(200, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Part by part, no faster than they are taken. */
async function writeAll(response: ServerResponse, parts: Iterable<string | Uint8Array>): Promise<void> {
  for (const part of parts) {
    if (response.destroyed) return;
    if (!response.write(part)) {
      await new Promise<void>((resolve) => {
        response.once("drain", resolve);
        response.once("close", resolve);
      });
    }
  }
  response.end();
}
