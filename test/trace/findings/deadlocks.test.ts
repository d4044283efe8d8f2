import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { buildTimeline, findFindings, type ProbeRecord, type Trace } from "skein/trace";

import { foundIn, kindsIn } from "../support/found.js";
import { idOn, ThreadScript, traceOf } from "../support/traces.js";

const [A, B, C] = [101, 102, 103];
const [MONEY, STOCK] = [501, 502];

function withLocks(): ThreadScript {
  return new ThreadScript().make(0, MONEY, "mutex", "money").make(0, STOCK, "mutex", "stock");
}

/** Two jobs on main that take two locks, each the other's first: a circle from 20 ms on. */
function opposed(): ThreadScript {
  return withLocks()
    .spawn(1, A, "buy")
    .spawn(1, B, "sell")
    .start(2, A)
    .acquire(2.5, MONEY, A)
    .suspend(3, A)
    .start(4, B)
    .acquire(4.5, STOCK, B)
    .suspend(5, B)
    .start(10, A)
    .waitFor(10.5, 601, STOCK, 'lock of mutex "stock"')
    .suspend(11, A)
    .start(20, B)
    .waitFor(20.5, 602, MONEY, 'lock of mutex "money"')
    .suspend(21, B);
}

void describe("a deadlock", () => {
  void it("is found with who waits for what", () => {
    const found = foundIn(traceOf(1000, [opposed()]), "deadlock");
    assert.equal(
      found.text.en,
      'Deadlock of 2: job "sell" waits for mutex "money", job "buy" waits for mutex "stock"; each kept up by the next, and still did when the recording ended, 980 ms later.',
    );
    assert.equal(
      found.text.ru,
      "Взаимная блокировка (2 участника): задача «sell» ждёт: мьютекс «money»; задача «buy» ждёт: мьютекс «stock»; по кругу, и до конца записи, 980 мс.",
    );
    assert.equal(found.severity, "problem");
    assert.equal(found.place?.name, "sell");
    assert.deepEqual([found.fromMs, found.toMs], [20.5, 1000]);
    assert.deepEqual(
      found.jobs.toSorted((a, b) => a - b),
      [A, B],
    );
    assert.deepEqual(
      found.resources.toSorted((a, b) => a - b),
      [MONEY, STOCK],
    );
    assert.deepEqual(kindsIn(traceOf(1000, [opposed()])), ["deadlock"]);
  });

  void it("is told with the places of its waits, where these are known", () => {
    const main = opposed().at(20.6, 602, "at sell (file:///app/bank.ts:12:5)");
    const found = foundIn(traceOf(1000, [main]), "deadlock");
    assert.deepEqual(found.place, { name: "sell", url: "file:///app/bank.ts", line: 12, column: 5 });
    assert.match(found.text.en, /job "sell" waits for mutex "money" in sell \(bank\.ts:12\), job "buy" waits/);
    assert.match(found.text.ru, /задача «sell» ждёт: мьютекс «money» в sell \(bank\.ts:12\); задача «buy»/);
  });

  void it("has the name of the job for a place in a function without one", () => {
    const main = opposed().at(20.6, 602, "at async file:///app/bank.ts:12:5");
    assert.deepEqual(foundIn(traceOf(1000, [main]), "deadlock").place, {
      name: "sell",
      url: "file:///app/bank.ts",
      line: 12,
      column: 5,
    });
  });

  void it("is found between the blocks of jobs, and names the jobs", () => {
    const [BUYS, SELLS] = [201, 202];
    const main = withLocks()
      .spawn(1, A, "buy")
      .spawn(1, B, "sell")
      .start(2, A)
      .acquire(2.5, MONEY, A)
      .suspend(3, A)
      .open(3.1, BUYS, "lock of money")
      .start(3.2, BUYS)
      .block(3.3, MONEY, BUYS)
      .suspend(3.4, BUYS)
      .start(4, B)
      .acquire(4.5, STOCK, B)
      .suspend(5, B)
      .open(5.1, SELLS, "lock of stock")
      .start(5.2, SELLS)
      .block(5.3, STOCK, SELLS)
      .suspend(5.4, SELLS)
      .resume(10, BUYS)
      .waitFor(10.5, 601, STOCK, 'lock of mutex "stock"', BUYS)
      .suspend(11, BUYS)
      .resume(20, SELLS)
      .waitFor(20.5, 602, MONEY, 'lock of mutex "money"', SELLS)
      .suspend(21, SELLS);
    const { text, jobs } = foundIn(traceOf(1000, [main]), "deadlock");
    assert.match(text.en, /^Deadlock of 2: job "sell" waits for mutex "money", job "buy" waits for mutex "stock";/);
    assert.deepEqual(
      jobs.toSorted((a, b) => a - b),
      [A, B],
    );
  });

  void it("is none where the job of a block waits outside of it", () => {
    const BUYS = 201;
    const main = withLocks()
      .spawn(1, A, "buy")
      .start(2, A)
      .acquire(2.5, MONEY, A)
      .block(2.6, MONEY, BUYS)
      .waitFor(3, 601, MONEY, 'lock of mutex "money"')
      .suspend(4, A);
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("is partial while another job goes on", () => {
    const main = opposed().spawn(30, C, "serve").start(31, C).suspend(32, C);
    const { text, evidence } = foundIn(traceOf(1000, [main]), "deadlock");
    assert.match(text.en, /^Partial deadlock of 2: .* Other jobs go on\.$/);
    assert.equal(evidence["isFull"], 0);
  });

  void it("is full although others wait behind it", () => {
    const main = opposed()
      .spawn(30, C, "audit")
      .start(31, C)
      .waitFor(31.5, 603, MONEY, 'lock of mutex "money"')
      .suspend(32, C);
    assert.equal(foundIn(traceOf(1000, [main]), "deadlock").evidence["isFull"], 1);
  });

  void it("is told of although it was broken, with when", () => {
    const main = opposed()
      .wake(120.5, 602, "failed")
      .release(121, STOCK, B)
      .wake(121.01, 601)
      .acquire(121.02, STOCK, A);
    const { text, evidence } = foundIn(traceOf(1000, [main]), "deadlock");
    assert.match(text.en, /^Deadlock of 2: .* until one gave up after 100 ms\.$/);
    assert.match(text.ru, /пока один не отказался ждать через 100 мс\.$/);
    assert.equal(evidence["wasBroken"], 1);
  });

  void it("is none if a lock that seemed to be held was granted", () => {
    const main = opposed().wake(25, 602).acquire(25, MONEY, B).end(30, B);
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("is none where locks are taken in one order", () => {
    const main = withLocks()
      .spawn(1, A, "buy")
      .spawn(1, B, "sell")
      .start(2, A)
      .acquire(2.5, MONEY, A)
      .suspend(3, A)
      .start(4, B)
      .waitFor(4.5, 601, MONEY, 'lock of mutex "money"')
      .suspend(5, B)
      .start(10, A)
      .acquire(10.5, STOCK, A)
      .suspend(11, A);
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("is none while the holder waits for something else", () => {
    const main = opposed();
    // The same, but for what B waits for.
    main.records.pop();
    main.records.splice(-2, 2);
    main.wait(20.5, 602, "sleep").suspend(21, B);
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("is none when the recording ends within a millisecond", () => {
    assert.deepEqual(kindsIn(traceOf(21.4, [opposed()])), []);
  });

  void it("is found between threads that block, whoever of their jobs holds the locks", () => {
    const first = new ThreadScript(1)
      .start(2, A)
      .acquire(3, MONEY)
      .waitFor(10, idOn(1, 1), STOCK, 'lock of shared mutex "stock" (blocked)');
    const second = new ThreadScript(2)
      .start(2, B)
      .acquire(3, STOCK)
      .waitFor(12, idOn(2, 1), MONEY, 'lock of shared mutex "money" (blocked)');
    const main = withLocks().spawn(1, A, "buy").spawn(1, B, "sell");
    const found = foundIn(traceOf(1000, [main, first, second]), "deadlock");
    assert.deepEqual(
      found.threads.toSorted((a, b) => a - b),
      [1, 2],
    );
    assert.equal(found.fromMs, 12);
  });

  void it("is found where a blocked thread keeps a job from running that would let go", () => {
    // B holds the lock and sleeps on thread 1; A blocks that thread for the lock.
    const script = new ThreadScript(1)
      .start(2, B)
      .acquire(3, MONEY)
      .suspend(4, B)
      .start(5, A)
      .waitFor(6, idOn(1, 1), MONEY, 'lock of shared mutex "money" (blocked)');
    const main = withLocks().spawn(1, A, "buy").spawn(1, B, "sell");
    const { text } = foundIn(traceOf(1000, [main, script]), "deadlock");
    assert.match(
      text.en,
      /^Deadlock of 2: job "buy" waits for mutex "money", job "sell" can't run, as job "buy" keeps thread worker-1 asleep;/,
    );
  });

  void it("is none where the job that holds a lock lives on the thread of an unknown one that awaits it", () => {
    const main = withLocks()
      .spawn(1, A, "pays")
      .start(2, A)
      .acquire(3, MONEY, A)
      .suspend(4, A)
      .waitFor(6, 601, MONEY, 'lock of mutex "money"');
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("goes by whom a lock was handed over to, not by whose step that was in", () => {
    const main = withLocks()
      .spawn(1, A, "first")
      .spawn(1, B, "second")
      .start(2, A)
      .acquire(2.5, MONEY, A)
      .suspend(3, A)
      .start(4, B)
      .waitFor(4.5, 601, MONEY, 'lock of mutex "money"')
      .suspend(5, B)
      .start(10, A)
      .release(11, MONEY, A)
      .wake(11.01, 601)
      .acquire(11.02, MONEY, B)
      .waitFor(12, 602, MONEY, 'lock of mutex "money"')
      .suspend(13, A);
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("is found where a job waits for itself", () => {
    const main = withLocks()
      .spawn(1, A, "buy")
      .start(2, A)
      .acquire(2.5, MONEY, A)
      .waitFor(3, 601, MONEY, 'lock of mutex "money"')
      .suspend(4, A);
    assert.match(foundIn(traceOf(1000, [main]), "deadlock").text.en, /^Deadlock: one waits for itself: job "buy"/);
  });

  void it("is found where jobs await each other", () => {
    const main = new ThreadScript()
      .spawn(1, A, "first")
      .spawn(1, B, "second")
      .start(2, A)
      .waitFor(2.5, 601, B, 'join job "second"')
      .suspend(3, A)
      .start(4, B)
      .waitFor(4.5, 602, A, 'join job "first"')
      .suspend(5, B);
    assert.match(foundIn(traceOf(1000, [main]), "deadlock").text.en, /job "second" waits for job "first"/);
  });

  void it("is not found through permits of which another may be given back", () => {
    const permits = (others: (main: ThreadScript) => ThreadScript): Trace => {
      const main = new ThreadScript()
        .make(0, STOCK, "semaphore", "slots")
        .make(0, MONEY, "mutex", "money")
        .spawn(1, A, "buy")
        .spawn(1, B, "sell")
        .spawn(1, C, "audit")
        .start(2, A)
        .acquire(2.5, STOCK, A)
        .suspend(3, A)
        .start(4, B)
        .acquire(4.5, MONEY, B)
        .suspend(5, B);
      return traceOf(1000, [
        others(main)
          .start(10, A)
          .waitFor(10.5, 601, MONEY, 'lock of mutex "money"')
          .suspend(11, A)
          .start(20, B)
          .waitFor(20.5, 602, STOCK, 'acquire of semaphore "slots"')
          .suspend(21, B),
      ]);
    };
    const withFreeHolder = permits((main) => main.start(6, C).acquire(6.5, STOCK, C).suspend(7, C));
    assert.ok(!kindsIn(withFreeHolder).includes("deadlock"));
    assert.ok(kindsIn(permits((main) => main)).includes("deadlock"));
  });

  void it("is none once a release may be among records that were dropped", () => {
    const main = opposed();
    const place = main.records.findIndex(({ subject }) => subject === 602);
    main.gaps.push({ at: place, dropped: 3 });
    assert.ok(!kindsIn(traceOf(1000, [main])).includes("deadlock"));
  });

  void it("is still found in a recording that began in its middle, if the locks are seen to be held", () => {
    const { records, texts } = opposed();
    const later = new ThreadScript();
    later.texts.push(...texts);
    later.records.push(...records.filter(({ timeMs }) => timeMs >= (records[3] as ProbeRecord).timeMs));
    assert.ok(kindsIn(traceOf(1000, [later])).includes("deadlock"));
    // Without the beginning of one hold nobody can say so.
    later.records.splice(0, later.records.findIndex(({ subject }) => subject === MONEY) + 1);
    assert.ok(!kindsIn(traceOf(1000, [later])).includes("deadlock"));
  });

  void it("costs no more than the waits there are", () => {
    const main = withLocks().spawn(0, A, "holds").start(0.1, A).acquire(0.2, MONEY, A).suspend(0.3, A);
    for (let id = 0; id < 20_000; id++)
      main.waitFor(1 + id / 1000, 10_000 + id, MONEY, 'lock of mutex "money"', 7000 + id);
    const trace = traceOf(1000, [main]);
    assert.ok(!findFindings(trace, buildTimeline(trace)).some(({ kind }) => kind === "deadlock"));
  });
});
