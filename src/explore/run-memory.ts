import type { VirtualThread } from "./virtual-thread.js";

/** Memory that threads also use plainly: whoever is called anew must find it as it was then. */
export interface RunMemory {
  /** A thread's body is called, for the first time or anew. */
  begins(thread: VirtualThread, isNew: boolean): void;
  /** The thread goes on behind something that its log gave. */
  replayed(thread: VirtualThread): void;
  /** The thread has come to where it had been left. */
  caughtUp(): void;
  /** The thread's log has one entry more. */
  logged(thread: VirtualThread): void;
  /** A thread is about to be left; then it has been. */
  leaving(): void;
  left(): void;
  nameOf(place: number): string | undefined;
}
