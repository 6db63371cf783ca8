/** Octets that are appended to, and read from any offset until there are no more. */
export class OctetLog {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  get length(): number {
    return this.#length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  append(octets: Uint8Array): void {
    if (this.#closed || octets.length === 0) return;
    this.#chunks.push(octets);
    this.#length += octets.length;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** What there is from the offset on, and what comes, to the end. */
  async *from(offset: number): AsyncGenerator<Uint8Array, void, void> {
    let skipped = offset;
    for (let index = 0; ;) {
      const changed = this.#changed.promise;
      const chunk = this.#chunks[index];
      if (chunk === undefined) {
        if (this.#closed) return;
        await changed;
        continue;
      }
      index++;
      if (skipped < chunk.length) yield chunk.subarray(skipped);
      skipped = Math.max(0, skipped - chunk.length);
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
