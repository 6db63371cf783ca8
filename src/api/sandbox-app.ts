import { z } from "zod";
import { GROUP, VERSION } from "./constants.ts";
import type { CustomKind } from "./kind.ts";
import { withRules } from "./rule.ts";
import { mapOf } from "./schema/collection.ts";
import { conditionsSchema } from "./schema/condition.ts";
import { nameIsLabel, objectHeader } from "./schema/metadata.ts";
import { observedGeneration } from "./schema/observed-generation.ts";
import { objectName } from "./schema/name.ts";

export const sandboxAppSpecSchema = z.strictObject({
  description: z.string().max(1024).exactOptional().describe("What the app is for."),
  className: objectName.exactOptional().describe("The SandboxClass of its sandboxes that name none."),
  labels: mapOf(z.string().max(63), 32).exactOptional().describe("Labels that its sandboxes get."),
});

export const sandboxAppStatusSchema = z.strictObject({
  sandboxes: z.int().min(0).exactOptional().describe("Its running sandboxes."),
  p50Milliseconds: z.int().min(0).exactOptional().describe("Half were ready this long after Started, or sooner."),
  p95Milliseconds: z.int().min(0).exactOptional().describe("95 % were ready this long after Started, or sooner."),
  conditions: conditionsSchema.exactOptional(),
  observedGeneration: observedGeneration.exactOptional(),
});

/** Schema of a `SandboxApp`. */
export const sandboxAppSchema = withRules(
  z.strictObject({
    ...objectHeader,
    kind: z.literal("SandboxApp").exactOptional(),
    spec: sandboxAppSpecSchema.prefault({}).describe("What its sandboxes share."),
    status: sandboxAppStatusSchema.exactOptional().describe("How its sandboxes fare; written by the operator."),
  }),
  nameIsLabel,
);

/** A group of sandboxes that can be looked up by name. */
export type SandboxApp = z.infer<typeof sandboxAppSchema>;
export type SandboxAppSpec = z.infer<typeof sandboxAppSpecSchema>;
export type SandboxAppStatus = z.infer<typeof sandboxAppStatusSchema>;

export const SANDBOX_APP: CustomKind<SandboxApp> = {
  group: GROUP,
  version: VERSION,
  kind: "SandboxApp",
  plural: "sandboxapps",
  singular: "sandboxapp",
  shortNames: ["sba"],
  namespaced: true,
  description: "A group of sandboxes: those whose spec.app is its name.",
  schema: sandboxAppSchema,
  printerColumns: [
    { name: "Sandboxes", type: "integer", jsonPath: ".status.sandboxes", description: "Its running sandboxes." },
    { name: "P50 ms", type: "integer", jsonPath: ".status.p50Milliseconds", description: "Median time to ready." },
    {
      name: "P95 ms",
      type: "integer",
      jsonPath: ".status.p95Milliseconds",
      description: "95th percentile of time to ready.",
      priority: 1,
    },
    { name: "Description", type: "string", jsonPath: ".spec.description", description: "What it is for.", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  selectableFields: [],
};
