import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterEach, describe, it } from "node:test";

import { InspectorServer } from "#skein/inspect/server";
import { LABS } from "#skein/labs/catalog";
import { inconclusive } from "#skein/labs/evidence";
import type { Lab } from "#skein/labs/lab";
import type { LabPage, LabsState, RunPage } from "#skein/labs/lab-page";
import { LabServer } from "#skein/labs/lab-server";
import type { LabRun, LabStart } from "#skein/labs/start-lab";

/** A lab that runs until it is told how that ended. */
interface Begun {
  readonly lab: Lab;
  readonly how: LabStart;
  readonly end: (traces?: readonly Uint8Array[]) => void;
  isStopped: boolean;
}

const PHASE = {
  name: "here",
  beginMs: 100,
  wallMs: 10,
  cpuMs: 5,
  coreWaitMs: undefined,
  ownSwitches: 1,
  forcedSwitches: 2,
  threads: 9,
  newThreads: 0,
  meanInFlight: 3,
  mostInFlight: 4,
  othersCores: 0,
  idleCores: 1,
  neighbours: [],
};

let closing: (() => Promise<void>) | undefined;
afterEach(async () => {
  await closing?.();
  closing = undefined;
});

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

async function served() {
  const begun: Begun[] = [];
  const run = (lab: Lab, how: LabStart): Promise<LabRun> =>
    new Promise((resolve) => {
      const end = (traces: readonly Uint8Array[] = []): void =>
        resolve({
          lab,
          judgement: inconclusive({ en: "it is a test", ru: "это тест" }),
          measured: {
            numbers: { jobs: 4 },
            lanes: { here: [{ name: "job 1", runs: [[101, 103]] }] },
            phases: [PHASE],
            cores: 2,
            canPin: true,
          },
          traces,
          output: "",
          tries: 1,
        });
      const one: Begun = { lab, how, end, isStopped: false };
      begun.push(one);
      how.onStart?.(() => {
        one.isStopped = true;
        end();
      });
    });
  const labs = new LabServer(run);
  const server = new InspectorServer({ name: "labs", traces: [], live: undefined, exports: new Map(), labs });
  const page = new URL(await server.listen(0));
  closing = async () => {
    labs.close();
    await server.close();
  };
  const open = async (path: string, method = "GET", body = "", headers = {}): Promise<IncomingMessage> => {
    const asked = request({ host: "127.0.0.1", port: page.port, path, method, headers });
    asked.end(body);
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    return response.setEncoding("utf8");
  };
  const ask = async (...args: Parameters<typeof open>): Promise<Answer> => {
    const response = await open(...args);
    let text = "";
    for await (const part of response) text += part as string;
    return { status: response.statusCode, body: text };
  };
  const start = (lab: string, knobs: unknown = {}) =>
    ask(`${page.pathname}labs/run/${lab}`, "POST", typeof knobs === "string" ? knobs : JSON.stringify(knobs));
  const get = async <Value>(path: string): Promise<Value> =>
    JSON.parse((await ask(`${page.pathname}labs/${path}`)).body) as Value;
  /** What is told from now on, one state at a time. */
  const listen = async (): Promise<() => Promise<LabsState>> => {
    const parts = (await open(`${page.pathname}labs/events`))[Symbol.asyncIterator]();
    return async () => {
      const part = await parts.next();
      return JSON.parse(
        String(part.value)
          .trim()
          .split("\n")
          .at(-1)
          ?.replace(/^data: /, "") ?? "",
      ) as LabsState;
    };
  };
  return { page, labs, begun, ask, start, get, listen };
}

function errorOf({ body }: Answer): { readonly en: string; readonly ru: string } {
  return (JSON.parse(body) as { readonly error: { readonly en: string; readonly ru: string } }).error;
}

describe("the server of labs", () => {
  it("lists them all, with their knobs, in both languages", async () => {
    const { get } = await served();
    const pages = await get<LabPage[]>("catalog");
    assert.deepEqual(
      pages.map(({ name }) => name),
      LABS.map(({ name }) => name),
    );
    for (const { statements, knobs } of pages) {
      for (const { words } of [...statements, ...knobs]) {
        assert.match(words.en, /^[^А-яЁё]+$/u);
        assert.match(words.ru, /[А-яЁё]/u);
      }
      for (const { least, most, usual } of knobs) assert.ok(least <= usual && usual <= most);
    }
    assert.ok(pages.find(({ name }) => name === "deadlock")?.knobs.every(({ name }) => name === "cores"));
  });

  it("gives the program as it is shipped", async () => {
    const { page, ask } = await served();
    assert.match((await ask(`${page.pathname}labs/code/illusion`)).body, /^\/\*\* Computing threads/);
    for (const path of ["../package", "..%2Fpackage", "nothing", ""]) {
      assert.equal((await ask(`${page.pathname}labs/code/${path}`)).status, 404, path);
    }
  });

  it("runs a lab with its knobs, keeps what came of it, and tells how far it is", async () => {
    const { begun, start, get, page, ask, listen } = await served();
    const next = await listen();
    assert.equal((await next()).running, undefined);
    const answer = await start("four-models", { jobs: 3, answerMs: 15 });
    assert.deepEqual([answer.status, answer.body], [202, '{"run":1}']);
    const [running] = begun;
    assert.equal(running?.lab.name, "four-models");
    // What is as usual needs no saying.
    assert.deepEqual(running.how.knobs, { jobs: 3 });
    assert.equal((await next()).running?.lab, "four-models");
    running.how.onPhase?.("here");
    assert.equal((await next()).running?.phase, "here");
    running.end([Uint8Array.of(65, 66)]);
    const over = await next();
    assert.deepEqual([over.running, over.runs], [undefined, [{ run: 1, lab: "four-models", kind: "inconclusive" }]]);
    const run = await get<RunPage>("run/1");
    assert.equal(run.knobs["jobs"], 3);
    assert.equal(run.knobs["sliceMs"], 3);
    assert.deepEqual(run.phases[0]?.lanes, [{ name: { en: "job 1", ru: "задача 1" }, runs: [[1, 3]] }]);
    assert.equal(run.phases[0]?.hasTrace, true);
    assert.equal((await ask(`${page.pathname}labs/trace/1/0`)).body, "AB");
    for (const path of ["1/1", "2/0", "1/-1", "1/x", "__proto__/0"]) {
      assert.equal((await ask(`${page.pathname}labs/trace/${path}`)).status, 404, path);
    }
  });

  it("runs no lab that is not of the catalogue", async () => {
    const { begun, start } = await served();
    for (const name of ["nothing", "constructor", "..%2Fillusion", "file:%2F%2F%2Fx.js", "illusion.ts", ""]) {
      const answer = await start(name);
      assert.equal(answer.status, 404, name);
      assert.match(errorOf(answer).en, /^there is no lab /);
      assert.match(errorOf(answer).ru, /^опыта .* нет$/);
    }
    assert.deepEqual(begun, []);
  });

  it("refuses knobs that are out of range or not there, and says what it expected", async () => {
    const { begun, start } = await served();
    const cases: readonly [unknown, RegExp][] = [
      [{ jobs: 0 }, /^jobs: expected a whole number from 1 to 8, but 0 came$/],
      [{ jobs: 1.5 }, /but 1\.5 came$/],
      [{ jobs: "4" }, /but "4" came$/],
      [{ jobs: null }, /but null came$/],
      [{ jobs: "x".repeat(1000) }, /but "x{39}… came$/],
      [{ speed: 1 }, /^this lab has no knob "speed": there are jobs, answerMs, sliceMs/],
      [{ constructor: 1 }, /^this lab has no knob "constructor"/],
      [[1], /^knobs are an object/],
      ["{", /^the body is no JSON/],
    ];
    for (const [knobs, words] of cases) {
      const answer = await start("four-models", knobs);
      assert.equal(answer.status, 400);
      assert.match(errorOf(answer).en, words);
      assert.match(errorOf(answer).ru, /[а-я]/);
    }
    const large = await start("four-models", `{"jobs": ${" ".repeat(5000)}4}`);
    assert.equal(large.status, 413);
    assert.deepEqual(begun, []);
  });

  it("runs one at a time", async () => {
    const { begun, start } = await served();
    assert.equal((await start("illusion")).status, 202);
    const second = await start("deadlock");
    assert.equal(second.status, 409);
    assert.match(errorOf(second).en, /^one lab runs at a time, and now it is "The illusion/);
    assert.equal(begun.length, 1);
    begun[0]?.end();
    await new Promise(setImmediate);
    assert.equal((await start("deadlock")).status, 202);
  });

  it("stops a run that is not wanted, and keeps nothing of it", async () => {
    const { begun, start, ask, page, listen } = await served();
    await start("illusion");
    const next = await listen();
    await next();
    assert.equal((await ask(`${page.pathname}labs/stop`, "POST")).status, 200);
    assert.equal(begun[0]?.isStopped, true);
    const { running, stopped, runs } = await next();
    assert.deepEqual([running, stopped, runs], [undefined, 1, []]);
  });

  it("ends what runs when it is closed, and begins nothing more", async () => {
    const { begun, start, labs } = await served();
    await start("illusion");
    labs.close();
    assert.equal(begun[0]?.isStopped, true);
    assert.equal((await start("illusion")).status, 503);
  });

  it("keeps the last two runs of each lab", async () => {
    const { begun, start, get, listen } = await served();
    const next = await listen();
    await next();
    for (const name of ["illusion", "illusion", "deadlock", "illusion"]) {
      await start(name);
      begun.at(-1)?.end();
      while ((await next()).running !== undefined);
    }
    assert.equal((await get<{ readonly error?: unknown }>("run/1")).error !== undefined, true);
    for (const run of [2, 3, 4]) assert.equal((await get<RunPage>(`run/${run}`)).run, run);
  });

  it("answers nobody without the token, and no page of another site", async () => {
    const { begun, ask, page } = await served();
    const path = "labs/run/illusion";
    assert.equal((await ask(`/${path}`, "POST", "{}")).status, 404);
    assert.equal((await ask(`/${"A".repeat(32)}/${path}`, "POST", "{}")).status, 404);
    const foreign = await ask(page.pathname + path, "POST", "{}", { Origin: "http://example.org" });
    assert.equal(foreign.status, 404);
    const renamed = await ask(page.pathname + path, "POST", "{}", { Host: "example.org" });
    assert.equal(renamed.status, 404);
    assert.deepEqual(begun, []);
  });

  it("reads and begins each by its own method", async () => {
    const { begun, ask, page } = await served();
    assert.equal((await ask(`${page.pathname}labs/run/illusion`)).status, 404);
    assert.equal((await ask(`${page.pathname}labs/catalog`, "POST")).status, 404);
    assert.equal((await ask(`${page.pathname}labs/stop`)).status, 404);
    assert.deepEqual(begun, []);
  });
});

it("a server without labs has none", async () => {
  const server = new InspectorServer({ name: "x", traces: [], live: undefined, exports: new Map() });
  const url = await server.listen(0);
  try {
    assert.equal((await fetch(`${url}labs/catalog`)).status, 404);
    assert.equal((await fetch(`${url}labs/run/illusion`, { method: "POST" })).status, 405);
  } finally {
    await server.close();
  }
});
