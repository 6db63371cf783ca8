import { orAborted } from "../../lib/or-aborted.ts";

/** The newest of values of which only the newest matters. */
export class Latest<T> {
  #next = Promise.withResolvers<void>();
  #value: { is: T } | undefined;

  put(value: T): void {
    this.#value = { is: value };
    this.#next.resolve();
  }

  /** The newest that nobody has taken, once there is one. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<T> {
    for (;;) {
      await orAborted(this.#next.promise, signal);
      this.#next = Promise.withResolvers();
      const value = this.#value;
      this.#value = undefined;
      if (value) return value.is;
    }
  }
}
