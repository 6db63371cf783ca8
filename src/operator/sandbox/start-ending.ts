import type { ContainerStatus, Pod } from "../../kube/objects.ts";
import { conditionOf } from "../conditions.ts";
import { type Ending, startError } from "./endings.ts";
import { imageProblem } from "./image-problem.ts";
import type { Moments, Patience } from "./lifetime.ts";
import { missingObject, missingVolume } from "./missing.ts";
import { containerStatus } from "./pod-state.ts";
import { printable } from "./termination-message.ts";

/** Waiting reasons of a container that no further waiting cures. */
const hopeless = new Set(["CreateContainerError", "RunContainerError", "PreCreateHookError", "PostStartHookError"]);

/** Why a Pod that does not run yet never will, or took too long; `undefined` while there is hope, and once it runs. */
export function endingBeforeStart(pod: Pod, patience: Patience, moments: Moments): Ending | undefined {
  if (pod.spec?.nodeName === undefined) return isPast(moments.scheduleBy) ? notScheduled(pod, patience) : undefined;
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  // It may have started long ago, while no operator was there to see it.
  if (containerStatus(pod)?.state?.running !== undefined) return undefined;
  const containers = [...initContainerStatuses, ...containerStatuses];
  const problem = containers
    .map((container) => waitingProblem(pod, container, moments))
    .find((found) => found !== undefined);
  return problem ?? (isPast(moments.startBy) ? notStarted(pod, containers, patience) : undefined);
}

function waitingProblem(pod: Pod, { state, image }: ContainerStatus, moments: Moments): Ending | undefined {
  const { reason = "", message = "" } = state?.waiting ?? {};
  if (hopeless.has(reason)) return startError(message);
  if (reason === "CreateContainerConfigError" && isPast(moments.startBy)) return startError(waitedFor(message, pod));
  // A Secret that was applied together with the sandbox may come after it.
  const problem = imageProblem(reason, message, imageMeant(pod, message) ?? image, !isPast(moments.loginBy));
  return problem === undefined ? undefined : { reason: "ImageUnavailable", message: problem };
}

/** What was missing to the end, as an object where it is one. */
function waitedFor(said: string, pod: Pod): string {
  const missing = missingObject(said, pod);
  return missing === undefined ? said : `${missing.message} Create it, then the sandbox again.`;
}

/** A container waits for images that are its volumes too, and only the message tells which. */
function imageMeant({ spec }: Pod, message: string): string | undefined {
  const references = (spec?.volumes ?? [])
    .map(({ image }) => image?.reference)
    .filter((reference) => reference !== undefined);
  return references.find((reference) => message.includes(reference));
}

function notScheduled(pod: Pod, { scheduleSeconds }: Patience): Ending {
  const scheduled = conditionOf(pod.status?.conditions, "PodScheduled");
  const missing = missingObject(scheduled?.message ?? "", pod);
  if (missing !== undefined) {
    const message = `No node took it within ${scheduleSeconds} s: ${missing.message} Create or bind it, then the sandbox again.`;
    return { reason: "Unschedulable", message };
  }
  return {
    reason: "Unschedulable",
    message:
      `No node took it within ${scheduleSeconds} s: ${printable(scheduled?.message ?? "no scheduler has looked at it.")} ` +
      "Ask for less in spec.resources or spec.placement, or add nodes.",
  };
}

function notStarted(pod: Pod, containers: ContainerStatus[], { pullSeconds }: Patience): Ending {
  const node = pod.spec?.nodeName ?? "(none)";
  if (conditionOf(pod.status?.conditions, "PodReadyToStartContainers")?.status === "False") {
    const { message = "" } = missingVolume(pod) ?? {};
    return startError(
      `node ${node} could not set its Pod up within ${pullSeconds} s. ${message} The Events of the Pod say why.`,
    );
  }
  const said = containers.map(({ state }) => state?.waiting?.message).find((message) => message !== undefined);
  return {
    reason: "ImageUnavailable",
    message:
      `Image ${imageMeant(pod, said ?? "") ?? pod.spec?.containers[0]?.image} was not on node ${node} within ${pullSeconds} s` +
      `${said === undefined ? "" : ` (${printable(said)})`}. ` +
      "Check registry and imagePullSecrets, or raise limits.pullSeconds of the class for a large image.",
  };
}

function isPast(milliseconds: number | undefined): boolean {
  return milliseconds !== undefined && milliseconds <= 0;
}
