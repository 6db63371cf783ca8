interface Lane {
  running: number;
  waiting: (() => void)[];
}

/** Lets no more than `most` tasks of one group go on at once; the others have their turn in the order they came. */
export class Turns {
  readonly #most: number;
  readonly #lanes = new Map<string, Lane>();

  constructor(most: number) {
    this.#most = most;
  }

  /** What the task gives, once it has had its turn; rejects without one if the signal is aborted by then. */
  async take<T>(group: string, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const lane = this.#lanes.get(group) ?? { running: 0, waiting: [] };
    this.#lanes.set(group, lane);
    if (lane.running < this.#most) lane.running++;
    else await new Promise<void>((resolve) => lane.waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      const next = lane.waiting.shift();
      if (next !== undefined) next();
      else if (--lane.running === 0) this.#lanes.delete(group);
    }
  }
}
