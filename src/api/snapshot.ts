import { z } from "zod";
import { GROUP, VERSION } from "./constants.ts";
import type { CustomKind } from "./kind.ts";
import { immutable, withRules, withTransitions } from "./rule.ts";
import { conditionsSchema } from "./schema/condition.ts";
import { objectHeader } from "./schema/metadata.ts";
import { observedGeneration } from "./schema/observed-generation.ts";
import { objectName } from "./schema/name.ts";
import { absolutePath } from "./schema/path.ts";
import { seconds, timestamp } from "./schema/time.ts";

const THIRTY_DAYS = 30 * 24 * 3600;

export const sandboxSnapshotSpecSchema = withTransitions(
  withRules(
    z.strictObject({
      sandboxName: objectName.describe("The id of the sandbox in the namespace."),
      type: z
        .enum(["Filesystem", "Directory", "Memory"])
        .default("Filesystem")
        .describe("Everything that changed since the image, one directory, or (experimental) memory too."),
      path: absolutePath.exactOptional().describe("The directory, for type Directory."),
      timeoutSeconds: seconds(1, 86_400).default(55).describe("The snapshot fails when it takes longer."),
      ttlSeconds: seconds(0, 2_147_483_647)
        .default(THIRTY_DAYS)
        .describe("It is deleted this long after its creation, used or not; 0 keeps it for ever."),
    }),
    {
      cel: "(self.type == 'Directory') == has(self.path)",
      message: "path must be set for type Directory, and for no other",
      field: "path",
      holds: ({ type, path }) => (type === "Directory") === (path !== undefined),
    },
  ),
  immutable(["sandboxName", "type", "path", "timeoutSeconds"], "create another snapshot instead"),
);

export const sandboxSnapshotStatusSchema = z.strictObject({
  phase: z.enum(["Pending", "Running", "Succeeded", "Failed"]).exactOptional().describe("How far it has come."),
  image: z.string().max(1024).exactOptional().describe("The image it was stored as, by digest."),
  sizeBytes: z.int().min(0).exactOptional().describe("What it takes in the registry."),
  expiresAt: timestamp.exactOptional().describe("When it will be deleted."),
  reason: z.string().max(1024).exactOptional().describe("Why it failed: one CamelCase word."),
  message: z.string().max(32_768).exactOptional().describe("Why it failed and what to do, for people."),
  conditions: conditionsSchema.exactOptional(),
  observedGeneration: observedGeneration.exactOptional(),
});

/** Schema of a `SandboxSnapshot`. */
export const sandboxSnapshotSchema = z.strictObject({
  ...objectHeader,
  kind: z.literal("SandboxSnapshot").exactOptional(),
  spec: sandboxSnapshotSpecSchema.describe("What to keep of which sandbox."),
  status: sandboxSnapshotStatusSchema.exactOptional().describe("Where it is; written by the operator."),
});

/** The files of a sandbox at one moment, as an OCI image from which others can start. It outlives its sandbox. */
export type SandboxSnapshot = z.infer<typeof sandboxSnapshotSchema>;
export type SandboxSnapshotSpec = z.infer<typeof sandboxSnapshotSpecSchema>;
export type SandboxSnapshotStatus = z.infer<typeof sandboxSnapshotStatusSchema>;

export const SANDBOX_SNAPSHOT: CustomKind<SandboxSnapshot> = {
  group: GROUP,
  version: VERSION,
  kind: "SandboxSnapshot",
  plural: "sandboxsnapshots",
  singular: "sandboxsnapshot",
  shortNames: ["sbs"],
  namespaced: true,
  description: "The files of a sandbox at one moment, as an OCI image from which other sandboxes can start.",
  initialStatus: { phase: "Pending" },
  schema: sandboxSnapshotSchema,
  printerColumns: [
    { name: "Sandbox", type: "string", jsonPath: ".spec.sandboxName", description: "The sandbox it was taken of." },
    { name: "Type", type: "string", jsonPath: ".spec.type", description: "What it holds." },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "How far it has come." },
    {
      name: "Image",
      type: "string",
      jsonPath: ".status.image",
      description: "The image it was stored as.",
      priority: 1,
    },
    { name: "Bytes", type: "integer", jsonPath: ".status.sizeBytes", description: "What it takes in the registry." },
    { name: "Expires", type: "date", jsonPath: ".status.expiresAt", description: "When it will be deleted." },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  selectableFields: [".spec.sandboxName", ".status.phase"],
};
