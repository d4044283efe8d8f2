/**
 * What threads of a browser do with shared memory: run as the main thread of a page
 * and as a worker, bundled and served by `scripts/browser.mjs`, which judges.
 */
import { scope, sleep } from "skein";
import { Condition, Event, Mutex, SharedArray, SharedChannel, SharedMap, SharedText, unshared } from "skein/shared";

const TEXTS = ["plain", "Grüße, 世界, 👩‍👩‍👧", "\ud800 alone", `${"x".repeat(70_000)}é`];

const VALUES = [
  { text: TEXTS[1], list: [1, 2.5, -0, null, true], nested: { deep: TEXTS[3] } },
  ...TEXTS,
  new Map([["key", new Date(86_400_000)]]),
  new Uint8Array([1, 2, 3]),
  12n ** 40n,
];

/** The same for equal values of the kinds above. */
const shown = (value) =>
  JSON.stringify(value, (_, one) => {
    if (one instanceof Map) return ["map", ...one];
    if (ArrayBuffer.isView(one)) return [one.constructor.name, ...one];
    return typeof one === "bigint" ? `${one}n` : one;
  });

const checks = {
  async "values arrive as they were sent"() {
    using channel = new SharedChannel({ capacity: 2 });
    const received = await scope(async (s) => {
      s.spawn(async () => {
        for (const value of VALUES) await channel.send(value, s);
        channel.close();
      });
      const all = [];
      for await (const value of channel) all.push(value);
      return all;
    });
    return VALUES.every((value, i) => shown(value) === shown(received[i])) && received.length === VALUES.length;
  },

  "texts are read as they were written": () =>
    TEXTS.every((text) => {
      using shared = new SharedText(text);
      return shared.value === text;
    }),

  "maps keep values by texts"() {
    using map = new SharedMap();
    for (const text of TEXTS.slice(0, 2)) map.set(text, { text });
    return TEXTS.slice(0, 2).every((text) => map.get(text)?.text === text);
  },

  async "a job that waits for a lock is woken"() {
    using lock = new Mutex();
    const guard = await lock.lock();
    return await scope(async (s) => {
      const waiting = s.spawn(() => lock.lock(s));
      await sleep(5, s);
      const before = lock.statistics().waitingHere;
      guard.release();
      (await waiting).release();
      return before === 1 && lock.statistics().owner === undefined;
    });
  },

  "views are copied where shared ones are refused"() {
    using array = new SharedArray({ type: "uint8", length: 8 });
    crypto.getRandomValues(unshared(array.values));
    return new TextDecoder().decode(unshared(array.values)).length === 8;
  },

  /** @returns code with which each blocking verb ends that would have to wait */
  async "blocking verbs"() {
    using lock = new Mutex();
    using event = new Event();
    using channel = new SharedChannel({ capacity: 1 });
    using condition = new Condition({ mutex: lock });
    const codes = {};
    const note = async (name, verb) => {
      try {
        await scope(verb, { timeoutMs: 20 });
        codes[name] = "waited for nothing";
      } catch (error) {
        codes[name] = error.code;
      }
    };
    await note("event.waitSync", (s) => event.waitSync(s));
    await note("channel.receiveSync", (s) => channel.receiveSync(s));
    const guard = lock.lockSync(); // free: nothing to wait for
    await note("condition.waitSync", (s) => condition.waitSync(guard, s));
    guard.release();
    return codes;
  },
};

/** What each check found; the error where it failed. */
async function run() {
  const found = { isIsolated: globalThis.crossOriginIsolated };
  for (const [name, check] of Object.entries(checks)) {
    try {
      found[name] = await check();
    } catch (error) {
      found[name] = `${error.code}: ${error.message}`;
    }
  }
  return found;
}

const found = await run();
if (typeof document === "undefined") postMessage(found);
else {
  const worker = new Worker(import.meta.url, { type: "module" });
  const inWorker = await new Promise((resolve) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => resolve({ failed: event.message });
  });
  await fetch("/found", { method: "POST", body: JSON.stringify({ page: found, worker: inWorker }) });
}
