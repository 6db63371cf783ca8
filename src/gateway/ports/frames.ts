import { LinkError } from "../../agent-link/link-error.ts";

/** Octets of a frame, at most. */
const frameOctets = 64 << 10;

const headerOctets = 4;

/**
 * Reads what an agent sends from a port: frames of a length in four octets and that many octets. What is not of this
 * form throws `LinkError`.
 */
export class PortFrames {
  readonly #header = Buffer.alloc(headerOctets);
  #headerRead = 0;
  #left = 0;
  #ended = false;

  /** Whether the frame of length 0 has come, after which there is none. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The octets in a chunk of the agent's, however frames are cut; an empty buffer is the end. */
  *read(chunk: Buffer): Generator<Buffer> {
    for (let at = 0; at < chunk.length;) {
      const wanted = this.#left === 0 ? headerOctets - this.#headerRead : this.#left;
      const part = chunk.subarray(at, at + wanted);
      at += part.length;
      if (this.#left === 0) {
        if (this.#begin(part)) yield part.subarray(0, 0);
      } else {
        this.#left -= part.length;
        yield part;
      }
    }
  }

  /** Takes a part of a frame's length. True when that is complete and the end. */
  #begin(part: Buffer): boolean {
    if (this.#ended) throw new LinkError("The agent sent something after the end of what comes from a port");
    this.#headerRead += part.copy(this.#header, this.#headerRead);
    if (this.#headerRead < headerOctets) return false;
    this.#headerRead = 0;
    this.#left = this.#header.readUInt32BE();
    if (this.#left > frameOctets) throw new LinkError(`The agent sent a frame of ${this.#left} octets from a port`);
    this.#ended = this.#left === 0;
    return this.#ended;
  }
}
