import type { SandboxSpec } from "../../api/sandbox.ts";
import type { Container, Volume } from "../../kube/objects.ts";

/** Volumes of a Pod and where its container has them. */
export interface MountedVolumes {
  volumes: Volume[];
  mounts: NonNullable<Container["volumeMounts"]>;
}

/** The volumes that the sandbox asks for: their sources are those of a Pod. */
export function volumesFor({ volumes = [] }: SandboxSpec): MountedVolumes {
  return {
    volumes: volumes.map(({ mountPath: _path, readOnly: _readOnly, subPath: _subPath, ...volume }) => volume),
    mounts: volumes.map(({ name, mountPath, readOnly, subPath }) => ({
      name,
      mountPath,
      ...(readOnly !== undefined && { readOnly }),
      ...(subPath !== undefined && { subPath }),
    })),
  };
}

/** Where what is written may wait in memory, and others may read it: what a reload writes out. */
export function flushedPaths({ volumes = [] }: SandboxSpec): string[] {
  return volumes
    .filter(({ persistentVolumeClaim, nfs, csi }) => persistentVolumeClaim ?? nfs ?? csi)
    .map(({ mountPath }) => mountPath);
}
