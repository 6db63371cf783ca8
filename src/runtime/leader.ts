import { isAlreadyExists, isConflict, isNotFound } from "../kube/api-error.ts";
import type { Kube } from "../kube/client.ts";
import { LEASE, type Lease } from "../kube/objects.ts";
import { deadline } from "../lib/deadline.ts";
import { microTime } from "../lib/micro-time.ts";
import { sleep } from "../lib/sleep.ts";
import { log as rootLog, type Log } from "../log.ts";
import { leading } from "./metrics.ts";

export interface LeaderOptions {
  kube: Kube;
  namespace: string;
  /** Of the Lease. */
  name: string;
  /** Unique among the replicas, as the Pod's name. */
  identity: string;
  /** Others wait this long after the last renewal they saw. Default 15. */
  leaseSeconds?: number;
  /** A leader that could not renew for this long stops. Default 10. */
  renewSeconds?: number;
  /** Between two attempts. Default 2. */
  retrySeconds?: number;
  log?: Log;
}

/** Another replica may lead now. The process should end; its replacement stands in line again. */
export class LeadershipLost extends Error {
  override name = "LeadershipLost";
}

/**
 * Lets one of several replicas work, by a Lease. A leader counts from when it began its last successful renewal, and
 * others from when they saw it, each on its own monotonic clock: no clocks are compared, and a jump of one is harmless.
 */
export class Leader {
  readonly #options: Required<Omit<LeaderOptions, "log">>;
  readonly #log: Log;
  /** The lease as last seen, and when this state of it was first seen. */
  #seen: { version: string | undefined; at: number } = { version: undefined, at: 0 };

  constructor({ leaseSeconds = 15, renewSeconds = 10, retrySeconds = 2, log = rootLog, ...options }: LeaderOptions) {
    this.#options = { leaseSeconds, renewSeconds, retrySeconds, ...options };
    this.#log = log.child({ lease: options.name, identity: options.identity });
    leading.set({ lease: options.name }, 0);
  }

  /**
   * Waits for the lease, then runs `lead` while renewing it. When the signal is aborted, ends `lead`, gives the lease back
   * and resolves. When the lease is lost, ends `lead` and rejects with `LeadershipLost`. When `lead` ends by itself, gives
   * the lease back and settles as it did.
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const acquiredAt = await this.#acquire(signal);
    if (acquiredAt === undefined) return;
    const work = new AbortController();
    const workEnded = new AbortController();
    const working = lead(work.signal).finally(() => workEnded.abort());
    // It is awaited below, but may fail before that.
    working.catch(() => {});
    try {
      await this.#keep(acquiredAt, AbortSignal.any([signal, workEnded.signal]));
    } catch (error) {
      work.abort(error);
      await working.catch(() => {});
      throw error;
    } finally {
      leading.set({ lease: this.#options.name }, 0);
    }
    work.abort(signal.reason);
    try {
      await working;
    } finally {
      await this.#release();
    }
  }

  /** When the successful attempt began, or `undefined` when aborted before there was one. */
  async #acquire(signal: AbortSignal): Promise<number | undefined> {
    const { name, renewSeconds, retrySeconds } = this.#options;
    while (!signal.aborted) {
      const startedAt = performance.now();
      if (await this.#attempt(renewSeconds * 1000, signal)) {
        this.#log.info("leading");
        leading.set({ lease: name }, 1);
        return startedAt;
      }
      await pause(retrySeconds * 1000 * (1 + Math.random() / 5), signal);
    }
    return undefined;
  }

  /** Renews until aborted; throws `LeadershipLost` when another has the lease, or nobody knows for `renewSeconds`. */
  async #keep(acquiredAt: number, signal: AbortSignal): Promise<void> {
    const { name, renewSeconds, retrySeconds } = this.#options;
    let renewedAt = acquiredAt;
    for (;;) {
      await pause(retrySeconds * 1000, signal);
      const startedAt = performance.now();
      const left = renewedAt + renewSeconds * 1000 - startedAt;
      // Half the time at most: when one connection has died, there is time to ask over another.
      const patience = Math.min(left, (renewSeconds * 1000) / 2);
      const renewed = left > 0 && !signal.aborted ? await this.#attempt(patience, signal) : undefined;
      if (signal.aborted) return;
      if (renewed === false) throw new LeadershipLost(`The lease "${name}" was taken over`);
      if (renewed) renewedAt = startedAt;
      else if (left <= 0) throw new LeadershipLost(`Cannot renew the lease "${name}" for ${renewSeconds} s`);
    }
  }

  /** Whether the lease is ours now; `undefined` if there was no answer in time. */
  async #attempt(milliseconds: number, signal: AbortSignal): Promise<boolean | undefined> {
    using timeout = deadline(milliseconds, signal);
    try {
      return await this.#take(timeout.signal);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ error }, "cannot reach the lease; tried again");
      return undefined;
    }
  }

  /**
   * Whether the lease is ours now: made, renewed, or taken over from a holder that let it run out. `undefined` when
   * it changed meanwhile, perhaps by an earlier attempt of ours.
   */
  async #take(signal: AbortSignal): Promise<boolean | undefined> {
    const { kube, namespace, name, identity } = this.#options;
    const lease = await this.#read(signal);
    try {
      if (lease === undefined) {
        await kube.create(LEASE, { metadata: { namespace, name }, spec: this.#specFor(undefined) }, { signal });
        return true;
      }
      const holder = lease.spec?.holderIdentity;
      if (holder && holder !== identity && !this.#ranOut(lease)) return false;
      await kube.replace(LEASE, { ...lease, spec: this.#specFor(lease) }, { signal });
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return undefined;
      throw error;
    }
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { kube, namespace, name } = this.#options;
    try {
      return await kube.get(LEASE, { namespace, name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #ranOut({ metadata, spec }: Lease): boolean {
    if (metadata.resourceVersion !== this.#seen.version) {
      this.#seen = { version: metadata.resourceVersion, at: performance.now() };
    }
    const seconds = spec?.leaseDurationSeconds ?? this.#options.leaseSeconds;
    return performance.now() - this.#seen.at > seconds * 1000;
  }

  #specFor(lease: Lease | undefined): NonNullable<Lease["spec"]> {
    const { identity, leaseSeconds } = this.#options;
    const now = microTime(new Date());
    const ours = lease?.spec?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      renewTime: now,
      acquireTime: (ours ? lease.spec?.acquireTime : undefined) ?? now,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (lease === undefined || ours ? 0 : 1),
    };
  }

  /** Lets the next replica lead at once. */
  async #release(): Promise<void> {
    using timeout = deadline(5_000);
    try {
      const lease = await this.#read(timeout.signal);
      if (lease?.spec?.holderIdentity !== this.#options.identity) return;
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(new Date()) };
      await this.#options.kube.replace(LEASE, { ...lease, spec }, { signal: timeout.signal });
      this.#log.info("gave the lease back");
    } catch (error) {
      this.#log.warn({ error }, "cannot give the lease back; it runs out by itself");
    }
  }
}

/** Sleeps, or less when aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, signal).catch(() => {});
}
