import { json, type Route } from "../route.ts";
import { objectName } from "../schema/name.ts";
import { putVolumeSchema, volumeListSchema, volumeViewSchema } from "../volume-http.ts";
import { inNamespace, nothing, page, paths } from "./parameters.ts";

const volume = `${paths.volumes}/{volume}`;
const ofVolume = inNamespace.extend({ volume: objectName.describe("The volume's name.") });

const models = {
  name: "models",
  namespace: "default",
  uid: "5d0cf8cb-26c8-4e0b-a4a3-c9a0e8f1a2b3",
  createdAt: "2026-11-21T09:00:00Z",
  phase: "Pending",
  storageClassName: "standard",
  size: "10Gi",
  accessModes: ["ReadWriteOnce"],
};
const ofModels = { volume: "models" };

export const volumeRoutes = {
  listVolumes: {
    summary: "List the volumes that were made over HTTP, by name",
    method: "GET",
    path: paths.volumes,
    params: inNamespace,
    query: page,
    reply: { status: 200, body: json(volumeListSchema) },
    access: { verb: "list", resource: "persistentvolumeclaims" },
    example: { reply: { items: [models] } },
  },
  getVolume: {
    summary: "Get a volume: any PersistentVolumeClaim",
    method: "GET",
    path: volume,
    params: ofVolume,
    query: nothing,
    reply: { status: 200, body: json(volumeViewSchema) },
    access: { verb: "get", resource: "persistentvolumeclaims" },
    example: { params: ofModels, reply: models },
  },
  putVolume: {
    summary: "Make a volume if it is missing, which needs create too; 200 with the one there is, unchanged",
    method: "PUT",
    path: volume,
    params: ofVolume,
    query: nothing,
    body: json(putVolumeSchema),
    reply: { status: 201, body: json(volumeViewSchema) },
    access: { verb: "get", resource: "persistentvolumeclaims" },
    example: { params: ofModels, body: {}, reply: models },
  },
  deleteVolume: {
    summary: "Delete a volume that was made over HTTP; it goes with all it holds once no sandbox uses it",
    method: "DELETE",
    path: volume,
    params: ofVolume,
    query: nothing,
    reply: { status: 204 },
    access: { verb: "delete", resource: "persistentvolumeclaims" },
    example: { params: ofModels },
  },
} as const satisfies Record<string, Route>;
