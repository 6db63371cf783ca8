import { SandkeepError } from "../../api/errors.ts";
import { claimantOf, NAME_CLAIMS } from "../../api/name-claim.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isConflict } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import { LEASE, type Lease } from "../../kube/objects.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { deadline } from "./deadline.ts";
import type { SandboxDirectory } from "./directory.ts";
import { isFinished } from "./life.ts";

/** The Leases by which sandboxes hold their names, by the uid of their sandbox. */
export type ClaimSource = Pick<Reflector<Lease, "claimant">, "store" | "subscribe">;

/** Seconds within which the operator says who has a name; a replica that stands in for one that died takes up to 17. */
const verdictSeconds = 25;

/** A stored sandbox, and whether this request made it. */
export interface NamedCreation {
  sandbox: Sandbox;
  created: boolean;
}

/** What the operator says about `spec.name` of new sandboxes. */
export class SandboxNames {
  readonly #claims: ClaimSource;
  readonly #directory: SandboxDirectory;
  readonly #kube: Kube;

  /** To be made before the source begins to fill. */
  constructor(claims: ClaimSource, directory: SandboxDirectory, kube: Kube) {
    this.#claims = claims;
    this.#directory = directory;
    this.#kube = kube;
    claims.subscribe(({ object }) => {
      const claimant = object && claimantOf(object);
      if (claimant) directory.wake({ namespace: object.metadata.namespace ?? "", name: claimant.name });
    });
  }

  /** Whether the sandbox is known to have its name. */
  isHolder({ metadata }: Sandbox): boolean {
    return this.#claims.store.by("claimant", metadata.uid ?? "").length > 0;
  }

  /**
   * Resolves once a stored sandbox has its name, or needs none. Throws `already_exists` if another has it, and `unavailable`
   * if nobody says so in time; what this request made is deleted then. Whether the client is still there does not matter:
   * what it was not told of must not stay. What an earlier request made may long be in use, and stays.
   */
  async confirm({ sandbox, created }: NamedCreation): Promise<void> {
    if (sandbox.spec.name === undefined) return;
    const seen = await this.#verdictOn(sandbox).catch(async (error: unknown) => {
      if (error instanceof SandkeepError && error.code === "not_found") throw deleted(sandbox);
      const late = await this.#lateVerdictOn(sandbox);
      if (late !== undefined) return late;
      if (created) await this.#delete(sandbox);
      throw error;
    });
    if (seen.status?.reason !== "NameTaken") return;
    await this.#delete(sandbox);
    throw new SandkeepError("already_exists", "sandbox", seen.status.message ?? "");
  }

  /** The sandbox as it is seen once it has its name, or has finished. */
  #verdictOn(sandbox: Sandbox): Promise<Sandbox> {
    const { namespace = "", name, uid = "" } = sandbox.metadata;
    const isClear = (seen: Sandbox) => seen.metadata.uid === uid && (this.isHolder(seen) || isDecided(seen));
    const regardless = new AbortController().signal;
    return deadline(
      verdictSeconds,
      regardless,
      () => unanswered(sandbox),
      (within) => this.#directory.until({ namespace, name }, isClear, within),
    );
  }

  /** The same from the API server itself: watches may lag behind, and what has its name must not be deleted for that. */
  async #lateVerdictOn(sandbox: Sandbox): Promise<Sandbox | undefined> {
    const { namespace = "", name, uid = "" } = sandbox.metadata;
    const current = await this.#directory.fresh({ namespace, name }).catch((error: unknown) => {
      throw error instanceof SandkeepError && error.code === "not_found" ? deleted(sandbox) : error;
    });
    if (current.metadata.uid !== uid) throw deleted(sandbox);
    if (isDecided(current)) return current;
    const { items } = await this.#kube.list(LEASE, { namespace, labelSelector: `${NAME_CLAIMS}=${name}` });
    return items.some((claim) => claimantOf(claim)?.uid === uid) ? current : undefined;
  }

  async #delete({ metadata }: Sandbox): Promise<void> {
    const { namespace = "", name, uid = "" } = metadata;
    try {
      await this.#kube.delete(SANDBOX, { namespace, name }, { uid });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** Its end tells whether it had its name, and nothing is made for it before it has. */
function isDecided(sandbox: Sandbox): boolean {
  return isFinished(sandbox) || sandbox.status?.scheduledAt !== undefined || sandbox.status?.podName !== undefined;
}

function deleted({ metadata }: Sandbox): SandkeepError {
  return new SandkeepError(
    "conflict",
    "sandbox",
    `Sandbox "${metadata.namespace}/${metadata.name}" was deleted before it was known whether its name is free`,
  );
}

function unanswered({ metadata, spec }: Sandbox): SandkeepError {
  return new SandkeepError(
    "unavailable",
    "sandbox",
    `Cannot create sandbox "${metadata.namespace}/${metadata.name}": within ${verdictSeconds} s nobody said whether the name ` +
      `"${spec.name}" is free in app "${spec.app}". Check that the operator runs`,
  );
}
