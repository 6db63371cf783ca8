import { LABELS } from "./constants.ts";
import type { KubeObject, OwnerReference } from "./meta.ts";

/** Selects the Leases by which sandboxes hold their `spec.name`; no others carry the label. */
export const NAME_CLAIMS: string = LABELS.sandbox;

/** The sandbox that a claim belongs to: one for as long as the claim is there. */
export function claimantOf({ metadata }: KubeObject): Pick<OwnerReference, "name" | "uid"> | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === "Sandbox");
}
