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

/** What runs in the sandbox's container to join the exec stream to the agent's socket. */
export const connectCommand: readonly string[] = ["/.sandkeep/bin/agent", "connect"];

/**
 * Opens the one exec stream that carries all requests to a sandbox. Rejects with `LinkError`, whose message has what
 * Kubernetes or the agent said, or with the signal's reason. Aborting the signal later closes the link.
 */
export async function openLink(
  connection: Connection,
  { namespace, pod }: Pick<LinkTarget, "namespace" | "pod">,
  signal?: AbortSignal,
): Promise<Link> {
  const name = `sandbox "${namespace}/${pod}"`;
  const stream = await openStream(connection, namespace, pod, name, signal);
  try {
    return await Link.over(stream, name, signal);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    throw new LinkError(`${error.message}${await lastWords(stream)}`, { cause: error });
  }
}

async function openStream(
  connection: Connection,
  namespace: string,
  pod: string,
  name: string,
  signal?: AbortSignal,
): Promise<ExecStream> {
  try {
    return await openExec(connection, {
      namespace,
      pod,
      container: "sandbox",
      command: [...connectCommand],
      ...(signal && { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LinkError(`Cannot reach the agent of ${name}: ${why}`, { cause });
  }
}

/** What the failed command said on stderr or Kubernetes in its status, shortened. */
async function lastWords(stream: ExecStream): Promise<string> {
  const status = await stream.status.catch((error: unknown) => ({ message: String(error) }));
  const said = (stream.stderr.trim() || (status.message ?? "")).slice(0, 500);
  return said === "" ? "" : `: ${said}`;
}
