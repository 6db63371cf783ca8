import { agentClient } from "../../agent-link/client.ts";
import type { Link } from "../../agent-link/link.ts";
import type { LinkTarget } from "../../agent-link/open.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import type { Log } from "../../log.ts";
import type { ReadinessObservation } from "./observed.ts";

export interface ProberOptions {
  open: (target: LinkTarget, signal: AbortSignal) => Promise<Pick<Link, "request"> & AsyncDisposable>;
  /** Told the key of a sandbox whose agent has decided. */
  report: (key: string) => void;
  log: Log;
  /** Sandboxes asked at once; the others wait for their turn. Default 256. */
  most?: number;
}

/** Seconds for which the agent may hold one request before the next is sent. */
const waitSeconds = 30;

interface Probing {
  uid: string;
  stop: AbortController;
  task: Promise<void>;
}

/**
 * Asks agents whether their sandboxes are ready, each over a link that lasts until it is decided. What they answer is an
 * observation: it is kept here until the sandbox is forgotten. A broken link is opened again with growing pauses.
 */
export class Prober implements AsyncDisposable {
  readonly #options: Required<ProberOptions>;
  readonly #probing = new Map<string, Probing>();
  readonly #observations = new Map<string, ReadinessObservation & { uid: string }>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: ProberOptions) {
    this.#options = { most: 256, ...options };
  }

  /** What the agent of this Pod has said, if it has decided. */
  observation(key: string, uid: string): ReadinessObservation | undefined {
    const observation = this.#observations.get(key);
    return observation?.uid === uid ? { state: observation.state, message: observation.message } : undefined;
  }

  /** Begins to ask the agent of this Pod, unless that is under way or decided. */
  ensure(key: string, target: LinkTarget): void {
    if (this.#probing.get(key)?.uid === target.uid || this.observation(key, target.uid) !== undefined) return;
    this.forget(key);
    const stop = new AbortController();
    this.#probing.set(key, { uid: target.uid, stop, task: this.#probe(key, target, stop.signal) });
  }

  /** Stops asking and drops what was said. */
  forget(key: string): void {
    this.#observations.delete(key);
    this.#probing.get(key)?.stop.abort(new Error(`Nobody waits for ${key} to be ready any more`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const probing = [...this.#probing];
    for (const [key] of probing) this.forget(key);
    await Promise.all(probing.map(([, { task }]) => task));
  }

  async #probe(key: string, target: LinkTarget, signal: AbortSignal): Promise<void> {
    try {
      const decided = await this.#untilDecided(target, signal);
      this.#observations.set(key, { uid: target.uid, ...decided });
      this.#options.report(key);
    } catch (error) {
      if (!signal.aborted) this.#options.log.error({ error, key }, "probing ended");
    } finally {
      if (this.#probing.get(key)?.stop.signal === signal) this.#probing.delete(key);
    }
  }

  async #untilDecided(target: LinkTarget, signal: AbortSignal): Promise<ReadinessObservation> {
    for (let failures = 0; ;) {
      const since = performance.now();
      try {
        const decided = await this.#inTurn(() => this.#ask(target, signal), signal);
        if (decided !== undefined) return decided;
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        this.#options.log.debug({ error, ...target }, "the link broke while probing; it is opened again");
        if (hasWaited(since)) failures = 0;
        await sleep(backoff(failures++, { first: 200, most: 5_000 }), signal);
      }
    }
  }

  /** What the agent has decided; `undefined` when it has not, and others wait for their turn. */
  async #ask(target: LinkTarget, signal: AbortSignal): Promise<ReadinessObservation | undefined> {
    await using link = await this.#options.open(target, signal);
    do {
      const since = performance.now();
      const { state, message = "" } = await agentClient(link).readiness(waitSeconds, signal);
      if (state === "none") return { state: "failed", message: "The agent was given no probe." };
      if (state !== "pending") return { state, message };
      if (!hasWaited(since)) throw new Error("The agent answered before it had decided: its sandbox ends, or it lies");
    } while (this.#waiting.length === 0);
    return undefined;
  }

  async #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running < this.#options.most) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      // The turn goes to who waits, so that nobody who comes now is before them.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** Timers of two machines differ a little. */
function hasWaited(since: number): boolean {
  return performance.now() - since >= waitSeconds * 900;
}
