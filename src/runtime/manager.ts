import type { Leader } from "./leader.ts";

export interface Runnable {
  /** Works until the signal is aborted; rejects only for what the process cannot survive. */
  run(signal: AbortSignal): Promise<void>;
}

export interface Watching extends Runnable {
  readonly store: { readonly isReady: boolean };
}

export interface ManagerOptions {
  /** Run always, so that a replica that begins to lead knows the world already. */
  reflectors: Watching[];
  /** Run while this replica leads; always when there is no leader election. */
  controllers: Runnable[];
  leader?: Leader;
}

/** Reflectors and controllers as one unit: all run, or none. */
export class Manager {
  readonly #options: ManagerOptions;

  constructor(options: ManagerOptions) {
    this.#options = options;
  }

  /** All stores are ready. A replica that waits for the lease is ready too: it is needed for its readiness to take over. */
  get isReady(): boolean {
    return this.#options.reflectors.every(({ store }) => store.isReady);
  }

  /** Runs until the signal is aborted, or until one part fails: then all others are stopped, and the failure is thrown. */
  async run(signal: AbortSignal): Promise<void> {
    const { reflectors, controllers, leader } = this.#options;
    const lead = (leading: AbortSignal) => runAll(controllers, leading);
    await runAll([...reflectors, { run: (stop) => (leader ? leader.run(stop, lead) : lead(stop)) }], signal);
  }
}

async function runAll(parts: Runnable[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const settled = await Promise.allSettled(
    parts.map(async (part) => {
      try {
        await part.run(stop);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  const failure = settled.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}
