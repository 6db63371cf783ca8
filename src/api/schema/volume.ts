import { z } from "zod";
import { RESERVED_VOLUME_PREFIX } from "../constants.ts";
import { exactlyOneOf, withRules } from "../rule.ts";
import { listMap, listOf, mapOf } from "./collection.ts";
import { imageReference } from "./image.ts";
import { dataKey, dnsLabel, objectName } from "./name.ts";
import { absolutePath, mountPath, subPath } from "./path.ts";
import { quantity } from "./quantity.ts";

const fileMode = z.int().min(0).max(0o777);

const keyToPath = z.strictObject({
  key: dataKey.describe("The entry."),
  path: subPath.describe("The file's path below the mount."),
  mode: fileMode.exactOptional().describe("The file's permissions."),
});

const projection = {
  items: listOf(keyToPath, 64).exactOptional().describe("Only these entries, under these paths."),
  defaultMode: fileMode.exactOptional().describe("Permissions of the files; 0644 by default."),
  optional: z.boolean().exactOptional().describe("Whether it may be missing."),
};

const csi = z.strictObject({
  driver: objectName.describe("The CSI driver."),
  fsType: z.string().max(63).exactOptional().describe("The file system; the driver's default."),
  readOnly: z.boolean().exactOptional().describe("Whether the driver mounts it read-only."),
  volumeAttributes: mapOf(z.string().max(4096), 64).exactOptional().describe("Parameters of the driver."),
  nodePublishSecretRef: z
    .strictObject({ name: objectName.describe("The Secret's name.") })
    .exactOptional()
    .describe("The Secret that the driver needs to mount it."),
});

const sources = {
  persistentVolumeClaim: z
    .strictObject({ claimName: objectName.describe("The claim's name.") })
    .exactOptional()
    .describe("A PersistentVolumeClaim in the namespace."),
  nfs: z
    .strictObject({
      server: z.string().min(1).max(253).describe("Host name or address."),
      path: absolutePath.describe("What it exports."),
    })
    .exactOptional()
    .describe("An NFS export."),
  csi: csi.exactOptional().describe("An inline volume of a CSI driver, such as a bucket."),
  secret: z
    .strictObject({ secretName: objectName.describe("The Secret's name."), ...projection })
    .exactOptional()
    .describe("A Secret in the namespace, as files."),
  configMap: z
    .strictObject({ name: objectName.describe("The ConfigMap's name."), ...projection })
    .exactOptional()
    .describe("A ConfigMap in the namespace, as files."),
  image: z
    .strictObject({ reference: imageReference.describe("The image.") })
    .exactOptional()
    .describe("The files of an OCI image, read-only."),
  snapshotName: objectName.exactOptional().describe("A SandboxSnapshot in the namespace, copied."),
  emptyDir: z
    .strictObject({
      medium: z.enum(["", "Memory"]).exactOptional().describe("Memory keeps it in memory."),
      sizeLimit: quantity.exactOptional().describe("Its largest size."),
    })
    .exactOptional()
    .describe("An empty directory that goes with the sandbox."),
};

const volumeName = withRules(dnsLabel, {
  cel: `!self.startsWith('${RESERVED_VOLUME_PREFIX}')`,
  message: `names that begin with "${RESERVED_VOLUME_PREFIX}" are Sandkeep's own`,
  holds: (name) => !name.startsWith(RESERVED_VOLUME_PREFIX),
});

const volume = withRules(
  z.strictObject({
    name: volumeName.describe("The volume's name in the sandbox."),
    mountPath: mountPath.describe("Where it appears."),
    readOnly: z.boolean().exactOptional().describe("Whether writing fails."),
    subPath: subPath.exactOptional().describe("The part of the volume to mount."),
    ...sources,
  }),
  exactlyOneOf("persistentVolumeClaim", "nfs", "csi", "secret", "configMap", "image", "snapshotName", "emptyDir"),
);

/** Volumes and where they are mounted; no name and no path twice. */
export const volumesSchema = withRules(listMap(volume, "name", 32), {
  cel: "self.all(v, self.exists_one(w, w.mountPath == v.mountPath))",
  message: "no two volumes may have the same mountPath",
  holds: (volumes) => new Set(volumes.map((volume) => volume.mountPath)).size === volumes.length,
});
