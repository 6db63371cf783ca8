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

const nodeLabel = z.strictObject({
  key: z.string().min(1).max(317).describe("The label's key."),
  values: listOf(z.string().max(63), 32)
    .min(1)
    .exactOptional()
    .describe("Any of these values; without them, any value."),
});

/** Nodes told by their labels: all of `nodeLabels`, and one of `anyNodeLabel`; without both, every node. */
export const nodeSetShape = {
  nodeLabels: nodeSelector.exactOptional().describe("Labels that its nodes have, all of them."),
  anyNodeLabel: listOf(nodeLabel, 16)
    .min(1)
    .exactOptional()
    .describe("Labels of which its nodes have at least one: vendors and clouds name the same thing differently."),
};

const nodeSet = z.strictObject(nodeSetShape);

/** Sets of nodes by name. */
export const nodeSets = mapOf(nodeSet, 32);

export type NodeSet = z.output<typeof nodeSet>;

/** Where a sandbox may run. */
export const placementSchema = z.strictObject({
  cloud: z.string().min(1).max(63).exactOptional().describe("The cloud provider, by a name that the class knows."),
  regions: listOf(z.string().min(1).max(63), 32)
    .min(1)
    .exactOptional()
    .describe("Any of these regions: values of the node label topology.kubernetes.io/region."),
  nodeSelector: nodeSelector.exactOptional().describe("Labels that the node must have, besides the class's."),
  tolerations: tolerations.exactOptional().describe("Taints that are tolerated, besides the class's."),
});
