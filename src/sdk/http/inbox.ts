/** How an inbox steers where its messages come from. */
export interface Source {
  /** Asks for no more messages for now; those on the way may still come. */
  pause: () => void;
  resume: () => void;
  /** Nobody wants the rest. */
  leave: () => void;
}

/** How much may wait to be read, in octets, before the source is asked to pause. */
const mostOctets = 1 << 20;

/** Messages that wait for their one reader, who gets them in order and then the end or the failure. */
export class Inbox implements AsyncIterable<Uint8Array> {
  readonly #source: Source;
  readonly #waiting: Uint8Array[] = [];
  #octets = 0;
  #ending: { failure?: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(source: Source) {
    this.#source = source;
  }

  add(message: Uint8Array): void {
    this.#waiting.push(message);
    if (this.#octets < mostOctets && this.#octets + message.length >= mostOctets) this.#source.pause();
    this.#octets += message.length;
    this.#wake();
  }

  end(): void {
    this.#ending ??= {};
    this.#wake();
  }

  fail(failure: unknown): void {
    this.#ending ??= { failure };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const message = this.#waiting.shift();
        if (message !== undefined) {
          this.#take(message.length);
          yield message;
        } else if (this.#ending !== undefined) {
          if ("failure" in this.#ending) throw this.#ending.failure;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      if (this.#ending === undefined) this.#source.leave();
    }
  }

  #take(octets: number): void {
    const before = this.#octets;
    this.#octets -= octets;
    if (before >= mostOctets && this.#octets < mostOctets) this.#source.resume();
  }
}
