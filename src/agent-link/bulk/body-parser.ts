import { crc32 } from "node:zlib";
import { LinkError } from "../link-error.ts";

/** Octets of a part; the agent sends none that is longer. */
export const maxPartOctets: number = 1 << 20;

const lengthOctets = 4;
const trailerOctets = 8 + 4;

/**
 * Reads a body that comes in parts, as package bulk of the agent describes them: each a length of 4 octets and so many
 * octets; one of length 0 ends the body, and behind it are the number of all octets in 8 and their CRC-32 in 4.
 */
export class BodyParser {
  #total = 0;
  #sum = 0;
  /** Octets that are missing of the part under way. */
  #left = 0;
  /** What has come of a number that may have been cut; how long that is, `undefined` once the body is over. */
  #number = Buffer.alloc(0);
  #awaited: number | undefined = lengthOctets;

  /** Whether the body is there, whole and as it was sent. */
  get over(): boolean {
    return this.#awaited === undefined;
  }

  /** Octets of the body so far. */
  get total(): number {
    return this.#total;
  }

  /** The octets of the body among those that came, uncopied. Throws `LinkError` on what is no body, or another than was sent. */
  take(octets: Buffer): Buffer[] {
    const parts: Buffer[] = [];
    for (let rest = octets; rest.length > 0;) {
      if (this.#awaited === undefined) throw new LinkError("The agent sent more than the body it had announced");
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        parts.push(part);
        this.#left -= part.length;
        this.#total += part.length;
        this.#sum = crc32(part, this.#sum);
        rest = rest.subarray(part.length);
      } else {
        const missing = this.#awaited - this.#number.length;
        this.#number = Buffer.concat([this.#number, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#number.length === this.#awaited) this.#take(this.#number);
      }
    }
    return parts;
  }

  #take(number: Buffer): void {
    this.#number = Buffer.alloc(0);
    if (this.#awaited === trailerOctets) {
      this.#check(number);
      this.#awaited = undefined;
      return;
    }
    this.#left = number.readUInt32BE();
    if (this.#left > maxPartOctets)
      throw new LinkError(`The agent announced a part of ${this.#left} octets; it may have at most ${maxPartOctets}`);
    if (this.#left === 0) this.#awaited = trailerOctets;
  }

  #check(trailer: Buffer): void {
    const sent = trailer.readBigUInt64BE();
    if (sent !== BigInt(this.#total)) throw new LinkError(`${this.#total} octets arrived, but the agent sent ${sent}`);
    if (trailer.readUInt32BE(8) !== this.#sum)
      throw new LinkError("The octets that arrived are not those that the agent sent: their CRC-32 differs");
  }
}
