import type { EventLog } from "./event-log.ts";
import type { Event } from "./history.ts";

/** How many events are taken at once: they stay in memory until a client has read them, however slow it is. */
const maxTaken = 16;

/** One who reads a log. It keeps nothing of it: who is far behind has lost events, and not the gateway its memory. */
export class Follower {
  readonly #log: EventLog;
  readonly #since: bigint | undefined;
  readonly #joined: number;
  readonly #forget: () => void;
  #place: number;
  #wake: (() => void) | undefined;

  /** Reads from a place on; what the log has already only as far as it comes after the cursor `since`. */
  constructor(log: EventLog, place: number, since: bigint | undefined, forget: () => void) {
    this.#log = log;
    this.#place = place;
    this.#since = since;
    this.#joined = log.end;
    this.#forget = forget;
  }

  /** Whether events were lost because nobody took them. */
  get overrun(): boolean {
    return this.#place < this.#log.first;
  }

  /** Tells that the log has more. */
  tell(): void {
    if (this.#next() !== undefined) this.#wake?.();
  }

  /**
   * The next events, at most 16, as soon as there are any; nothing after so many milliseconds, once the signal is aborted,
   * or when some were lost.
   */
  async take(milliseconds: number, signal: AbortSignal): Promise<Event[]> {
    if (!this.overrun && this.#next() === undefined && !signal.aborted) await this.#news(milliseconds, signal);
    const taken: Event[] = [];
    for (let event = this.#next(); event !== undefined && taken.length < maxTaken; event = this.#next()) {
      taken.push(event);
      this.#place += 1;
    }
    return taken;
  }

  /** Ends it: nothing more is read. */
  close(): void {
    this.#place = Infinity;
    this.#forget();
  }

  /** Passes over what is no news, to the next event. */
  #next(): Event | undefined {
    let event = this.#log.at(this.#place);
    while (event !== undefined && !this.#isNews(event)) event = this.#log.at((this.#place += 1));
    return event;
  }

  #isNews({ version }: Event): boolean {
    // Differences of a list come without a version.
    if (version === undefined) return this.#place >= this.#joined;
    return this.#since === undefined || version > this.#since;
  }

  #news(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }
}
