import type { FinishReason } from "../../api/phases.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Pod } from "../../kube/objects.ts";
import { keptLimits } from "./limits.ts";
import { printable } from "./termination-message.ts";

/** How a sandbox ended; the message says what to do about it where something can be done. */
export interface Ending {
  reason: FinishReason;
  exitCode?: number;
  message: string;
}

export const terminated: Ending = {
  reason: "Terminated",
  exitCode: 137,
  message: "It was terminated on request (spec.desiredState).",
};

export const idleTimeout: Ending = {
  reason: "IdleTimeout",
  exitCode: 124,
  message: "It was idle for its idleTimeoutSeconds.",
};

/** The sandbox lived for as long as it may. */
export function timeout(pod: Pod): Ending {
  const { timeoutSeconds: seconds } = keptLimits(pod);
  return {
    reason: "Timeout",
    exitCode: 124,
    message: `It ran for its timeoutSeconds (${seconds}). Set spec.timeoutSeconds higher to let it run longer.`,
  };
}

/** The kernel killed it for lack of memory. */
export function outOfMemory({ spec }: Sandbox): Ending {
  const limit = spec.resources?.limits?.["memory"];
  return {
    reason: "OutOfMemory",
    exitCode: 137,
    message: `It used more memory than ${limit === undefined ? "its limit" : `its limit of ${limit}`}. Raise spec.resources.limits.memory.`,
  };
}

/** Its command, or what has to be there before, could not be started. */
export function startError(message: string, exitCode?: number): Ending {
  return {
    reason: "StartError",
    ...(exitCode === undefined ? {} : { exitCode }),
    message: `It could not start: ${printable(message)}`,
  };
}

/** Its node is gone, or has lost it. */
export function nodeLost({ spec }: Pod, detail: string): Ending {
  return {
    reason: "NodeLost",
    exitCode: 137,
    message: `Node ${spec?.nodeName ?? "(none)"} is lost: ${printable(detail)}`,
  };
}

/** The cluster took its node away from it. */
export function evicted(detail: string): Ending {
  return { reason: "Evicted", exitCode: 137, message: `It was evicted: ${printable(detail)}` };
}

/** Somebody deleted its Pod. */
export function podDeleted(name: string, detail: string): Ending {
  return {
    reason: "PodDeleted",
    exitCode: 137,
    message: `Pod ${name} ${detail}. To end a sandbox set spec.desiredState to Terminated.`,
  };
}
