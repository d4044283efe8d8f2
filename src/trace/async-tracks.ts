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
interface Laid {
  readonly id: number;
  /** The span that it belongs inside, if any. */
  readonly inside: number | undefined;
  readonly at: number;
  readonly until: number;
}

interface Track<Event> {
  readonly id: number;
  /** Spans under way, the innermost last. */
  readonly open: { readonly span: Laid; readonly end: Event }[];
  /** In order of time, and as a stack wants them. */
  readonly events: Event[];
}

export class AsyncTracks<Event> {
  readonly #tracks: Track<Event>[] = [];
  /** By span. */
  readonly #trackOf = new Map<number, Track<Event>>();

  /**
   * Lays a span; called in order of `at`, the longer of two first.
   *
   * @param makeEvents - given the id of its track
   */
  add(span: Laid, makeEvents: (track: number) => { readonly begin: Event; readonly end: Event }): void {
    const track = this.#place(span);
    this.#trackOf.set(span.id, track);
    const { begin, end } = makeEvents(track.id);
    track.events.push(begin);
    track.open.push({ span, end });
  }

  #place(span: Laid): Track<Event> {
    const track = span.inside === undefined ? undefined : this.#trackOf.get(span.inside);
    if (track !== undefined) {
      closeUntil(track, span.at);
      const innermost = track.open.at(-1)?.span;
      if (innermost !== undefined && innermost.id === span.inside && innermost.until >= span.until) return track;
    }
    const made: Track<Event> = { id: span.id, open: [], events: [] };
    this.#tracks.push(made);
    return made;
  }

  /** The events of all tracks, one track after the other. */
  finish(): Event[] {
    return this.#tracks.flatMap((track) => {
      closeUntil(track, Infinity);
      return track.events;
    });
  }
}

/** Ends the spans that end by `at`. */
function closeUntil<Event>(track: Track<Event>, at: number): void {
  for (let last = track.open.at(-1); last !== undefined && last.span.until <= at; last = track.open.at(-1)) {
    track.events.push(last.end);
    track.open.pop();
  }
}
