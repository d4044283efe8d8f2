/** The knots below the primitives, as they are shipped: dispatch between a pool and its threads, and the heap. */
import { dispatch } from "./dispatch.js";
import * as heap from "./heap.js";
import type { ExploredPrimitive } from "./primitive.js";

export const DISPATCH: readonly ExploredPrimitive[] = [
  {
    of: ["dispatch"],
    fact: "a call is run once and its outcome collected, and nobody oversleeps",
    does: "pool: put 1 call, sleep, retire the thread; 1 thread: run, park, end",
    schedules: 4000,
    program: dispatch({ threads: 1, bursts: [[0]], retires: true }),
  },
  {
    of: ["dispatch"],
    fact: "of two calls of one thread neither is lost, whether they come together or not",
    does: "pool: put 1 call, then another; 1 thread",
    schedules: 800,
    program: dispatch({ threads: 1, bursts: [[0], [0]] }),
  },
  {
    of: ["dispatch"],
    fact: "a call is run by its line's thread or by one that steals it",
    does: "pool: put 1 call; 2 threads",
    schedules: 800,
    program: dispatch({ threads: 2, bursts: [[0]] }),
  },
  {
    of: ["dispatch"],
    fact: "of two calls on one line each is run once, whoever takes which",
    does: "pool: put 2 calls on one line; 2 threads",
    schedules: 800,
    program: dispatch({ threads: 2, bursts: [[0, 0]] }),
  },
  {
    of: ["dispatch"],
    fact: "a call behind a stolen one is run by the thread that is woken for it",
    does: "pool: put a call on each line, one after the other; 2 threads",
    schedules: 800,
    program: dispatch({ threads: 2, bursts: [[0], [1]] }),
  },
  {
    of: ["dispatch"],
    fact: "a call that is cancelled is taken back, or runs, or never begins, and is settled once",
    does: "pool: put 1 call, cancel it; 1 thread",
    schedules: 1500,
    program: dispatch({ threads: 1, bursts: [[0]], cancels: [0] }),
  },
  {
    of: ["dispatch"],
    fact: "a cancelled call that another thread may steal is settled once, and the one behind it runs",
    does: "pool: put 2 calls, cancel the first; 2 threads",
    schedules: 600,
    program: dispatch({ threads: 2, bursts: [[0, 0]], cancels: [0] }),
  },
  {
    of: ["dispatch"],
    fact: "of a thread that is stopped at any step each call is lost, or done, or run by the other thread",
    does: "pool: put 2 calls, take back what is left; 2 threads, of which one is stopped",
    schedules: 800,
    program: dispatch({ threads: 2, bursts: [[0, 0]], stopsWithin: 45 }),
  },
];

export const HEAP: readonly ExploredPrimitive[] = [
  {
    of: ["heap"],
    fact: "a block that another thread gives back is nobody else's before that",
    does: "owner: take 4; 1 × give back",
    program: heap.giveBack,
  },
  {
    of: ["heap"],
    fact: "blocks that two threads give back are taken once each by a third",
    does: "2 × give back, 1 × take over the chunk, take 2",
    program: heap.giveBackTwo,
  },
  {
    of: ["heap"],
    fact: "a block that two threads give back is given back by one of them",
    does: "2 × give back",
    program: heap.giveBackTwice,
  },
  {
    of: ["heap"],
    fact: "so is a run of chunks",
    does: "2 × give back a run",
    program: heap.giveBackLargeTwice,
  },
  {
    of: ["heap"],
    fact: "a block that comes to a thread while it is given back and taken again is found as it was, or gone",
    does: "owner: take, give back, take again; 1 × meet it",
    program: heap.attach,
  },
  {
    of: ["heap"],
    fact: "so is a run of chunks that comes",
    does: "owner: take a run, give it back, take again; 1 × meet it",
    program: heap.attachLarge,
  },
  {
    of: ["heap"],
    fact: "a chunk is claimed by one thread",
    does: "2 × take the first block",
    program: heap.claimChunks,
  },
  {
    of: ["heap"],
    fact: "a run of chunks that is given back is claimed by one thread, whole or in parts",
    does: "1 × give back a run, 1 × take a run, 1 × take a chunk",
    program: heap.claimRun,
  },
  {
    of: ["heap"],
    fact: "the chunk of an ended thread goes to one thread, with the blocks of it that are free",
    does: "1 × end, 1 × take 2, 1 × give back",
    program: heap.takeOver,
  },
  {
    of: ["heap"],
    fact: "each thread gets a slot, and one of two puts an ended thread's in order",
    does: "2 × begin, put in order",
    program: heap.claimSlots,
  },
];
