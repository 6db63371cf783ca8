import { FINALIZERS } from "../../api/constants.ts";
import { SANDBOX } from "../../api/sandbox.ts";
import { type Pod, POD } from "../../kube/objects.ts";
import type { Remove, SetFinalizers } from "../../runtime/plan.ts";
import { isStopped } from "./pod-state.ts";
import { identityOf } from "./identity.ts";
import { type NodeState, untilLost } from "./node-loss.ts";

/** What to do about a Pod whose sandbox is gone. */
export interface OrphanPlan {
  remove: Remove[];
  finalizers: SetFinalizers[];
  requeueAfter?: number;
}

/**
 * Deletes a Pod that still names its owner, without waiting for garbage collection; one that does not was meant to outlive
 * its sandbox. The finalizer goes once the Pod has stopped or its node is lost, so that quotas and names are not free before the node is.
 */
export function orphanPlan(pod: Pod, node: NodeState | undefined, now: Date): OrphanPlan {
  if (pod.metadata.deletionTimestamp === undefined)
    return { remove: isOwned(pod) ? [{ kind: POD, ...identityOf(pod) }] : [], finalizers: [] };
  const lost = untilLost(pod, node, now);
  if (isStopped(pod) || lost === undefined || lost <= 0) return { remove: [], finalizers: releaseOf(pod) };
  return { remove: [], finalizers: [], requeueAfter: lost };
}

function isOwned({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === SANDBOX.kind) === true;
}

/** Takes the operator's finalizer off a Pod, if it is on. */
export function releaseOf(pod: Pod): SetFinalizers[] {
  return isReleased(pod) ? [] : [finalizersOf(pod, false)];
}

/** Puts the operator's finalizer on a Pod, if it was taken off, as by uninstalling, and can still be put on. */
export function holdOf(pod: Pod): SetFinalizers[] {
  return isReleased(pod) && pod.metadata.deletionTimestamp === undefined ? [finalizersOf(pod, true)] : [];
}

function finalizersOf(pod: Pod, held: boolean): SetFinalizers {
  const { finalizers = [], resourceVersion = "" } = pod.metadata;
  const others = finalizers.filter((finalizer) => finalizer !== FINALIZERS.exitStatus);
  const { name } = identityOf(pod);
  return { kind: POD, name, resourceVersion, finalizers: held ? [...others, FINALIZERS.exitStatus] : others };
}

/** The operator no longer keeps the Pod. */
export function isReleased({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(FINALIZERS.exitStatus) !== true;
}
