import { sleep } from "../../lib/sleep.ts";

/** The longest that a timer can be set to; milliseconds. */
const longest = 2 ** 31 - 1;

/** Tells all who listen. */
export class Broadcast<T> {
  readonly #listeners = new Set<(value: T) => void>();

  tell(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }

  /** What is told from now on, kept until it is read, for so many milliseconds. Rejects when the signal is aborted. */
  listen(milliseconds: number, signal: AbortSignal | undefined): AsyncGenerator<T, void, void> {
    const waiting: T[] = [];
    let changed = Promise.withResolvers<void>();
    const listener = (value: T) => {
      waiting.push(value);
      changed.resolve();
      changed = Promise.withResolvers();
    };
    const listeners = this.#listeners.add(listener);
    const end = performance.now() + milliseconds;
    return (async function* () {
      try {
        for (;;) {
          const left = end - performance.now();
          const value = waiting.shift();
          if (value !== undefined) yield value;
          else if (left <= 0) return;
          else await eitherOf(changed.promise, Math.min(left, longest), signal);
        }
      } finally {
        listeners.delete(listener);
      }
    })();
  }
}

/** Resolves with the promise, or after so many milliseconds; rejects when the signal is aborted. */
export async function eitherOf(
  promise: Promise<unknown>,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = new AbortController();
  const within = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const timer = sleep(Math.min(milliseconds, longest), within);
  timer.catch(() => {});
  await Promise.race([promise, timer]);
  over.abort();
}
