import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";

import { LiveFeed } from "#skein/inspect/live-feed";
import { InspectorServer } from "#skein/inspect/server";
import { type ClientOptions, WebSocket } from "ws";

const TRACE = new TextEncoder().encode("a trace");
const feed = new LiveFeed();
const server = new InspectorServer({
  name: "program.ts",
  traces: [{ name: "program.ts", bytes: TRACE }],
  live: feed,
  exports: new Map([
    ["parts.txt", { fileName: '../"evil"\r\n.txt', type: "text/plain", make: () => ["a".repeat(1e6), "b"] }],
    [
      "broken.txt",
      {
        fileName: "broken.txt",
        type: "text/plain",
        make: () => {
          throw new Error("it can't be made");
        },
      },
    ],
  ]),
});
let page: URL;
before(async () => {
  page = new URL(await server.listen(0));
});
after(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks without a browser's help, so that anything can be asked. */
async function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
  const asked = request({ host: "127.0.0.1", port: page.port, path, method, headers });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let body = "";
  response.setEncoding("utf8");
  for await (const part of response) body += part as string;
  return { status: response.statusCode, headers: response.headers, body };
}

describe("the inspector's server", () => {
  it("gives the page, and forbids it everything but its own files", async () => {
    const { status, body, headers } = await ask(page.pathname);
    assert.equal(status, 200);
    assert.match(body, /<div id="app">/);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["access-control-allow-origin"], undefined);
    for (const file of ["page.js", "page.css", "worker.js"]) {
      assert.equal((await ask(page.pathname + file)).status, 200, file);
    }
  });

  it("listens on the loopback address alone", async () => {
    const socket = connect({ host: "127.0.0.2", port: Number(page.port) });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNREFUSED");
  });

  it("tells nobody without the token that it is there", async () => {
    const token = page.pathname.split("/")[1] ?? "";
    const wrong = [
      "/",
      "/page.js",
      `/${token}`,
      `/${token.slice(0, -1)}/`,
      `/${token}x/`,
      `/${"A".repeat(token.length)}/session.json`,
      `//${token}/`,
      `/?/${token}/`,
    ];
    for (const path of wrong) {
      const answer = await ask(path);
      assert.deepEqual([answer.status, answer.body], [404, "not found"], path);
    }
  });

  it("asks for the token, its own name and its own origin with every request", async () => {
    const paths = ["", "index.html", "page.js", "page.css", "worker.js", "session.json", "trace/0", "export/parts.txt"];
    const wrongToken = `/${"A".repeat(page.pathname.length - 2)}/`;
    for (const path of paths) {
      for (const method of ["GET", "HEAD"]) {
        const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
          [`/${path}`, {}],
          [wrongToken + path, {}],
          [page.pathname + path, { host: `evil.example:${page.port}` }],
          [page.pathname + path, { origin: "https://evil.example" }],
        ];
        for (const [address, headers] of wrong) {
          const { status, body } = await ask(address, headers, method);
          assert.deepEqual([status, body], [404, method === "HEAD" ? "" : "not found"], `${method} ${path}`);
        }
        assert.equal((await ask(page.pathname + path, {}, method)).status, 200, `${method} ${path}`);
      }
    }
  });

  it("answers nobody who does not name a host", async () => {
    const socket = connect({ host: "127.0.0.1", port: Number(page.port) });
    socket.end(`GET ${page.pathname} HTTP/1.0\r\n\r\n`);
    let answer = "";
    for await (const part of socket) answer += String(part);
    assert.match(answer, /^HTTP\/1\.1 404 /);
  });

  it("forbids the same to whoever gets nothing from it", async () => {
    const { headers } = await ask("/");
    assert.match(String(headers["content-security-policy"]), /default-src 'none'/);
    assert.equal(headers["x-frame-options"], "DENY");
    assert.equal(headers["cache-control"], "no-store");
  });

  it("answers only to its own name, so that no other name can be made to point here", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${page.port}`,
      "127.0.0.1",
      "127.0.0.1:1",
      `[::1]:${page.port}`,
    ]) {
      assert.equal((await ask(page.pathname, { host })).status, 404, host);
    }
    assert.equal((await ask(page.pathname, { host: `localhost:${page.port}` })).status, 200);
  });

  it("answers no page of another site", async () => {
    assert.equal((await ask(page.pathname, { origin: "https://evil.example" })).status, 404);
    assert.equal((await ask(page.pathname, { origin: "null" })).status, 404);
    assert.equal((await ask(page.pathname, { origin: page.origin })).status, 200);
  });

  it("takes nothing, and leads to no file but the page's", async () => {
    assert.equal((await ask(page.pathname, {}, "POST")).status, 405);
    assert.equal((await ask(page.pathname, {}, "OPTIONS")).status, 405);
    for (const path of [
      "../package.json",
      "%2e%2e/package.json",
      "..%2f..%2fetc/passwd",
      "trace/1",
      "trace/-1",
      "export/no",
    ]) {
      assert.equal((await ask(page.pathname + path)).status, 404, path);
    }
  });

  it("gives traces and exports, the latter under a name that is only a name", async () => {
    assert.equal((await ask(`${page.pathname}trace/0`)).body, "a trace");
    const session = JSON.parse((await ask(`${page.pathname}session.json`)).body) as object;
    assert.deepEqual(session, {
      name: "program.ts",
      isLive: true,
      hasLabs: false,
      traces: [{ name: "program.ts", url: "trace/0" }],
      exports: ["parts.txt", "broken.txt"],
    });
    const exported = await ask(`${page.pathname}export/parts.txt`);
    assert.equal(exported.body.length, 1e6 + 1);
    assert.equal(exported.headers["content-disposition"], 'attachment; filename="..__evil___.txt"');
    const broken = await ask(`${page.pathname}export/broken.txt`);
    assert.deepEqual([broken.status, broken.body], [500, "it can't be made"]);
  });

  it("refuses requests with more in their heads than a page sends", async () => {
    assert.equal((await ask(page.pathname, { cookie: "x".repeat(20_000) })).status, 431);
  });
});

describe("the socket of a live recording", () => {
  const open = (path: string, options: ClientOptions): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${page.port}${path}`, options);

  it("opens only for the page: with the token, from its own address", async () => {
    const wrong: readonly (readonly [string, ClientOptions])[] = [
      ["/live", { origin: page.origin }],
      [`${page.pathname}live`, {}],
      [`${page.pathname}live`, { origin: "https://evil.example" }],
      [`${page.pathname}live`, { origin: page.origin, headers: { host: "evil.example" } }],
      [`${page.pathname}session.json`, { origin: page.origin }],
    ];
    for (const [path, options] of wrong) {
      const socket = open(path, options);
      const outcome = await new Promise<string>((resolve) => {
        socket.once("error", ({ message }) => resolve(message));
        socket.once("open", () => resolve("it was opened"));
      });
      socket.terminate();
      assert.match(outcome, /404/, path);
    }
  });

  it("is closed if it says more than nothing", async () => {
    const socket = open(`${page.pathname}live`, { origin: page.origin });
    await once(socket, "open");
    socket.send("x".repeat(2000));
    const [code] = (await once(socket, "close")) as [number];
    assert.equal(code, 1009);
  });

  it("gives what was kept, then what comes, then the end", async () => {
    feed.push(Uint8Array.of(0x53));
    feed.push(Uint8Array.of(1));
    const socket = open(`${page.pathname}live`, { origin: page.origin });
    const got: string[] = [];
    const ended = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer, isBinary) => {
        got.push(isBinary ? `part ${data[0]}` : data.toString());
        if (got.length === 2) feed.push(Uint8Array.of(2));
        if (got.length === 3) feed.end();
        if (got.length === 4) resolve();
      });
    });
    await ended;
    socket.close();
    assert.deepEqual(got, ["part 83", "part 1", "part 2", '{"ended":true}']);
  });
});
