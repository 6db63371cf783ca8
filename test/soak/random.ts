import { createHash } from "node:crypto";

/** A source of choices that gives the same ones for the same seed. */
export class Random {
  #state: Buffer;
  #used = 0;

  constructor(seed: string) {
    this.#state = createHash("sha256").update(seed).digest();
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + (this.#next() % (most - least + 1));
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.#next() % choices.length] ?? choices[0];
  }

  /** Octets that no two calls repeat; the length is up to the caller. */
  bytes(length: number): Buffer {
    const block = createHash("sha512").update(`${this.#next()}`).digest();
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at += block.length) {
      block.writeUInt32LE(at, 0);
      block.copy(bytes, at);
    }
    return bytes;
  }

  #next(): number {
    if (this.#used === this.#state.length) {
      this.#state = createHash("sha256").update(this.#state).digest();
      this.#used = 0;
    }
    this.#used += 4;
    return this.#state.readUInt32LE(this.#used - 4);
  }
}
