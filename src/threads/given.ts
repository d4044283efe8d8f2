/**
 * What each thread of every pool is given once, by name: what takes long to make, and can
 * be posted, such as a compiled module. It may come after the first job that would have a
 * use for it, so who takes it must be able to do without.
 */
const given = new Map<string, unknown>();
const receivers = new Set<(name: string, value: unknown) => void>();

/** On the program's thread: gives it to all threads there are, and to those to come. */
export function giveThreads(name: string, value: unknown): void {
  given.set(name, value);
  for (const receive of receivers) receive(name, value);
}

/** A thread is there. @returns what to call when it has ended */
export function receiveGiven(receive: (name: string, value: unknown) => void): () => void {
  for (const [name, value] of given) receive(name, value);
  receivers.add(receive);
  return () => receivers.delete(receive);
}

/** On any thread: what was given, if it has come. */
export function givenHere(name: string): unknown {
  return given.get(name);
}

/** On a thread: it has come. */
export function hasCome(name: string, value: unknown): void {
  given.set(name, value);
}
