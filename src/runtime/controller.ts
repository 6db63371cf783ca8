import { randomBytes } from "node:crypto";
import { ConnectionError, isConflict } from "../kube/api-error.ts";
import { log as rootLog, type Log } from "../log.ts";
import { queueDepth, queueSeconds, reconciles, reconcileSeconds } from "./metrics.ts";
import { Queue } from "./queue.ts";
import type { Source } from "./source.ts";
import { TerminalError } from "./terminal-error.ts";

export interface Pass {
  /** With the key and an id of this pass in every line. */
  log: Log;
  /** Aborted when the process stops or loses its lease. */
  signal: AbortSignal;
}

export interface Result {
  /** Milliseconds until the next look, if nothing changes before. */
  requeueAfter?: number;
}

export interface ControllerOptions {
  /** In logs and metrics. */
  name: string;
  sources: Source[];
  /**
   * Makes the world as the object of this key wants it. Called for one key by one worker at a time. When it throws, the key
   * is tried again with growing pauses, except after a `TerminalError`, which waits for a change.
   */
  reconcile: (key: string, pass: Pass) => Promise<Result | void>;
  /** Keys worked on at once; default 16. */
  workers?: number;
  log?: Log;
}

/** The longest pause while the API server is out of reach: that is no fault of the key, which should be early when it is back. */
const outagePause = 5_000;

const outcomes = ["success", "requeue", "conflict", "error", "terminal"] as const;

/**
 * Workers that reconcile keys: everything the sources name once all of them are ready, then what their changes concern, and
 * everything again when changes may have gone by unseen.
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: Queue;
  readonly #log: Log;
  /** Before, changes are no news: the first passes are over all there is. */
  #working = false;

  constructor(options: ControllerOptions) {
    const { name, sources, log = rootLog } = options;
    this.name = name;
    this.#options = options;
    this.#log = log.child({ controller: name });
    this.#queue = new Queue((milliseconds) => {
      queueSeconds.observe({ controller: name }, milliseconds / 1000);
      queueDepth.set({ controller: name }, this.#queue.depth);
    });
    for (const result of outcomes) reconciles.inc({ controller: name, result }, 0);
    queueDepth.set({ controller: name }, 0);
    for (const source of sources) {
      source.subscribe(
        (key) => this.#working && this.trigger(key),
        () => this.#working && this.#triggerAll(),
      );
    }
  }

  /** Asks for a pass over the key, for what no source sees: an observation of ours has changed. */
  trigger(key: string): void {
    this.#queue.add(key);
    queueDepth.set({ controller: this.name }, this.#queue.depth);
  }

  /** Works until the signal is aborted; resolves when the passes under way have ended. */
  async run(signal: AbortSignal): Promise<void> {
    const close = () => this.#queue.close();
    if (signal.aborted) close();
    signal.addEventListener("abort", close, { once: true });
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([Promise.all(this.#options.sources.map(({ ready }) => ready)), stopped]);
    this.#working = true;
    this.#triggerAll();
    await Promise.all(Array.from({ length: this.#options.workers ?? 16 }, () => this.#work(signal)));
  }

  #triggerAll(): void {
    for (const source of this.#options.sources) {
      for (const key of source.keys()) this.trigger(key);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      const end = reconcileSeconds.startTimer({ controller: this.name });
      const result = await this.#pass(key, signal);
      end();
      this.#queue.done(key);
      reconciles.inc({ controller: this.name, result });
    }
  }

  async #pass(key: string, signal: AbortSignal): Promise<(typeof outcomes)[number]> {
    const log = this.#log.child({ key, reconcileId: randomBytes(4).toString("hex") });
    try {
      const result = await this.#options.reconcile(key, { log, signal });
      this.#queue.forget(key);
      if (result?.requeueAfter === undefined) return "success";
      this.#queue.addAfter(key, result.requeueAfter);
      return "requeue";
    } catch (error) {
      if (error instanceof TerminalError) {
        this.#queue.forget(key);
        log.warn({ error }, "cannot go on until something changes");
        return "terminal";
      }
      const conflict = isConflict(error);
      if (!signal.aborted) {
        log[conflict ? "debug" : "error"](
          { error, failures: this.#queue.failures(key) },
          "failed; tried again after a pause",
        );
      }
      this.#queue.retry(key, error instanceof ConnectionError ? outagePause : undefined);
      return conflict ? "conflict" : "error";
    }
  }
}
