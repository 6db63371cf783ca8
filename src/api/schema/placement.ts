import { z } from "zod";
import { withRules } from "../rule.ts";
import { listOf, mapOf } from "./collection.ts";

/** Labels that a node must have. */
export const nodeSelector = mapOf(z.string().max(63), 32);

const toleration = withRules(
  z.strictObject({
    key: z.string().max(316).exactOptional().describe("The taint's key; none, with operator Exists: every taint."),
    operator: z.enum(["Exists", "Equal"]).exactOptional().describe("How key relates to value; Equal by default."),
    value: z.string().max(63).exactOptional().describe("The taint's value."),
    effect: z
      .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
      .exactOptional()
      .describe("The taint's effect; none: every effect."),
    tolerationSeconds: z
      .int()
      .exactOptional()
      .describe("How long a NoExecute taint is tolerated; for ever by default."),
  }),
  {
    cel: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
    message: "value must be empty when operator is Exists",
    field: "value",
    holds: ({ operator, value = "" }) => operator !== "Exists" || value === "",
  },
  {
    cel: "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
    message: "operator must be Exists when key is empty",
    field: "operator",
    holds: ({ key = "", operator }) => key !== "" || operator === "Exists",
  },
);

/** Taints of nodes that don't keep a sandbox away. */
export const tolerations = listOf(toleration, 32);

/** Where a sandbox may run. */
export const placementSchema = z.strictObject({
  cloud: z.string().min(1).max(63).exactOptional().describe("The cloud provider, as the class knows it."),
  regions: listOf(z.string().min(1).max(63), 32).min(1).exactOptional().describe("Any of these regions."),
  nodeSelector: nodeSelector.exactOptional().describe("Labels that the node must have, besides the class's."),
  tolerations: tolerations.exactOptional().describe("Taints that are tolerated, besides the class's."),
});
