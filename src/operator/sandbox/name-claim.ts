import { API_VERSION, FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Lease } from "../../kube/objects.ts";
import { annotations, shortHash } from "../names.ts";
import { admissionAt } from "./admission.ts";
import type { Observed } from "./observed.ts";

/** Whether the sandbox needs its `spec.name` now: it is to have a Pod, and has none yet. */
export function needsName(observed: Observed, now: Date): boolean {
  const { metadata, spec } = observed.sandbox;
  if (spec.name === undefined || spec.desiredState === "Terminated") return false;
  if (metadata.deletionTimestamp !== undefined) return false;
  const admission = admissionAt(observed, now);
  return admission !== undefined && admission.kind !== "refused";
}

/** The Lease by which a sandbox holds its name. Its own name is that of every claim to the same name in the same app. */
export function claimFor({ metadata, spec }: Sandbox): Lease {
  const { namespace = "", name, uid = "" } = metadata;
  return {
    metadata: {
      namespace,
      name: claimNameOf(spec),
      labels: { [LABELS.managedBy]: FIELD_MANAGER, [LABELS.sandbox]: name },
      annotations: { [annotations.claimedName]: `${spec.app}/${spec.name}` },
      ownerReferences: [{ apiVersion: API_VERSION, kind: "Sandbox", name, uid }],
    },
    spec: { holderIdentity: name },
  };
}

function claimNameOf({ app, name }: Sandbox["spec"]): string {
  return `sandkeep-name-${shortHash(JSON.stringify([app, name]))}`;
}
