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

  /** What the task gives, once it has had its turn; who is aborted before leaves the line, and rejects with the reason. */
  async take<T>(group: string, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const lane = this.#lanes.get(group) ?? { running: 0, waiting: [] };
    this.#lanes.set(group, lane);
    if (lane.running < this.#most) lane.running++;
    else await turnIn(lane, signal);
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      const next = lane.waiting.shift();
      if (next !== undefined) next();
      else if (--lane.running === 0) this.#lanes.delete(group);
    }
  }

  /** Whether somebody of the group waits for a turn. */
  isCrowded(group: string): boolean {
    return (this.#lanes.get(group)?.waiting.length ?? 0) > 0;
  }
}

function turnIn({ waiting }: Lane, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const take = (): void => {
    signal.removeEventListener("abort", leave);
    resolve();
  };
  const leave = (): void => {
    waiting.splice(waiting.indexOf(take), 1);
    reject(signal.reason);
  };
  waiting.push(take);
  signal.addEventListener("abort", leave, { once: true });
  return promise;
}
