/** `#views` where the library's shared objects are not prepared for exploration: without the condition `explore`. */
import type { SharedMemory } from "./shared-memory.js";

export function exploreSharedObjects(): SharedMemory | undefined {
  return undefined;
}
