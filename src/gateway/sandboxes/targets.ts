import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { LinkTarget } from "../../agent-link/open.ts";
import type { SandboxDirectory, SandboxName } from "./directory.ts";
import { hasStarted, isOver, isUp, over } from "./life.ts";
import { deadline } from "./deadline.ts";

/** What is wanted of a sandbox: one that is being ended can still be read, as long as its agent answers. */
export type Access = "read" | "write";

/**
 * Where the agent of a sandbox is, once it has started. Throws `failed_precondition` when it has ended, or nothing but
 * reading is possible any more, and `deadline_exceeded` when it does not start in time.
 */
export async function targetOf(
  directory: SandboxDirectory,
  name: SandboxName,
  access: Access,
  startTimeoutSeconds: number,
  signal: AbortSignal,
): Promise<LinkTarget> {
  const known = directory.known(name);
  if (known && isUp(known)) return target(known);
  // The store may still show an earlier sandbox of that name: only the API server's word ends a request.
  const current = known && isOver(known) ? await directory.fresh(name, signal) : undefined;
  if (access === "read" && current && hasStarted(current)) return target(current);
  if (current && isOver(current)) throw over(current, "run anything in", new Date());
  const late = () =>
    new SandkeepError(
      "deadline_exceeded",
      "sandbox",
      `Sandbox "${name.namespace}/${name.name}" did not start within ${startTimeoutSeconds} s`,
    );
  const up = (sandbox: Sandbox) => {
    const earlier = current !== undefined && sandbox.metadata.uid !== current.metadata.uid;
    if (!earlier && isOver(sandbox)) throw over(sandbox, "run anything in", new Date());
    return isUp(sandbox);
  };
  return target(await deadline(startTimeoutSeconds, signal, late, (within) => directory.until(name, up, within)));
}

function target({ metadata, status }: Sandbox): LinkTarget {
  return { namespace: metadata.namespace ?? "", pod: status?.podName ?? metadata.name, uid: metadata.uid ?? "" };
}
