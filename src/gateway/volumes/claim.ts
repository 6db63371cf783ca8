import { FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { VolumeView } from "../../api/volume-http.ts";
import type { ObjectName } from "../../kube/client.ts";
import type { PersistentVolumeClaim } from "../../kube/objects.ts";

/** What a class that does not say gives. */
const defaults = { size: "10Gi", accessModes: ["ReadWriteOnce"] };

/** Selects the claims that are volumes made over HTTP. */
export const volumeSelector = `${LABELS.managedBy}=${FIELD_MANAGER}`;

/** The claim of a new volume, as the class wants volumes to be. */
export function claimFor(
  { namespace = "", name }: ObjectName,
  volumes: SandboxClassSpec["volumes"],
): PersistentVolumeClaim {
  const { storageClassName, size, accessModes } = { ...defaults, storageClassName: undefined, ...volumes };
  return {
    metadata: { namespace, name, labels: { [LABELS.managedBy]: FIELD_MANAGER } },
    spec: {
      accessModes: [...accessModes],
      resources: { requests: { storage: size } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
}

/** Whether it is a volume made over HTTP. */
export function isVolume({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.labels?.[LABELS.managedBy] === FIELD_MANAGER;
}

/** How the HTTP API shows a claim. */
export function volumeView({ metadata, spec, status }: PersistentVolumeClaim): VolumeView {
  const { storageClassName } = spec ?? {};
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    phase: phaseOf(status?.phase),
    ...(storageClassName && { storageClassName }),
    size: status?.capacity?.["storage"] ?? spec?.resources?.requests?.["storage"] ?? "",
    accessModes: spec?.accessModes ?? [],
  };
}

function phaseOf(phase: string | undefined): VolumeView["phase"] {
  return phase === "Bound" || phase === "Lost" ? phase : "Pending";
}
