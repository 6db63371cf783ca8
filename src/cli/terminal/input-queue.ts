/** Hands octets on one piece after the other; what comes while one is on its way goes together with the next. */
export class InputQueue {
  readonly #send: (octets: Uint8Array) => Promise<void>;
  #waiting: Uint8Array[] = [];
  #sending: Promise<void> | undefined;

  constructor(send: (octets: Uint8Array) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves once all up to these have been taken. */
  add(octets: Uint8Array): Promise<void> {
    this.#waiting.push(octets);
    return (this.#sending ??= this.#drain());
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const octets = Buffer.concat(this.#waiting);
        this.#waiting = [];
        await this.#send(octets);
      }
    } finally {
      this.#sending = undefined;
    }
  }
}
