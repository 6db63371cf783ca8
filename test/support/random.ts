/** Numbers that look random and are the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0, below `limit`. */
  below(limit: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  octets(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  /** A few octets changed, left out, repeated or put in. */
  mutated(octets: Buffer): Buffer {
    let result = octets;
    for (let times = 1 + this.below(4); times > 0; times--) {
      const at = this.below(result.length + 1);
      const [before, after] = [result.subarray(0, at), result.subarray(at)];
      result = this.pick<() => Buffer>([
        () => Buffer.concat([before, this.octets(1), after.subarray(1)]),
        () => Buffer.concat([before, after.subarray(this.below(20))]),
        () => Buffer.concat([before, this.octets(this.below(20)), after]),
        () => Buffer.concat([before, after.subarray(0, 20), after]),
        () => before,
      ])();
    }
    return result;
  }

  /** The same octets in pieces. */
  *pieces(octets: Buffer, most = 64): Generator<Buffer, void, void> {
    for (let at = 0; at < octets.length;) {
      const length = 1 + this.below(most);
      yield octets.subarray(at, at + length);
      at += length;
    }
  }
}

/** Runs a test with so many seeds, one after the other. A failure tells the seed; `SANDKEEP_SEED` runs that one alone. */
export async function withSeeds(count: number, run: (random: Random) => unknown): Promise<void> {
  const one = process.env["SANDKEEP_SEED"];
  for (const seed of one === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(one)]) {
    try {
      await run(new Random(seed));
    } catch (cause) {
      throw new Error(`With SANDKEEP_SEED=${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  }
}
