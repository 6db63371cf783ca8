import type { Sandbox } from "../../api/sandbox.ts";
import type { Pod } from "../../kube/objects.ts";
import { conditionOf } from "../conditions.ts";
import { agentInstaller } from "./agent.ts";
import { type Ending, evicted, nodeLost, podDeleted, startError, terminated, timeout } from "./endings.ts";
import { endingByExit } from "./exit-ending.ts";
import type { Moments, Patience } from "./lifetime.ts";
import { countedTimeout } from "./limits.ts";
import { containerStatus, isStopped } from "./pod-state.ts";
import { endingBeforeStart } from "./start-ending.ts";
import { printable } from "./termination-message.ts";

/** What the end of a Pod is judged by, apart from the Pod itself. */
export interface EndingContext {
  sandbox: Sandbox;
  patience: Patience;
  moments: Moments;
}

/** How the sandbox ended, from the state of its Pod; `undefined` while it has not. */
export function podEnding(pod: Pod, context: EndingContext): Ending | undefined {
  return (
    endingByKubelet(pod) ??
    endingOfContainer(pod, context) ??
    endingByRemoval(pod, context) ??
    endingOfInstaller(pod) ??
    endingBeforeStart(pod, context.patience, context.moments)
  );
}

/** The kubelet ended the whole Pod and says why in `status.reason`. */
function endingByKubelet(pod: Pod): Ending | undefined {
  const { phase, reason = "", message = "" } = pod.status ?? {};
  if (phase !== "Failed" || reason === "") return undefined;
  if (reason === "DeadlineExceeded") return timeout(pod);
  if (reason === "Evicted" || reason === "Preempting") return evicted(message);
  if (reason === "NodeLost" || reason === "NodeShutdown" || reason === "Terminated") return nodeLost(pod, message);
  if (containerStatus(pod)?.state?.terminated !== undefined) return undefined;
  return {
    reason: "Unschedulable",
    message: `Node ${pod.spec?.nodeName} refused it (${reason}): ${printable(message)}`,
  };
}

/** The container ended before anybody asked for the Pod's deletion, so its own account counts. */
function endingOfContainer(pod: Pod, { sandbox }: EndingContext): Ending | undefined {
  const exit = containerStatus(pod)?.state?.terminated;
  if (exit === undefined) return undefined;
  const requestedAt = deletionRequestedAt(pod);
  const endedFirst = requestedAt === undefined || Date.parse(exit.finishedAt ?? "") < requestedAt;
  return endedFirst ? endingByExit(exit, sandbox, pod) : undefined;
}

/**
 * The Pod was deleted: told apart by who can have done it. Its node has to confirm, or be lost. A taint that does not
 * suffer the Pod is an eviction, whoever set it: what loses a node is that it does not answer.
 */
function endingByRemoval(pod: Pod, { sandbox, moments }: EndingContext): Ending | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  const disruption = conditionOf(pod.status?.conditions, "DisruptionTarget");
  const cause = disruption?.status === "True" ? disruption.reason : undefined;
  const stopped = isStopped(pod);
  // Garbage collection says itself that a Pod has stopped: of one whose node is gone.
  const lost = cause === "DeletionByPodGC" || (!stopped && (moments.lost ?? 1) <= 0);
  if (!stopped && !lost) return undefined;
  if (sandbox.spec.desiredState === "Terminated") return terminated;
  if (wasOverdue(pod, sandbox)) return timeout(pod);
  if (lost) return nodeLost(pod, disruption?.message ?? "it is gone, or does not answer.");
  if (cause !== undefined) return evicted(disruption?.message ?? cause);
  return podDeleted(pod.metadata.name, "was deleted");
}

/** What comes before the sandbox's container has failed for good. */
function endingOfInstaller(pod: Pod): Ending | undefined {
  const { initContainerStatuses = [] } = pod.status ?? {};
  const failed = initContainerStatuses.find(
    ({ name, state }) => (state?.terminated?.exitCode ?? 0) !== 0 && !isRestarted(pod, name),
  );
  const exit = failed?.state?.terminated;
  if (failed === undefined || exit === undefined) return undefined;
  const { exitCode, reason = "", message = reason } = exit;
  const what =
    failed.name === agentInstaller
      ? "the agent could not be installed"
      : `init container ${failed.name} of its class's podPatch failed with exit code ${exitCode}`;
  return startError(`${what}: ${message}`, exitCode);
}

/** A sidecar, for one, which may crash without that being anybody's end. */
function isRestarted({ spec }: Pod, name: string): boolean {
  const { restartPolicy = "Never" } = spec?.initContainers?.find((container) => container.name === name) ?? {};
  return restartPolicy !== "Never";
}

/** The deletion was asked for after the deadline, so the deadline is why. */
function wasOverdue(pod: Pod, sandbox: Sandbox): boolean {
  const startedAt = sandbox.status?.startedAt;
  const requestedAt = deletionRequestedAt(pod);
  if (startedAt === undefined || requestedAt === undefined) return false;
  return requestedAt >= Date.parse(startedAt) + countedTimeout(sandbox, pod) * 1000;
}

function deletionRequestedAt({ metadata }: Pod): number | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined;
  return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
}
