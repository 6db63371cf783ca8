import type { Pod } from "../../kube/objects.ts";
import type { Change } from "../../runtime/store.ts";
import { hasEnded } from "./pod-state.ts";
import { isReleased } from "./orphan.ts";

/**
 * Whether a change of a Pod is a reason to look at its sandbox: not that the Pod is there as it was just made, and not what
 * becomes of it once the end is on record and it was let go.
 */
export function isReasonToLook({ object, previous }: Change<Pod>, isFinished: boolean): boolean {
  if (previous === undefined) return object === undefined || !isUntouched(object);
  if (!isFinished) return true;
  if (object === undefined) return false;
  const isSettled = isReleased(previous) && hasEnded(previous);
  return !isSettled || object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp;
}

/** Neither scheduler nor kubelet has said anything of the Pod, and it is to stay. */
function isUntouched({ metadata, spec, status }: Pod): boolean {
  const isSpokenOf = spec?.nodeName !== undefined || (status?.conditions ?? []).length > 0;
  return !isSpokenOf && metadata.deletionTimestamp === undefined;
}
