import { backoff } from "../lib/backoff.ts";

/** The longest time a timer can be set for, 24.8 days; who waits longer is woken early and waits again. */
const longestTimer = 2 ** 31 - 1;

/** Milliseconds before the first retry of a key, at most. */
const firstPause = 10;
/** Milliseconds before any retry, at most. */
const longestPause = 60_000;

/**
 * Keys with work to do. A key waits at most once, and is never handed to two workers at a time: one that is added while
 * it is processed waits again once it is done. Time is the monotonic clock.
 */
export class Queue {
  /** In order of arrival, with when they came. */
  readonly #waiting = new Map<string, number>();
  readonly #processing = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #onWait: (milliseconds: number) => void;
  #closed = false;

  /** `onWait` is told how long each key waited before a worker took it. */
  constructor(onWait: (milliseconds: number) => void = () => {}) {
    this.#onWait = onWait;
  }

  /** Keys that wait for a worker now; delayed ones are not counted. */
  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.set(key, performance.now());
    this.#takers.shift()?.(this.#take());
  }

  /** Adds the key after so many milliseconds; of several such requests the earliest counts. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#closed) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const at = performance.now() + milliseconds;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.at <= at) return;
    clearTimeout(planned?.timer);
    const due = () => {
      this.#delayed.delete(key);
      this.add(key);
    };
    this.#delayed.set(key, { at, timer: setTimeout(due, Math.min(milliseconds, longestTimer)) });
  }

  /** Adds the key after a pause that doubles with each retry of this key, up to `most` milliseconds. */
  retry(key: string, most: number = longestPause): void {
    const failures = this.failures(key);
    if (firstPause * 2 ** failures < most) this.#failures.set(key, failures + 1);
    this.addAfter(key, backoff(failures, { first: firstPause, most }));
  }

  /** How often the key was retried since it last succeeded, as far as that made its pauses longer. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next retry of this key starts with the shortest pause again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /**
   * The key that waited longest, as soon as there is one; `undefined` once the queue is closed. A pass over a key decides
   * anew when to look again, so what was planned for it is dropped. `done` must follow.
   */
  next(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    if (this.#waiting.size > 0) return Promise.resolve(this.#take());
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Says that the worker has finished with the key. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Drops everything that waits; workers get `undefined`. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #take(): string | undefined {
    for (const [key, since] of this.#waiting) {
      this.#waiting.delete(key);
      this.#processing.add(key);
      clearTimeout(this.#delayed.get(key)?.timer);
      this.#delayed.delete(key);
      this.#onWait(performance.now() - since);
      return key;
    }
    return undefined;
  }
}
