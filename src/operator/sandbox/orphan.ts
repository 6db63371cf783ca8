import { FINALIZERS } from "../../api/constants.ts";
import { type Pod, POD } from "../../kube/objects.ts";
import type { SetFinalizers } from "../../runtime/plan.ts";
import { isStopped } from "./ending.ts";
import { untilConfirmed } from "./lifetime.ts";

/**
 * What to do about a Pod whose sandbox is gone: garbage collection deletes it, and the finalizer goes once it has
 * stopped, so that quotas and names are not free before the node is.
 */
export function orphanPlan(pod: Pod, now: Date): { finalizers: SetFinalizers[]; requeueAfter?: number } {
  const remaining = untilConfirmed(pod, now);
  if (remaining === undefined) return { finalizers: [] };
  if (isStopped(pod) || remaining <= 0) return { finalizers: releaseOf(pod) };
  return { finalizers: [], requeueAfter: remaining };
}

/** Takes the operator's finalizer off a Pod, if it is on. */
export function releaseOf(pod: Pod): SetFinalizers[] {
  return isReleased(pod) ? [] : [finalizersOf(pod, false)];
}

/** Puts the operator's finalizer on a Pod, if it was taken off, as by uninstalling, and can still be put on. */
export function holdOf(pod: Pod): SetFinalizers[] {
  return isReleased(pod) && pod.metadata.deletionTimestamp === undefined ? [finalizersOf(pod, true)] : [];
}

function finalizersOf({ metadata }: Pod, held: boolean): SetFinalizers {
  const { name, namespace, resourceVersion = "" } = metadata;
  const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZERS.exitStatus);
  return {
    kind: POD,
    name: { name, ...(namespace === undefined ? {} : { namespace }) },
    resourceVersion,
    finalizers: held ? [...others, FINALIZERS.exitStatus] : others,
  };
}

/** The operator no longer keeps the Pod. */
export function isReleased({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(FINALIZERS.exitStatus) !== true;
}
