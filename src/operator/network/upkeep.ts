import { isDeepStrictEqual } from "node:util";
import { NETWORK_POLICY, type NetworkPolicy } from "../../kube/objects.ts";
import type { Plan } from "../../runtime/plan.ts";

/** Milliseconds that a policy is kept without sandboxes under it: the next one may be about to come. */
export const keepUnused = 300_000;

/** What there is of one policy. */
export interface PolicyState {
  stored: NetworkPolicy | undefined;
  /** As its sandboxes want it; absent where none says it. */
  wanted: NetworkPolicy | undefined;
  isUsed: boolean;
  /** How long no sandbox has been under it; milliseconds. */
  unusedFor: number;
}

/** What to do about a policy: it is as its sandboxes want it, and goes when it has had none for long. */
export function upkeepPlan({ stored, wanted, isUsed, unusedFor }: PolicyState): Plan {
  const nothing: Plan = { apply: [], remove: [], events: [] };
  if (isUsed) {
    const isThere = wanted === undefined || isAs(stored, wanted);
    return isThere ? nothing : { ...nothing, apply: [{ kind: NETWORK_POLICY, object: wanted, wholeSpec: true }] };
  }
  if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return nothing;
  if (unusedFor < keepUnused) return { ...nothing, requeueAfter: keepUnused - unusedFor };
  const { namespace, name, uid = "" } = stored.metadata;
  const removed = { kind: NETWORK_POLICY, name: { name, ...(namespace !== undefined && { namespace }) }, uid };
  return { ...nothing, remove: [removed] };
}

/** Whether a policy that is stored says what is wanted. */
export function isAs(stored: NetworkPolicy | undefined, wanted: NetworkPolicy): boolean {
  return stored?.metadata.name === wanted.metadata.name && isDeepStrictEqual(stored.spec, wanted.spec);
}
