import type { Readable } from "node:stream";
import { POD_RETENTION_SECONDS, SANDBOX_CONTAINER } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { isForbidden, isInvalid, isNotFound } from "../../kube/api-error.ts";
import type { PodLogOptions } from "../../kube/pod-log.ts";
import { isFinished, over } from "../sandboxes/life.ts";

/** Which part of a log is wanted. */
export type LogPart = Pick<PodLogOptions, "follow" | "tailLines" | "sinceSeconds" | "timestamps">;

/** What the command of a sandbox has written: the log of its container. */
export type ReadLog = (sandbox: Sandbox, part: LogPart, signal: AbortSignal) => Promise<Readable>;

/**
 * Reads logs of sandboxes that have started, while there is their Pod. Throws `failed_precondition` with how the sandbox
 * ended once its Pod has gone or if it never started, and `not_supported` where the gateway's own account may read none.
 */
export function logReader(podLog: (options: PodLogOptions) => Promise<Readable>): ReadLog {
  return async (sandbox, part, signal) => {
    // Another's Pod may have the name by then.
    if (isFinished(sandbox) && secondsSince(sandbox.status?.finishedAt) >= POD_RETENTION_SECONDS) throw gone(sandbox);
    const { namespace = "" } = sandbox.metadata;
    const pod = sandbox.status?.podName;
    // One that was refused never had a Pod, and another's may have its name.
    if (pod === undefined) throw isFinished(sandbox) ? over(sandbox, "read the log of", new Date()) : gone(sandbox);
    try {
      return await podLog({ namespace, pod, container: SANDBOX_CONTAINER, ...part, signal });
    } catch (error) {
      if (isNotFound(error)) throw gone(sandbox);
      if (isForbidden(error)) throw notAllowed(sandbox);
      if (isInvalid(error) && isFinished(sandbox)) throw over(sandbox, "read the log of", new Date());
      throw error;
    }
  };
}

function gone(sandbox: Sandbox): SandkeepError {
  const { namespace, name } = sandbox.metadata;
  if (!isFinished(sandbox))
    return new SandkeepError("unavailable", "sandbox", `The Pod of sandbox "${namespace}/${name}" has gone; try again`);
  const { message, details } = over(sandbox, "read the log of", new Date());
  return new SandkeepError(
    "failed_precondition",
    "sandbox",
    `${message}. Its log went with its Pod, which stays for ${POD_RETENTION_SECONDS} s`,
    details && { details },
  );
}

function notAllowed({ metadata: { namespace, name } }: Sandbox): SandkeepError {
  return new SandkeepError(
    "not_supported",
    "sandbox",
    `Cannot read the log of sandbox "${namespace}/${name}": the gateway's own account may not. ` +
      "Administrators set gateway.podLogs in the chart, " +
      "or grant get on pods/log in this namespace to the ServiceAccount sandkeep-gateway",
  );
}

function secondsSince(time: string | undefined): number {
  return time === undefined ? 0 : (Date.now() - Date.parse(time)) / 1000;
}
