import { anyOf } from "../any-of.ts";
import { follow, type OutputPlace } from "./follow.ts";

/** How many octets that nobody reads are kept before the rest is left in the sandbox. */
const mostBuffered = 256 * 1024;

/**
 * One output stream of a process, to be read once. What came together with other streams is kept for its reader; the rest is
 * read on from the sandbox, from where that ends.
 */
export class Output implements AsyncIterable<Uint8Array> {
  /** Octets that were not read in time, and are gone. */
  lost = 0;
  readonly #place: Omit<OutputPlace, "onLost">;
  readonly #onWaiting: (waiting: boolean) => void;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Behind what has been kept. */
  #offset: number;
  #state: "together" | "alone" | "ended";
  #wake = () => {};
  readonly #cancelled = new AbortController();

  /** It is alone from the beginning unless `push` brings it octets. `onWaiting` is told while somebody waits for those. It begins at `from`. */
  constructor(
    place: Omit<OutputPlace, "onLost">,
    state: "together" | "alone",
    onWaiting: (waiting: boolean) => void,
    from = 0,
  ) {
    this.#offset = from;
    this.#place = place;
    this.#state = state;
    this.#onWaiting = onWaiting;
  }

  /** Keeps octets for the reader; answers whether there is room for more. */
  push(offset: number, octets: Uint8Array): boolean {
    this.lost += offset - this.#offset;
    this.#offset = offset + octets.length;
    this.#chunks.push(octets);
    this.#buffered += octets.length;
    this.#wake();
    return this.#buffered < mostBuffered;
  }

  /** No more comes: the stream has ended, or the rest is to be read from the sandbox. */
  finish(state: "alone" | "ended"): void {
    this.#state = state;
    this.#wake();
  }

  /** Nobody reads on: what is under way for it ends. */
  cancel(): void {
    this.#cancelled.abort();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    while ((this.#state === "together" || this.#chunks.length > 0) && !this.#cancelled.signal.aborted) {
      const kept = this.#chunks.shift();
      if (kept === undefined) await this.#more();
      else {
        this.#buffered -= kept.length;
        yield kept;
      }
    }
    if (this.#state === "ended" || this.#cancelled.signal.aborted) return;
    const signal = anyOf(this.#place.signal, this.#cancelled.signal);
    yield* follow({ ...this.#place, signal, onLost: (octets) => (this.lost += octets) }, this.#offset);
  }

  async #more(): Promise<void> {
    this.#onWaiting(true);
    try {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    } finally {
      this.#onWaiting(false);
    }
  }
}
