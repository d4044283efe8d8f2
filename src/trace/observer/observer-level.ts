/**
 * How much threads report: "off" nothing; "light" that their event loops turn, and what
 * the kernel tells of them; "normal" each job, wait, lock and channel too; "deep" also
 * whose code runs after every `await`, where jobs are spawned, in which functions threads
 * are, a thousand times a second, and which core they run on, as far as the platform
 * tells; that takes some 10 µs a job, 0.3 µs an `await`, and 5 % of the time.
 *
 * @since 0.1.0
 */
export type ObserverLevel = "off" | "light" | "normal" | "deep";

/** Each reports what those before it do. */
export const LEVELS: readonly ObserverLevel[] = ["off", "light", "normal", "deep"];
