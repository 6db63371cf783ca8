import { SandkeepError } from "../../api/errors.ts";
import type { PatchSandbox } from "../../api/sandbox-http.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isConflict } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { SandboxDirectory, SandboxName } from "./directory.ts";
import { isFinished, over } from "./life.ts";

/** How often the sandbox may change between reading and writing it. */
const attempts = 5;

/**
 * Changes a stored sandbox and answers with what it has become. Throws `failed_precondition` for what has no effect any
 * more, `conflict` if others change it all the time, and whatever the API server says to values that break its rules.
 */
export async function patchSandbox(
  kube: Kube,
  directory: SandboxDirectory,
  name: SandboxName,
  { spec }: PatchSandbox,
  signal: AbortSignal,
): Promise<Sandbox> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const patch = patchFor(await directory.fresh(name, signal), spec, new Date());
    try {
      const patched = await kube.mergePatch(SANDBOX, name, patch, { signal });
      directory.learn(patched);
      return patched;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  const { namespace, name: id } = name;
  throw new SandkeepError(
    "conflict",
    "sandbox",
    `Cannot change sandbox "${namespace}/${id}": others change it; try again`,
  );
}

/**
 * The JSON merge patch that makes of a stored sandbox what was asked for. Tags are replaced as a whole, so that those to
 * go are named in it, and the patch is for the version that was read.
 */
export function patchFor(sandbox: Sandbox, { tags, ...others }: PatchSandbox["spec"], now: Date): object {
  const late = Object.entries(others).find(([member, value]) => isLate(sandbox, member, value));
  if (late !== undefined) throw over(sandbox, `change ${late[0]} of`, now);
  const { uid, resourceVersion } = sandbox.metadata;
  if (tags === undefined) return { metadata: { uid }, spec: others };
  const gone = Object.keys(sandbox.spec.tags ?? {}).map((tag) => [tag, null]);
  const replaced = { ...Object.fromEntries(gone), ...tags };
  return { metadata: { uid, resourceVersion }, spec: { ...others, tags: replaced } };
}

/** Whether a member of the spec is of no use to this sandbox any more. */
function isLate(sandbox: Sandbox, member: string, value: unknown): boolean {
  if (member === "desiredState") return value === "Running" && sandbox.spec.desiredState === "Terminated";
  return isFinished(sandbox) && member !== "ttlSecondsAfterFinished";
}
