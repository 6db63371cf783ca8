import type { Event } from "./history.ts";

/** How many events are remembered. */
const maxEvents = 4096;
/** How large the sandboxes of these are together, in characters of JSON: a few that are large would fill the memory. */
const maxCharacters = 16 << 20;

interface Entry {
  event: Event;
  characters: number;
}

/** The latest events, each with its place among all that there ever were, in order. The very latest is always there. */
export class EventLog {
  readonly #entries: Entry[] = [];
  #characters = 0;
  #first = 0;

  /** The place of the oldest that is remembered. */
  get first(): number {
    return this.#first;
  }

  /** The place that the next one will have. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** The event at a place, if it is remembered and there. */
  at(place: number): Event | undefined {
    return this.#entries[place - this.#first]?.event;
  }

  /** Adds an event; answers with those that are forgotten for it, the first of which was at `first`. */
  add(event: Event): Event[] {
    const characters = JSON.stringify(event.change.object ?? event.change.previous ?? {}).length;
    this.#entries.push({ event, characters });
    this.#characters += characters;
    let over = 0;
    while (over < this.#entries.length - 1 && this.#isOver(over)) {
      this.#characters -= this.#entries[over]?.characters ?? 0;
      over += 1;
    }
    this.#first += over;
    return this.#entries.splice(0, over).map(({ event }) => event);
  }

  /** Whether too much would be left without the first so many. */
  #isOver(without: number): boolean {
    return this.#entries.length - without > maxEvents || this.#characters > maxCharacters;
  }
}
