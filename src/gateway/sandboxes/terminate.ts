import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isConflict, isNotFound } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { SandboxDirectory, SandboxName } from "./directory.ts";
import { isFinished, isOver } from "./life.ts";

/**
 * Asks for the end of a sandbox, and gives it as it is then; no-op when it has finished or is ending. Throws `not_found`.
 * What the store has is tried first, for just that version: mostly it is right, and saves reading the sandbox.
 */
export async function terminate(
  kube: Kube,
  directory: SandboxDirectory,
  name: SandboxName,
  signal: AbortSignal,
): Promise<Sandbox> {
  // The uid guards against ending a later sandbox of that name.
  const end = async (metadata: { uid?: string; resourceVersion?: string }): Promise<Sandbox> => {
    const ended = await kube.mergePatch(SANDBOX, name, { metadata, spec: { desiredState: "Terminated" } }, { signal });
    directory.learn(ended);
    return ended;
  };

  const known = directory.known(name);
  if (known !== undefined && !isOver(known)) {
    try {
      return await end(versionOf(known));
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
  const current = await directory.fresh(name, signal);
  if (isFinished(current) || current.spec.desiredState === "Terminated") return current;
  const { uid } = versionOf(current);
  return await end({ ...(uid !== undefined && { uid }) });
}

function versionOf({ metadata: { uid, resourceVersion } }: Sandbox): { uid?: string; resourceVersion?: string } {
  return { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
}
