import { z } from "zod";
import { GROUP, VERSION } from "./constants.ts";
import type { CustomKind } from "./kind.ts";
import { sandboxClassSpecSchema } from "./sandbox-class-spec.ts";
import { conditionsSchema } from "./schema/condition.ts";
import { objectHeader } from "./schema/metadata.ts";
import { observedGeneration } from "./schema/observed-generation.ts";

export const sandboxClassStatusSchema = z.strictObject({
  sandboxes: z.int().min(0).exactOptional().describe("Running sandboxes of this class."),
  conditions: conditionsSchema.exactOptional(),
  observedGeneration: observedGeneration.exactOptional(),
});

/** Schema of a `SandboxClass`. */
export const sandboxClassSchema = z.strictObject({
  ...objectHeader,
  kind: z.literal("SandboxClass").exactOptional(),
  spec: sandboxClassSpecSchema.prefault({}).describe("How its sandboxes run and what they may do."),
  status: sandboxClassStatusSchema.exactOptional().describe("How it is used; written by the operator."),
});

/** What administrators decide about sandboxes: isolation, limits, defaults, nodes, networks, registries. */
export type SandboxClass = z.infer<typeof sandboxClassSchema>;
export type SandboxClassSpec = z.infer<typeof sandboxClassSpecSchema>;
export type SandboxClassStatus = z.infer<typeof sandboxClassStatusSchema>;

export const SANDBOX_CLASS: CustomKind<SandboxClass> = {
  group: GROUP,
  version: VERSION,
  kind: "SandboxClass",
  plural: "sandboxclasses",
  singular: "sandboxclass",
  shortNames: ["sbc"],
  namespaced: false,
  description: "What administrators decide about sandboxes: isolation, limits, defaults, nodes, networks, registries.",
  schema: sandboxClassSchema,
  printerColumns: [
    { name: "Runtime", type: "string", jsonPath: ".spec.runtimeClassName", description: "The RuntimeClass." },
    { name: "Profile", type: "string", jsonPath: ".spec.profile", description: "The capabilities of its sandboxes." },
    { name: "Sandboxes", type: "integer", jsonPath: ".status.sandboxes", description: "Its running sandboxes." },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  selectableFields: [],
};
