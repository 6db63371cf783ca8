export interface AllowanceOptions {
  /** How many at once. */
  burst: number;
  /** After so many milliseconds there is room for one more. */
  refillMilliseconds: number;
  /** Keys that are remembered; of more, the one that was last asked for longest ago is forgotten. */
  most: number;
}

/** Lets through what happens under each key at a bounded rate. */
export class Allowance {
  readonly #options: AllowanceOptions;
  readonly #used = new Map<string, { count: number; at: number }>();

  constructor(options: AllowanceOptions) {
    this.#options = options;
  }

  /** Whether there is room for one more at this moment, which counts then; milliseconds. */
  take(key: string, now: number = performance.now()): boolean {
    const { burst, refillMilliseconds, most } = this.#options;
    const { count, at } = this.#used.get(key) ?? { count: 0, at: now };
    const left = Math.max(0, count - (now - at) / refillMilliseconds);
    const allowed = left + 1 <= burst;
    this.#used.delete(key);
    this.#used.set(key, { count: allowed ? left + 1 : left, at: now });
    for (const oldest of this.#used.keys()) {
      if (this.#used.size <= most) break;
      this.#used.delete(oldest);
    }
    return allowed;
  }
}
