/** A DNS message as it goes over TCP: behind its length (RFC 1035, section 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Puts DNS messages together that come over TCP. */
export class DnsFrames {
  readonly #most: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(most: number) {
    this.#most = most;
  }

  /** The messages that are whole now. Throws when one is announced that is longer than allowed. */
  take(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 2) {
      const length = this.#rest.readUInt16BE(0);
      if (length > this.#most) throw new Error(`a message of ${length} octets is announced, ${this.#most} are allowed`);
      if (this.#rest.length < 2 + length) break;
      messages.push(this.#rest.subarray(2, 2 + length));
      this.#rest = this.#rest.subarray(2 + length);
    }
    return messages;
  }
}
