/**
 * Lays spans that overlap freely onto tracks on which they only nest.
 *
 * A track is what viewers make of async events with the same id: a stack. A span
 * goes onto the track of the span it belongs inside, if that is the innermost one
 * there at the time and lasts at least as long; else onto a new track, with its
 * own id. So a job's own scopes and waits show under it, one thing after the
 * other, and what overlaps has a row of its own.
 */

/** A span to be laid; times in whole units. */
export interface AsyncSpan {
  readonly id: number;
  /** The span that it belongs inside, if any. */
  readonly inside: number | undefined;
  readonly at: number;
  readonly until: number;
}

interface Track<Laid, Event> {
  readonly id: number;
  /** Spans under way, the innermost last. */
  readonly open: Laid[];
  /** In order of time, and as a stack wants them. */
  readonly events: Event[];
}

export class AsyncTracks<Laid extends AsyncSpan, Event> {
  readonly #tracks: Track<Laid, Event>[] = [];
  /** By span. */
  readonly #trackOf = new Map<number, Track<Laid, Event>>();
  readonly #makeBegin: (span: Laid, track: number) => Event;
  readonly #makeEnd: (span: Laid, track: number) => Event;

  constructor(makeBegin: (span: Laid, track: number) => Event, makeEnd: (span: Laid, track: number) => Event) {
    this.#makeBegin = makeBegin;
    this.#makeEnd = makeEnd;
  }

  /** Lays a span; called in order of `at`, the longer of two first. */
  add(span: Laid): void {
    const track = this.#place(span);
    this.#trackOf.set(span.id, track);
    track.events.push(this.#makeBegin(span, track.id));
    track.open.push(span);
  }

  #place(span: Laid): Track<Laid, Event> {
    const track = span.inside === undefined ? undefined : this.#trackOf.get(span.inside);
    if (track !== undefined) {
      this.#closeUntil(track, span.at);
      const innermost = track.open.at(-1);
      if (innermost !== undefined && innermost.id === span.inside && innermost.until >= span.until) return track;
    }
    const made: Track<Laid, Event> = { id: span.id, open: [], events: [] };
    this.#tracks.push(made);
    return made;
  }

  /** Ends the spans that end by `at`. */
  #closeUntil(track: Track<Laid, Event>, at: number): void {
    for (let last = track.open.at(-1); last !== undefined && last.until <= at; last = track.open.at(-1)) {
      track.events.push(this.#makeEnd(last, track.id));
      track.open.pop();
    }
  }

  /** The events of all tracks, one track after the other. */
  finish(): Event[] {
    for (const track of this.#tracks) this.#closeUntil(track, Infinity);
    return this.#tracks.flatMap(({ events }) => events);
  }
}
