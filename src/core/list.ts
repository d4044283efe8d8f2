/**
 * An intrusive doubly linked list: its elements have what links them, so adding and removing
 * allocate nothing and removing needs no search. An element is in one list at
 * most. No class to inherit from: objects of a class without one are made faster.
 */
export interface Linked {
  // All three are written by `List` alone.
  next: Linked | undefined;
  previous: Linked | undefined;
  list: List<Linked> | undefined;
}

/** First in, first out, with removal anywhere; every operation is O(1). */
export class List<T extends Linked> {
  size = 0;
  first: T | undefined = undefined;
  #last: T | undefined = undefined;

  /** Adds at the end. The element must be in no list. */
  push(element: T): void {
    element.list = this as unknown as List<Linked>;
    element.previous = this.#last;
    element.next = undefined;
    if (this.#last === undefined) this.first = element;
    else this.#last.next = element;
    this.#last = element;
    this.size++;
  }

  /** Takes the oldest element, or gives `undefined`. */
  shift(): T | undefined {
    const element = this.first;
    if (element !== undefined) this.remove(element);
    return element;
  }

  /** Takes `element` out; does nothing if it is not in this list. */
  remove(element: T): void {
    if (element.list !== (this as unknown)) return;
    const previous = element.previous as T | undefined;
    const next = element.next as T | undefined;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    element.list = undefined;
    element.next = undefined;
    element.previous = undefined;
    this.size--;
  }

  /** The elements now in the list, oldest first; the list may change while they are looked at. */
  toArray(): T[] {
    const elements: T[] = [];
    for (let element = this.first; element !== undefined; element = element.next as T | undefined) {
      elements.push(element);
    }
    return elements;
  }
}
