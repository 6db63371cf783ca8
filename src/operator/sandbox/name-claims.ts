import { claimantOf } from "../../api/name-claim.ts";
import type { KubeObject, ResourceKind } from "../../api/meta.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from "../../kube/api-error.ts";
import type { Kube, ObjectName } from "../../kube/client.ts";
import { LEASE, type Lease } from "../../kube/objects.ts";
import { keyOfObject } from "../../runtime/key.ts";
import { claimFor } from "./name-claim.ts";

/** How often a claim may turn out to be one that nobody holds any more. */
const attempts = 5;

/** Nobody holds the name, and yet its Lease cannot be made for who wants it. */
export class NameUnavailableError extends Error {
  override name = "NameUnavailableError";
}

/**
 * Who holds which `spec.name`, as Leases: the API server lets one sandbox at a time create the Lease of a name, whatever
 * operators ask. A Lease is never passed on. It is deleted by its uid, so that nobody can take away what another has made
 * since: by its holder's end, and where that was missed, by the next who wants the name.
 */
export class NameClaims {
  readonly #kube: Kube;
  readonly #stored: { get(key: string): Lease | undefined };
  /** Uids, by key, of sandboxes that the API server has confirmed as holders. */
  readonly #confirmed = new Map<string, string>();
  /** Uids of Leases that were deleted, by the key of their sandbox: the watch may not tell yet. */
  readonly #freed = new Map<string, string>();

  constructor(kube: Kube, stored: { get(key: string): Lease | undefined }) {
    this.#kube = kube;
    this.#stored = stored;
  }

  /** Claims the sandbox's name for it; answers with the name of the sandbox that holds it, if another does. */
  async claim(sandbox: Sandbox, signal: AbortSignal): Promise<string | undefined> {
    const key = keyOfObject(sandbox);
    if (this.#confirmed.get(key) === sandbox.metadata.uid) return undefined;
    const holder = await this.#contend(claimFor(sandbox), sandbox, signal);
    if (holder === undefined) this.#confirmed.set(key, sandbox.metadata.uid ?? "");
    return holder;
  }

  /** Frees the name of a sandbox that has finished, if it is stored as its own. */
  async release(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
    if (sandbox.spec.name === undefined) return;
    const key = keyOfObject(sandbox);
    this.#confirmed.delete(key);
    const stored = this.#stored.get(keyOfObject(claimFor(sandbox)));
    if (stored === undefined || !isHeldBy(stored, sandbox)) return;
    if (this.#freed.get(key) === stored.metadata.uid) return;
    await this.#delete(stored, signal);
    this.#freed.set(key, stored.metadata.uid ?? "");
  }

  /** The sandbox is gone, and garbage collection takes its Lease. */
  forget(key: string): void {
    this.#confirmed.delete(key);
    this.#freed.delete(key);
  }

  async #contend(claim: Lease, sandbox: Sandbox, signal: AbortSignal): Promise<string | undefined> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await this.#create(claim, signal)) return undefined;
      const standing = await this.#lookUp(LEASE, claim.metadata, signal);
      if (standing === undefined) continue;
      if (isHeldBy(standing, sandbox)) return undefined;
      const holder = await this.#holderOf(standing, signal);
      if (holder !== undefined) return holder;
      await this.#delete(standing, signal).catch((error: unknown) => {
        if (!isForbidden(error)) throw error;
        throw new NameUnavailableError(`${standingInTheWay(claim, sandbox)}: ${(error as Error).message}`, {
          cause: error,
        });
      });
    }
    throw new NameUnavailableError(`${standingInTheWay(claim, sandbox)}: it is there again, or still, after each try.`);
  }

  async #create(claim: Lease, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#kube.create(LEASE, claim, { signal });
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /** Whose Lease it is, unless that sandbox is gone, is another by now, or has finished. */
  async #holderOf(lease: Lease, signal: AbortSignal): Promise<string | undefined> {
    const { namespace = "" } = lease.metadata;
    const claimant = claimantOf(lease);
    if (claimant === undefined) return undefined;
    const holder = await this.#lookUp(SANDBOX, { namespace, name: claimant.name }, signal);
    return holder?.metadata.uid === claimant.uid && holder.status?.phase !== "Finished" ? claimant.name : undefined;
  }

  async #delete({ metadata }: Lease, signal: AbortSignal): Promise<void> {
    const { namespace = "", name, uid = "" } = metadata;
    try {
      await this.#kube.delete(LEASE, { namespace, name }, { uid, signal });
    } catch (error) {
      // Somebody else's by now.
      if (!isConflict(error)) throw error;
    }
  }

  async #lookUp<T extends KubeObject>(
    kind: ResourceKind<T>,
    { namespace = "", name }: ObjectName,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.#kube.get(kind, { namespace, name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function standingInTheWay({ metadata }: Lease, { spec }: Sandbox): string {
  return `No running sandbox holds the name "${spec.name}" in app "${spec.app}", but its Lease ${metadata.name} does not go`;
}

function isHeldBy(lease: Lease, { metadata }: Sandbox): boolean {
  return claimantOf(lease)?.uid === metadata.uid;
}
