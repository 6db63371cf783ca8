import { SANDBOX_CONTAINER } from "../../api/constants.ts";
import type { ContainerStatus, Pod } from "../../kube/objects.ts";

/** Nothing of the Pod runs: it never reached a node, or its container has ended. */
export function isStopped(pod: Pod): boolean {
  return pod.spec?.nodeName === undefined || hasEnded(pod);
}

/** The container has run and ended, or its node says that the whole Pod has. */
export function hasEnded(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === "Failed" || phase === "Succeeded" || containerStatus(pod)?.state?.terminated !== undefined;
}

/** The status of the container that runs the sandbox's command. */
export function containerStatus(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === SANDBOX_CONTAINER);
}
