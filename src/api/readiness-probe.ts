import { z } from "zod";
import { GROUP, VERSION } from "./constants.ts";
import type { CustomKind } from "./kind.ts";
import { conditionsSchema } from "./schema/condition.ts";
import { objectHeader } from "./schema/metadata.ts";
import { observedGeneration } from "./schema/observed-generation.ts";
import { probeSchema } from "./schema/probe.ts";

export const readinessProbeStatusSchema = z.strictObject({
  sandboxes: z.int().min(0).exactOptional().describe("Running sandboxes that name this probe."),
  ready: z.int().min(0).exactOptional().describe("How many of them are ready."),
  failed: z.int().min(0).exactOptional().describe("How many of them were not ready in time."),
  p50Milliseconds: z.int().min(0).exactOptional().describe("Half were ready this long after Started, or sooner."),
  p95Milliseconds: z.int().min(0).exactOptional().describe("95 % were ready this long after Started, or sooner."),
  conditions: conditionsSchema.exactOptional(),
  observedGeneration: observedGeneration.exactOptional(),
});

/** Schema of a `ReadinessProbe`. */
export const readinessProbeSchema = z.strictObject({
  ...objectHeader,
  kind: z.literal("ReadinessProbe").exactOptional(),
  spec: probeSchema.describe("How to tell that a sandbox is ready."),
  status: readinessProbeStatusSchema.exactOptional().describe("How long start-up takes; written by the operator."),
});

/** How to tell that a sandbox is ready, shared by the sandboxes that name it. */
export type ReadinessProbe = z.infer<typeof readinessProbeSchema>;
export type ReadinessProbeSpec = ReadinessProbe["spec"];
export type ReadinessProbeStatus = z.infer<typeof readinessProbeStatusSchema>;

export const READINESS_PROBE: CustomKind<ReadinessProbe> = {
  group: GROUP,
  version: VERSION,
  kind: "ReadinessProbe",
  plural: "readinessprobes",
  singular: "readinessprobe",
  shortNames: ["rdp"],
  namespaced: true,
  description: "How to tell that a sandbox is ready, checked from inside the sandboxes that name it.",
  schema: readinessProbeSchema,
  printerColumns: [
    {
      name: "Sandboxes",
      type: "integer",
      jsonPath: ".status.sandboxes",
      description: "Running sandboxes that name it.",
    },
    { name: "Ready", type: "integer", jsonPath: ".status.ready", description: "How many of them are ready." },
    { name: "Failed", type: "integer", jsonPath: ".status.failed", description: "How many were not ready in time." },
    { name: "P50 ms", type: "integer", jsonPath: ".status.p50Milliseconds", description: "Median time to ready." },
    {
      name: "P95 ms",
      type: "integer",
      jsonPath: ".status.p95Milliseconds",
      description: "95th percentile of time to ready.",
      priority: 1,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  selectableFields: [],
};
