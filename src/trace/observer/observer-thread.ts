/**
 * The thread that observes: the program goes on whatever this one does, and this one sees
 * what happens while the program's threads are blocked.
 *
 * A thread started for it has a marker on `globalThis` when this module is loaded, which
 * is how the module knows that it is to serve; see `host-worker.ts`.
 */
import { notify, store, type SharedCells } from "#atomics";

import { kernelThreadId } from "../../core/host-thread.js";
import { ProfileListener } from "../../core/host-thread-profile.js";
import { capabilities, capabilitiesAtOnce, startCoreLanes } from "../kernel/index.js";
import { Collector, SAMPLE_EVERY_MS } from "./collector.js";
import { type FileSystem, type ObserverMarker, OBSERVER_MARKER } from "./host-worker.js";
import type { Answer, Asked, FromObserver, ToObserver, Wrote } from "./messages.js";
import { Snapshots } from "./snapshots.js";

const MOST_UNTOLD = 100;

const epochMs = (): number => performance.timeOrigin + performance.now();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

class ObserverThread {
  readonly #marker: ObserverMarker;
  readonly #collector: Collector;
  readonly #snapshots: Snapshots | undefined;
  readonly #answered: SharedCells;
  readonly #files: FileSystem | undefined;
  readonly #feeds: { postMessage(message: unknown): void }[] = [];
  readonly #timers: (() => void)[] = [];
  readonly #profiles = new ProfileListener((part) => this.#collector.addProfile(part));
  #written = 0;
  /** Written since the last answer. */
  readonly #wrote: Wrote[] = [];
  #lanes: Awaited<ReturnType<typeof startCoreLanes>> | undefined = undefined;

  constructor(marker: ObserverMarker) {
    const { setup } = marker;
    this.#marker = marker;
    this.#files = marker.fileSystem;
    this.#answered = new Int32Array(setup.answered);
    this.#snapshots =
      setup.snapshotFolder === undefined
        ? undefined
        : new Snapshots(setup.snapshotFolder, (path) => this.#write(path, 0, this.#collector.file(epochMs())));
    const tid = kernelThreadId();
    this.#collector = new Collector(
      {
        startedMs: setup.startedMs,
        keptMs: setup.keptMs,
        keptBytes: setup.keptBytes,
        onSegment: (bytes) => {
          for (const feed of this.#feeds) feed.postMessage(bytes);
        },
        onStall: () => this.#snapshots?.take("stall", epochMs()),
        onMark: (what) => this.#snapshots?.take(what, epochMs()),
      },
      tid === undefined ? undefined : { tid, thread: { index: undefined, name: "observer", kind: "observer" } },
    );
    this.#repeat(() => this.#collector.sample(epochMs()), SAMPLE_EVERY_MS);
    this.#repeat(() => this.#collector.collect(epochMs()), setup.collectEveryMs);
    void this.#findOut();
  }

  async #findOut(): Promise<void> {
    // So that the recording of a short program has them too.
    this.#collector.setCapabilities(capabilitiesAtOnce());
    const known = await capabilities();
    this.#collector.setCapabilities(known);
    this.#say({ kind: "capabilities", capabilities: known });
  }

  /** These timers hold the thread: an inspector session would not. */
  #repeat(action: () => void, everyMs: number): void {
    // oxlint-disable-next-line no-restricted-globals -- threads are observed in real time, whatever clock the program has
    const timer = setInterval(action, everyMs);
    this.#timers.push(() => clearInterval(timer));
  }

  #say(message: FromObserver): void {
    this.#marker.port.postMessage(message);
  }

  received(message: ToObserver): void {
    const collector = this.#collector;
    switch (message.kind) {
      case "thread":
        collector.addThread(message.thread, message.atMs);
        break;
      case "ring":
        collector.setRing(message.index, message.ring, epochMs());
        break;
      case "pulse":
        collector.setPulse(message.index, message.pulse, epochMs());
        break;
      case "ended":
        collector.endThread(message.index, message.atMs);
        break;
      case "foreign":
        collector.adopt(message.places);
        break;
      case "gauges":
        collector.addGauges(message.gauges, epochMs());
        break;
      case "collect":
        collector.collect(epochMs());
        break;
      case "give":
        this.#give(message.what, message.number);
        break;
      case "write":
        this.#profiles.receiveNow();
        this.#write(message.path, message.number, collector.file(epochMs()));
        break;
      case "feed":
        this.#feed(message.port as { postMessage(message: unknown): void });
        break;
      case "coreLanes":
        void this.#switchCoreLanes(message.isOn);
    }
  }

  #give(what: Asked, number: number): void {
    const file = this.#collected(what);
    const answer: Answer = {
      number,
      file: file === undefined ? undefined : joined(file),
      wrote: this.#wrote.splice(0),
    };
    this.#marker.answers.postMessage(answer);
    // After the message, which is in the port when who waits for the word is woken.
    store(this.#answered, 0, number);
    notify(this.#answered, 0);
    if (what !== "end") return;
    for (const stop of this.#timers.splice(0)) stop();
    this.#profiles.close();
    for (const feed of this.#feeds.splice(0)) feed.postMessage("ended");
    this.#marker.port.unref?.();
  }

  #collected(what: Asked): readonly Uint8Array[] | undefined {
    // Sent before the question, but by another way.
    this.#profiles.receiveNow();
    if (what === "end") return this.#collector.stop(epochMs());
    if (what === "file") return this.#collector.file(epochMs());
    this.#collector.collect(epochMs());
    return undefined;
  }

  #write(path: string, number: number, parts: readonly Uint8Array[]): void {
    let problem: string | undefined;
    try {
      if (this.#files === undefined) throw new Error("this platform has no file system");
      this.#files.mkdirSync(path.replace(/[^/\\]*$/, "") || ".", { recursive: true });
      this.#files.writeFileSync(path, joined(parts));
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    const wrote: Wrote = { place: ++this.#written, path, number, problem };
    // Whoever asks for nothing ever needs no more than the last ones.
    if (this.#wrote.push(wrote) > MOST_UNTOLD) this.#wrote.shift();
    this.#say({ kind: "wrote", ...wrote });
  }

  /** What is kept comes first, so that the feed makes a file from its beginning on. */
  #feed(port: { postMessage(message: unknown): void }): void {
    // Without the end, which is yet to come.
    for (const part of this.#collector.file(epochMs()).slice(0, -1)) port.postMessage(part);
    this.#feeds.push(port);
  }

  async #switchCoreLanes(isOn: boolean): Promise<void> {
    if (isOn) {
      this.#lanes ??= await startCoreLanes();
      return;
    }
    const lanes = this.#lanes;
    this.#lanes = undefined;
    if (lanes !== undefined && "stop" in lanes) this.#collector.addCoreRuns((await lanes.stop()).runs, epochMs());
  }
}

const marker = (globalThis as { [OBSERVER_MARKER]?: ObserverMarker })[OBSERVER_MARKER];
if (marker !== undefined) {
  const thread = new ObserverThread(marker);
  marker.port.on("message", (message) => thread.received(message as ToObserver));
}
