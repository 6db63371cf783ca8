import { orAborted } from "../lib/or-aborted.ts";
import { sleep } from "../lib/sleep.ts";
import type { Link } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { linkBreaks, linkFailures, linkOpens, linkOpenSeconds, links } from "./metrics.ts";
import type { LinkTarget } from "./open.ts";

export interface LinkPoolOptions {
  open: (target: LinkTarget, signal: AbortSignal) => Promise<Link>;
  /** Links held at most; beyond it the longest idle one makes room. Default 2000. */
  max?: number;
  /** Milliseconds without a request after which a link is closed. Default 5 minutes. */
  idleMilliseconds?: number;
}

interface Entry {
  uid: string;
  opening: Promise<Link>;
  link?: Link;
}

interface Failure {
  count: number;
  retryAt: number;
}

const backoff = { firstMilliseconds: 100, maxMilliseconds: 5_000 };

/**
 * One link per sandbox, opened when first wanted, shared by all requests, closed when idle. After a failed opening the
 * next one waits, from 100 ms doubling to 5 s, so that a broken sandbox costs the API server little.
 */
export class LinkPool implements AsyncDisposable {
  readonly #options: Required<LinkPoolOptions>;
  readonly #entries = new Map<string, Entry>();
  readonly #failures = new Map<string, Failure>();
  /** No longer given out, but not closed yet. */
  readonly #leaving = new Set<Link>();
  readonly #closing = new AbortController();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: LinkPoolOptions) {
    this.#options = { max: 2000, idleMilliseconds: 300_000, ...options };
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(30_000, this.#options.idleMilliseconds));
    this.#sweeper.unref();
  }

  /** The open link to a sandbox, or a new one. Rejects with `LinkError` or the signal's reason; others still get theirs. */
  get(target: LinkTarget, signal?: AbortSignal): Promise<Link> | Link {
    const key = keyOf(target);
    const entry = this.#entries.get(key);
    if (entry?.uid === target.uid && (entry.link === undefined || entry.link.open))
      return entry.link ?? orAborted(entry.opening, signal);
    if (entry) this.#leave(key, entry);
    return orAborted(this.#open(key, target), signal);
  }

  /** The open link to a sandbox, if there is one. */
  opened(target: LinkTarget): Link | undefined {
    const entry = this.#entries.get(keyOf(target));
    return entry?.uid === target.uid && entry.link?.open ? entry.link : undefined;
  }

  /** Lets go of the link to a Pod that has ended or is ending; replies under way may still be read to their end. */
  evict(target: Pick<LinkTarget, "namespace" | "pod">): void {
    const key = keyOf(target);
    this.#failures.delete(key);
    const entry = this.#entries.get(key);
    if (entry) this.#leave(key, entry);
  }

  /** Stops opening links and closes all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper);
    this.#closing.abort(new LinkError("Cannot reach any agent: this server is shutting down"));
    const entries = [...this.#entries];
    for (const [key, entry] of entries) this.#drop(key, entry);
    for (const link of this.#leaving) link.destroy();
    await Promise.allSettled(entries.map(([, entry]) => entry.opening));
  }

  #open(key: string, target: LinkTarget): Promise<Link> {
    this.#makeRoom();
    const entry: Entry = { uid: target.uid, opening: this.#establish(key, target) };
    this.#entries.set(key, entry);
    void this.#settle(key, entry);
    return entry.opening;
  }

  async #settle(key: string, entry: Entry): Promise<void> {
    try {
      const link = await entry.opening;
      // Dropped while it was opening: nobody would ever close it.
      if (this.#entries.get(key) !== entry) link.destroy();
      else entry.link = link;
      link.onClose((reason) => {
        if (reason) linkBreaks.inc();
        this.#forget(key, entry);
      });
    } catch {
      this.#forget(key, entry);
    }
  }

  async #establish(key: string, target: LinkTarget): Promise<Link> {
    const failure = this.#failures.get(key);
    try {
      if (failure) await sleep(Math.max(0, failure.retryAt - performance.now()), this.#closing.signal);
      this.#closing.signal.throwIfAborted();
      const opened = linkOpenSeconds.startTimer();
      const link = await this.#options.open(target, this.#closing.signal);
      opened();
      linkOpens.inc();
      this.#failures.delete(key);
      return link;
    } catch (error) {
      linkFailures.inc();
      const count = (failure?.count ?? 0) + 1;
      const delay = Math.min(backoff.maxMilliseconds, backoff.firstMilliseconds * 2 ** (count - 1));
      this.#failures.set(key, { count, retryAt: performance.now() + delay });
      throw error;
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#forget(key, entry);
    entry.link?.destroy();
  }

  /** As `#drop`, but replies under way may still be read to their end. */
  #leave(key: string, entry: Entry): void {
    this.#forget(key, entry);
    const { link } = entry;
    if (!link) return;
    this.#leaving.add(link);
    void link.close().then(() => this.#leaving.delete(link));
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    links.set(this.#entries.size);
  }

  #makeRoom(): void {
    links.set(this.#entries.size + 1);
    if (this.#entries.size < this.#options.max) return;
    let idlest: [string, Entry] | undefined;
    for (const [key, entry] of this.#entries)
      if (entry.link && entry.link.idleMilliseconds > (idlest?.[1].link?.idleMilliseconds ?? 0)) idlest = [key, entry];
    if (!idlest)
      throw new LinkError(`Cannot open another link: all ${this.#entries.size} are in use`, {
        code: "resource_exhausted",
      });
    this.#drop(...idlest);
  }

  #sweep(): void {
    for (const [key, entry] of this.#entries)
      if (entry.link && entry.link.idleMilliseconds >= this.#options.idleMilliseconds) this.#drop(key, entry);
    for (const [key, { retryAt }] of this.#failures)
      if (performance.now() > retryAt + backoff.maxMilliseconds) this.#failures.delete(key);
  }
}

function keyOf({ namespace, pod }: Pick<LinkTarget, "namespace" | "pod">): string {
  return `${namespace}/${pod}`;
}
