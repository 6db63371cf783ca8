import { z } from "zod";
import { MAX_TIMEOUT_SECONDS } from "./constants.ts";
import { classTunnelsSchema } from "./schema/class-tunnels.ts";
import { listMap, listOf, listSet, mapOf } from "./schema/collection.ts";
import { imageReference } from "./schema/image.ts";
import { objectName } from "./schema/name.ts";
import { cidr } from "./schema/network.ts";
import { nodeSelector, nodeSets, nodeSetShape, tolerations } from "./schema/placement.ts";
import { quantity } from "./schema/quantity.ts";
import { resourceList, resourcesSchema } from "./schema/resources.ts";
import { seconds } from "./schema/time.ts";

const delivery = z.enum(["Auto", "Always", "Never"]).default("Auto");

const labelKey = z.string().min(1).max(317);

const defaults = z.strictObject({
  resources: resourcesSchema.exactOptional().describe("Requests and limits."),
  ephemeralStorage: quantity.exactOptional().describe("Disk for what the sandbox writes."),
});

const maxima = z.strictObject({
  resources: resourceList.exactOptional().describe("Largest limits, by resource name."),
  ephemeralStorage: quantity.exactOptional().describe("Most disk for what the sandbox writes."),
  timeoutSeconds: seconds(1, MAX_TIMEOUT_SECONDS).exactOptional().describe("Longest lifetime."),
  tunnels: z.int().min(0).max(64).exactOptional().describe("Most tunnels."),
});

const gpuKind = z.strictObject({
  ...nodeSetShape,
  resourceName: z.string().min(1).max(253).default("nvidia.com/gpu").describe("The resource to request, one per GPU."),
  tolerations: tolerations.exactOptional().describe("Taints of the nodes that have it."),
});

const network = z.strictObject({
  allowedPrivateCidrs: listOf(cidr, 256).exactOptional().describe("Private addresses that sandboxes may reach."),
  domains: z.boolean().exactOptional().describe("Whether sandboxes may allow-list domains; needs the egress part."),
  waitForEnforcement: z
    .boolean()
    .exactOptional()
    .describe("Whether a sandbox starts only once its policy is enforced."),
});

const snapshots = z.strictObject({
  registry: z.string().min(1).max(1024).exactOptional().describe("Where snapshots are pushed: host and path."),
  secretName: objectName.exactOptional().describe("The Secret with the registry's credentials."),
  ttlSeconds: seconds(0, 2_147_483_647).exactOptional().describe("Longest that snapshots are kept; 0: for ever."),
});

const volumes = z.strictObject({
  storageClassName: objectName.exactOptional().describe("The StorageClass of volumes made by name."),
  size: quantity.exactOptional().describe("Their size."),
  accessModes: listSet(z.enum(["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]), 4)
    .exactOptional()
    .describe("Their access modes."),
});

const limits = z.strictObject({
  pullSeconds: seconds(1, 86_400).default(300).describe("The image must be there after this long."),
  scheduleSeconds: seconds(1, 86_400).default(600).describe("A node must be found within this time."),
});

export type GpuKind = z.output<typeof gpuKind>;

/** Schema of `SandboxClass.spec`. */
export const sandboxClassSpecSchema = z.strictObject({
  runtimeClassName: objectName.exactOptional().describe("The RuntimeClass, such as gvisor; the cluster's default."),
  profile: z
    .enum(["Root", "Restricted"])
    .default("Root")
    .describe("Root: a root shell's capabilities, Pod Security baseline. Restricted: none, Pod Security restricted."),
  hostUsers: delivery.describe("Whether root in the sandbox is the node's root: Never gives it a user namespace."),
  agentDelivery: delivery.describe(
    "Whether the agent comes as an image volume (Always) or by an init container (Never).",
  ),
  defaultImage: imageReference.exactOptional().describe("What sandboxes that name no image run."),
  allowedImages: listOf(z.string().min(1).max(1024), 256)
    .exactOptional()
    .describe(
      'Images that may run or be mounted; "*" stands for any characters, in a tag for any but "/". Without it, any.',
    ),
  defaults: defaults.exactOptional().describe("What sandboxes that don't say get."),
  maxima: maxima.exactOptional().describe("What sandboxes cannot exceed."),
  gpus: mapOf(gpuKind, 64).exactOptional().describe("Kinds of GPU by the name that sandboxes use, in any case."),
  clouds: nodeSets.exactOptional().describe("Cloud providers by the name that sandboxes use, in any case."),
  nodeSelector: nodeSelector.exactOptional().describe("Labels that nodes must have."),
  tolerations: tolerations.exactOptional().describe("Taints that are tolerated."),
  priorityClassName: objectName.exactOptional().describe("The PriorityClass of the Pods."),
  serviceAccountName: objectName.exactOptional().describe("The service account of the Pods; no token is mounted."),
  propagate: listSet(labelKey, 64).exactOptional().describe("Keys of labels and annotations that go on to the Pod."),
  imagePullSecrets: listMap(z.strictObject({ name: objectName.describe("The Secret's name.") }), "name", 16)
    .exactOptional()
    .describe("Secrets with credentials for registries, besides the sandbox's."),
  limits: limits.prefault({}).describe("How long a start may take."),
  tunnels: classTunnelsSchema.exactOptional().describe("How ports are made reachable."),
  network: network.exactOptional().describe("What sandboxes may reach beyond the public internet."),
  snapshots: snapshots.exactOptional().describe("Where snapshots go."),
  volumes: volumes.exactOptional().describe("How volumes that are made by name are provided."),
  podPatch: z
    .looseObject({})
    .exactOptional()
    .describe("A strategic merge patch of the Pod, applied last; what makes it a sandbox stays as it is.")
    .meta({ "x-kubernetes-preserve-unknown-fields": true }),
});
