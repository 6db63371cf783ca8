interface Entry<V> {
  /** When the load that gave the value began; milliseconds. */
  since: number;
  value?: V;
  loading?: Promise<V>;
}

/**
 * Remembers answers for at most `milliseconds` since they were asked for, and the `max` latest of them. Callers of one
 * key share one load. From half the time on, an answer in use is renewed behind the caller's back. Failures are not
 * remembered, nor is what `keep` declines.
 */
export class Recent<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #milliseconds: number;
  readonly #max: number;
  readonly #keep: (value: V) => boolean;

  constructor(options: { milliseconds: number; max: number; keep?: (value: V) => boolean }) {
    this.#milliseconds = options.milliseconds;
    this.#max = options.max;
    this.#keep = options.keep ?? (() => true);
  }

  /** The remembered answer, if there is one; nothing is asked for. */
  peek(key: string): V | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || performance.now() - entry.since >= this.#milliseconds ? undefined : entry.value;
  }

  /** The remembered answer, else what `load` gives. */
  get(key: string, load: () => Promise<V>): V | Promise<V> {
    const entry = this.#entries.get(key);
    const age = performance.now() - (entry?.since ?? 0);
    if (entry?.value === undefined || age >= this.#milliseconds) return this.#load(key, load);
    // A failed renewal leaves the old answer to its end; the load after that tells the caller.
    if (age >= this.#milliseconds / 2) this.#load(key, load).catch(() => {});
    return entry.value;
  }

  #load(key: string, load: () => Promise<V>): Promise<V> {
    const known = this.#entries.get(key);
    if (known?.loading) return known.loading;
    const since = performance.now();
    const loading = load().then(
      (value) => {
        if (this.#keep(value)) this.#add(key, { since, value });
        else this.#entries.delete(key);
        return value;
      },
      (error: unknown) => {
        if (known?.value === undefined) this.#entries.delete(key);
        else delete known.loading;
        throw error;
      },
    );
    if (known) known.loading = loading;
    else this.#add(key, { since, loading });
    return loading;
  }

  #add(key: string, entry: Entry<V>): void {
    const full = this.#entries.size >= this.#max && !this.#entries.has(key);
    const oldest = full ? this.#entries.keys().next() : undefined;
    if (oldest && !oldest.done) this.#entries.delete(oldest.value);
    this.#entries.set(key, entry);
  }
}
