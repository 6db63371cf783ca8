import { SandkeepError } from "../../api/errors.ts";
import { claimantOf } from "../../api/name-claim.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isConflict } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { Lease } from "../../kube/objects.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { deadline } from "./deadline.ts";
import type { SandboxDirectory } from "./directory.ts";
import { isFinished } from "./life.ts";

/** The Leases by which sandboxes hold their names, by the uid of their sandbox. */
export type ClaimSource = Pick<Reflector<Lease, "claimant">, "store" | "subscribe">;

/** Seconds within which the operator says who has a name; a replica that stands in for one that died takes up to 17. */
const verdictSeconds = 25;

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
   * if nobody says so in time; the sandbox is deleted then. Whether the client is still there does not matter: what it was
   * not told of must not stay.
   */
  async confirm(sandbox: Sandbox): Promise<void> {
    if (sandbox.spec.name === undefined) return;
    const seen = await this.#verdictOn(sandbox).catch(async (error: unknown) => {
      await this.#delete(sandbox);
      throw error instanceof SandkeepError && error.code === "not_found" ? deleted(sandbox) : error;
    });
    if (seen.status?.reason !== "NameTaken") return;
    await this.#delete(sandbox);
    throw new SandkeepError("already_exists", "sandbox", seen.status.message ?? "");
  }

  /** The sandbox as it is seen once it has its name, or has finished. */
  #verdictOn(sandbox: Sandbox): Promise<Sandbox> {
    const { namespace = "", name, uid = "" } = sandbox.metadata;
    const isClear = (seen: Sandbox) => seen.metadata.uid === uid && (this.isHolder(seen) || isFinished(seen));
    const regardless = new AbortController().signal;
    return deadline(
      verdictSeconds,
      regardless,
      () => unanswered(sandbox),
      (within) => this.#directory.until({ namespace, name }, isClear, within),
    );
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
