import { crc32 } from "node:zlib";

const lengthOctets = 4;
const trailerOctets = 8 + 4;

/** How long octets wait for others, in milliseconds. */
const heldMilliseconds = 10;

/** Takes a part, or what is behind the last; its memory is used again once `taken` is called. */
export type WritePart = (part: Buffer, taken: () => void) => void;

/**
 * Puts a body together to parts, as package bulk of the agent describes them, of `partOctets` with their length: in pieces as
 * small as TLS gives them, each would wake every process on the way. Octets wait for others at most some milliseconds.
 */
export class PartWriter {
  readonly #write: WritePart;
  readonly #partOctets: number;
  readonly #spare: Buffer[] = [];
  #part: Buffer;
  #filled = lengthOctets;
  #late: NodeJS.Timeout | undefined;
  #total = 0;
  #sum = 0;

  constructor(partOctets: number, write: WritePart) {
    this.#partOctets = partOctets;
    this.#write = write;
    this.#part = Buffer.allocUnsafeSlow(partOctets);
  }

  /** Octets of the body so far. */
  get total(): number {
    return this.#total;
  }

  /** Copies what comes next of the body. */
  add(octets: Uint8Array): void {
    for (let at = 0; at < octets.length;) {
      const piece = octets.subarray(at, at + this.#partOctets - this.#filled);
      this.#part.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#partOctets) this.#flush();
    }
    if (this.#filled > lengthOctets) this.#late ??= setTimeout(() => this.#flush(), heldMilliseconds);
  }

  /** Writes what waits and says that the body is whole. */
  end(): void {
    this.#flush();
    const trailer = Buffer.alloc(lengthOctets + trailerOctets);
    trailer.writeBigUInt64BE(BigInt(this.#total), lengthOctets);
    trailer.writeUInt32BE(this.#sum, lengthOctets + 8);
    this.#write(trailer, () => {});
  }

  /** Writes nothing more. */
  stop(): void {
    clearTimeout(this.#late);
    this.#late = undefined;
  }

  #flush(): void {
    this.stop();
    const whole = this.#part;
    const part = whole.subarray(0, this.#filled);
    const length = part.length - lengthOctets;
    if (length === 0) return;
    part.writeUInt32BE(length);
    this.#total += length;
    this.#sum = crc32(part.subarray(lengthOctets), this.#sum);
    this.#filled = lengthOctets;
    this.#part = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#partOctets);
    this.#write(part, () => void this.#spare.push(whole));
  }
}
