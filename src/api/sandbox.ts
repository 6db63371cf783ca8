import { z } from "zod";
import { GROUP, VERSION } from "./constants.ts";
import { FINISH_REASONS, SANDBOX_PHASES } from "./phases.ts";
import type { CustomKind } from "./kind.ts";
import { withRules } from "./rule.ts";
import { sandboxSpecSchema } from "./sandbox-spec.ts";
import { conditionsSchema } from "./schema/condition.ts";
import { nameIsLabel, objectHeader } from "./schema/metadata.ts";
import { observedGeneration } from "./schema/observed-generation.ts";
import { timestamp } from "./schema/time.ts";
import { tunnelAddressesSchema } from "./schema/tunnel.ts";

export { sandboxSpecSchema, type SandboxSpec, type SandboxSpecInput } from "./sandbox-spec.ts";

export const sandboxStatusSchema = z.strictObject({
  phase: z.enum(SANDBOX_PHASES).exactOptional().describe("How far the sandbox has come; Ready only with a probe."),
  conditions: conditionsSchema.exactOptional(),
  scheduledAt: timestamp.exactOptional().describe("When the operator first saw it on a node."),
  startedAt: timestamp.exactOptional().describe("When the operator first saw it run."),
  readyAt: timestamp.exactOptional().describe("When its probe first succeeded."),
  finishedAt: timestamp.exactOptional().describe("When the operator first saw it ended."),
  exitCode: z.int().exactOptional().describe("The entrypoint's exit code; 128+n for signal n, 124 for a timeout."),
  reason: z.enum(FINISH_REASONS).exactOptional().describe("How it ended."),
  message: z.string().max(32_768).exactOptional().describe("How it ended and what to do, for people."),
  podName: z.string().max(253).exactOptional().describe("The Pod it runs in."),
  nodeName: z.string().max(253).exactOptional().describe("The node it runs on."),
  image: z.string().max(1024).exactOptional().describe("The image it runs, by digest."),
  pool: z.string().max(253).exactOptional().describe("The SandboxPool it was claimed from."),
  tunnels: tunnelAddressesSchema.exactOptional().describe("Where its ports are reached, one entry per port."),
  observedGeneration: observedGeneration.exactOptional(),
});

/** Schema of a `Sandbox`. */
export const sandboxSchema = withRules(
  z.strictObject({
    ...objectHeader,
    kind: z.literal("Sandbox").exactOptional(),
    spec: sandboxSpecSchema.prefault({}).describe("What to run and how."),
    status: sandboxStatusSchema.exactOptional().describe("How it is; written by the operator."),
  }),
  nameIsLabel,
);

/** A secure container that runs untrusted code. */
export type Sandbox = z.infer<typeof sandboxSchema>;
export type SandboxStatus = z.infer<typeof sandboxStatusSchema>;

export const SANDBOX: CustomKind<Sandbox> = {
  group: GROUP,
  version: VERSION,
  kind: "Sandbox",
  plural: "sandboxes",
  singular: "sandbox",
  shortNames: ["sbx"],
  namespaced: true,
  description: "A secure container that runs untrusted code, from creation until it has finished.",
  initialStatus: { phase: "Created" },
  schema: sandboxSchema,
  printerColumns: [
    { name: "App", type: "string", jsonPath: ".spec.app", description: "The app it belongs to." },
    { name: "Name", type: "string", jsonPath: ".spec.name", description: "Its name in the app." },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "How far it has come." },
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether it is ready.",
    },
    { name: "Image", type: "string", jsonPath: ".spec.image", description: "The image it runs." },
    { name: "GPU", type: "string", jsonPath: ".spec.gpu[0]", description: "The GPU it prefers.", priority: 1 },
    { name: "Exit", type: "integer", jsonPath: ".status.exitCode", description: "Its exit code." },
    { name: "Reason", type: "string", jsonPath: ".status.reason", description: "How it ended.", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  selectableFields: [".spec.app", ".spec.name", ".status.phase"],
};
