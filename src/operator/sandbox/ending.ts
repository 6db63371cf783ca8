import { SANDBOX_CONTAINER } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { ContainerStatus, Pod } from "../../kube/objects.ts";
import { conditionOf } from "../conditions.ts";
import { type Ending, evicted, nodeLost, podDeleted, startError, terminated, timeout } from "./endings.ts";
import { endingByExit } from "./exit-ending.ts";
import type { Moments, Patience } from "./lifetime.ts";
import { countedTimeout } from "./limits.ts";
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

/** The agent could not be copied into the Pod. */
function endingOfInstaller(pod: Pod): Ending | undefined {
  const exits = (pod.status?.initContainerStatuses ?? []).map(({ state }) => state?.terminated);
  const failed = exits.find((exit) => exit !== undefined && exit.exitCode !== 0);
  if (failed === undefined) return undefined;
  return startError(`the agent could not be installed: ${failed.message ?? failed.reason ?? ""}`, failed.exitCode);
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
