/**
 * Memory of one piece of a large body and of nothing else, so that it can be freed once that was sent on. Left to the
 * garbage collector it would be most of what large bodies cost: it lies outside of the heap, and every few dozen megabytes
 * of it the whole heap is looked through.
 */
export class OwnMemory extends ArrayBuffer {
  /** Octets in memory of their own, all zero. */
  static buffer(octets: number): Buffer {
    return Buffer.from(new OwnMemory(octets));
  }
}

/** Frees the memory of octets at once, if nothing else lies in it: whoever still has them sees none. */
export function free({ buffer, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0);
}

/**
 * Frees what was sent of a body that lies in `OwnMemory`. Its chunks are told in their order; as several may lie in one
 * memory, the last one's stays until another follows.
 */
export class SentMemory {
  #last: ArrayBufferLike | undefined;

  sent(chunks: readonly Uint8Array[]): void {
    for (const { buffer } of chunks) {
      if (buffer !== this.#last && this.#last instanceof OwnMemory) this.#last.transfer(0);
      this.#last = buffer;
    }
  }
}
