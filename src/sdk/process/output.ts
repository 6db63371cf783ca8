import { anyOf } from "../any-of.ts";
import type { TransportReply } from "../http/transport.ts";
import { follow, openOutput, type OutputPlace } from "./follow.ts";

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
  /** Whether somebody reads it. */
  #isRead = false;
  /** The rest, where it is asked for before its reader comes to it. */
  #rest: Promise<TransportReply> | undefined;
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

  /**
   * No more comes: the stream has ended, or the rest is to be read from the sandbox. Resolves once the process waits for who
   * reads it there, so that none of it goes by meanwhile.
   */
  async finish(state: "alone" | "ended"): Promise<void> {
    this.#state = state;
    this.#wake();
    if (state === "ended" || !this.#isRead || this.#cancelled.signal.aborted) return;
    this.#rest = openOutput({ ...this.#place, signal: this.#signal() }, this.#offset, true);
    try {
      (await this.#rest).keepAlive?.(false);
    } catch {
      // Its reader is told.
    }
  }

  /** Nobody reads on: what is under way for it ends. */
  cancel(): void {
    this.#cancelled.abort();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    this.#isRead = true;
    while ((this.#state === "together" || this.#chunks.length > 0) && !this.#cancelled.signal.aborted) {
      const kept = this.#chunks.shift();
      if (kept === undefined) await this.#more();
      else {
        this.#buffered -= kept.length;
        yield kept;
      }
    }
    if (this.#state === "ended" || this.#cancelled.signal.aborted) return;
    const place = { ...this.#place, signal: this.#signal(), onLost: (octets: number) => (this.lost += octets) };
    yield* follow(place, this.#offset, this.#rest);
  }

  #signal(): AbortSignal | undefined {
    return anyOf(this.#place.signal, this.#cancelled.signal);
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
