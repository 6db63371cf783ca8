import { LinkError } from "../link-error.ts";

export interface SlotOptions {
  /** Held at once under one key, and by all together. */
  perKey: number;
  total: number;
  /** Milliseconds that one waits for a slot before it is refused. */
  waitMilliseconds: number;
}

interface Waiting {
  key: string;
  admit: () => void;
}

/** Bounds how many hold a slot, per key and together; those that wait are served in the order in which they came. */
export class Slots {
  readonly #options: SlotOptions;
  readonly #held = new Map<string, number>();
  #total = 0;
  #queue: Waiting[] = [];

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** A slot, to be given back once by calling it. Rejects with `resource_exhausted` when none gets free in time, or with the signal's reason. */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (!this.#free(key)) await this.#wait(key, signal);
    else this.#hold(key);
    let back = false;
    return () => {
      if (!back) this.#release(key);
      back = true;
    };
  }

  #wait(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (error: unknown) => {
        clearTimeout(late);
        signal.removeEventListener("abort", gone);
        this.#queue = this.#queue.filter((other) => other !== waiting);
        reject(error);
      };
      const gone = () => leave(signal.reason);
      const late = setTimeout(() => {
        const why = `${this.#total} large bodies are under way, ${this.#held.get(key) ?? 0} of them for this sandbox`;
        leave(new LinkError(`Cannot open another stream: ${why}`, { code: "resource_exhausted" }));
      }, this.#options.waitMilliseconds);
      const waiting: Waiting = {
        key,
        admit: () => {
          clearTimeout(late);
          signal.removeEventListener("abort", gone);
          resolve();
        },
      };
      signal.addEventListener("abort", gone, { once: true });
      this.#queue.push(waiting);
    });
  }

  #free(key: string): boolean {
    return this.#total < this.#options.total && (this.#held.get(key) ?? 0) < this.#options.perKey;
  }

  #hold(key: string): void {
    this.#total += 1;
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
  }

  #release(key: string): void {
    this.#total -= 1;
    const left = (this.#held.get(key) ?? 1) - 1;
    if (left === 0) this.#held.delete(key);
    else this.#held.set(key, left);
    const next = this.#queue.findIndex((waiting) => this.#free(waiting.key));
    const [admitted] = next === -1 ? [] : this.#queue.splice(next, 1);
    if (!admitted) return;
    this.#hold(admitted.key);
    admitted.admit();
  }
}
