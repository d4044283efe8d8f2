/**
 * Where deadlocks are told of: to who would wait for ever, by an error, and to who
 * observes the program, who then keeps what led to it.
 */
import { DeadlockError } from "./errors.js";
import { probe } from "./probe.js";

/** What the mark of a deadlock is called in recordings. */
const DEADLOCK_MARK = "deadlock";

/** The error for who would wait for ever, to be thrown. */
export function deadlockError(message: string): DeadlockError {
  return suspectDeadlock(message)();
}

/**
 * For who has to look again before it is certain. The error has the stack of now, where
 * the wait is; it is told of when the suspicion is called, which gives it.
 */
export function suspectDeadlock(message: string): () => DeadlockError {
  const error = new DeadlockError(message);
  return () => {
    probe.ring?.mark(DEADLOCK_MARK);
    return error;
  };
}
