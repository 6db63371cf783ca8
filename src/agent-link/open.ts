import type { Connection } from "../kube/connection.ts";
import type { ExecStream } from "../kube/exec-stream.ts";
import { openExec } from "../kube/exec.ts";
import { Link } from "./link.ts";
import { LinkError } from "./link-error.ts";

/** The Pod whose agent is meant; `uid` tells apart Pods that bear the same name after each other. */
export interface LinkTarget {
  namespace: string;
  pod: string;
  uid: string;
}

/** The agent as its sandbox's container has it. */
const agent = "/.sandkeep/bin/agent";

/**
 * Opens the one exec stream that carries all requests to a sandbox. Rejects with `LinkError`, whose message has what
 * Kubernetes or the agent said, or with the signal's reason. Aborting the signal later closes the link.
 */
export async function openLink(
  connection: Connection,
  target: Pick<LinkTarget, "namespace" | "pod">,
  signal?: AbortSignal,
): Promise<Link> {
  const name = nameOf(target);
  const stream = await openAgent(connection, target, ["connect"], { signal });
  try {
    return await Link.over(stream, name, signal);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    throw new LinkError(`${error.message}${await lastWords(stream)}`, { cause: error });
  }
}

/**
 * Opens an exec stream of the agent with these arguments, which the API server logs. Rejects with `LinkError` or the
 * signal's reason; aborting the signal later cuts the stream.
 */
export async function openAgent(
  connection: Connection,
  target: Pick<LinkTarget, "namespace" | "pod">,
  args: string[],
  { signal, large = false }: { signal?: AbortSignal | undefined; large?: boolean } = {},
): Promise<ExecStream> {
  const { namespace, pod } = target;
  const command = [agent, ...args];
  try {
    return await openExec(connection, {
      namespace,
      pod,
      container: "sandbox",
      command,
      large,
      ...(signal && { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LinkError(`Cannot reach the agent of ${nameOf(target)}: ${why}`, { cause });
  }
}

function nameOf({ namespace, pod }: Pick<LinkTarget, "namespace" | "pod">): string {
  return `sandbox "${namespace}/${pod}"`;
}

/** What the failed command said on stderr or Kubernetes in its status, shortened. */
async function lastWords(stream: ExecStream): Promise<string> {
  const status = await stream.status.catch((error: unknown) => ({ message: String(error) }));
  const said = (stream.stderr.trim() || (status.message ?? "")).slice(0, 500);
  return said === "" ? "" : `: ${said}`;
}
