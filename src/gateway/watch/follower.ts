import type { Event } from "./history.ts";

/** How many events wait for a client that is slow to read them. */
const maxPending = 4096;

/** What one watch has not sent yet. */
export class Follower {
  readonly #since: bigint | undefined;
  readonly #forget: () => void;
  #pending: Event[] = [];
  #overrun = false;
  #wake: (() => void) | undefined;

  constructor(since: bigint | undefined, forget: () => void) {
    this.#since = since;
    this.#forget = forget;
  }

  /** Whether events were lost because nobody took them. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** Keeps an event until it is taken; those up to the cursor that it follows are no news. */
  tell(event: Event): void {
    if (this.#since !== undefined && event.version !== undefined && event.version <= this.#since) return;
    if (this.#pending.length < maxPending) this.#pending.push(event);
    else this.#overrun = true;
    this.#wake?.();
  }

  /** All that is there, as soon as there is anything; nothing after so many milliseconds, or once the signal is aborted. */
  async take(milliseconds: number, signal: AbortSignal): Promise<Event[]> {
    if (this.#pending.length === 0 && !signal.aborted) await this.#next(milliseconds, signal);
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** Ends it: nothing more is kept. */
  close(): void {
    this.#forget();
  }

  #next(milliseconds: number, signal: AbortSignal): Promise<void> {
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
