import { z } from "zod";
import { ANNOTATIONS, LABELS } from "./constants.ts";
import { withRules } from "./rule.ts";
import { sandboxSpecRules } from "./sandbox-rules.ts";
import { mutableSpecShape, sandboxSpecShape } from "./sandbox-spec.ts";
import { sandboxSpecSchema, sandboxStatusSchema, type Sandbox } from "./sandbox.ts";
import { mapOf } from "./schema/collection.ts";
import { gpu, gpuSchema } from "./schema/gpu.ts";
import { environmentSchema } from "./schema/env.ts";
import { dnsLabel, objectName } from "./schema/name.ts";
import { networkPatchSchema } from "./schema/network.ts";
import { timestamp } from "./schema/time.ts";

const labels = mapOf(z.string().max(63), 64).refine(...without(LABELS));
const annotations = mapOf(z.string().max(65_536), 64).refine(...without(ANNOTATIONS));

/** As `Sandbox.spec`, with the shorter forms that JSON clients like: one GPU as a string, experimental flags as booleans. */
const requestedSpec = withRules(
  z.strictObject({
    ...sandboxSpecShape,
    gpu: z
      .union([gpu, gpuSchema])
      .transform((kinds) => (typeof kinds === "string" ? [kinds] : kinds))
      .exactOptional()
      .describe("A kind of GPU, or several in order of preference."),
    experimental: mapOf(z.union([z.boolean(), z.string().max(256)]).transform(String), 32)
      .exactOptional()
      .describe("Features on trial by name."),
  }),
  ...sandboxSpecRules,
);

/** What creates a sandbox. */
export const createSandboxSchema = z.strictObject({
  name: dnsLabel
    .refine((name) => name !== "watch", '"watch" is the path of the watch')
    .exactOptional()
    .describe("The sandbox's id; made up when missing."),
  labels: labels.exactOptional().describe("Kubernetes labels of the Sandbox."),
  annotations: annotations.exactOptional().describe("Kubernetes annotations of the Sandbox."),
  spec: requestedSpec.prefault({}).describe("What to run and how."),
  imageSecret: objectName
    .exactOptional()
    .describe(
      "A Secret in the namespace that logs in to the registry of spec.image: a Docker configuration, or REGISTRY_USERNAME and REGISTRY_PASSWORD, " +
        "which nodes are given in a Secret of the sandbox's own. Needs get on it.",
    ),
  secretValues: environmentSchema
    .refine((values) => Object.keys(values).length <= 256, "must have at most 256 variables")
    .refine((values) => Object.values(values).every((value) => !value.includes("\0")), "must not contain NUL")
    .exactOptional()
    .describe(
      "Variables of every process, kept in a Secret of the sandbox's own, never in its spec. They win over envFrom, env over them.",
    ),
});
export type CreateSandbox = z.infer<typeof createSandboxSchema>;
export type CreateSandboxInput = z.input<typeof createSandboxSchema>;

const { tags, timeoutSeconds, idleTimeoutSeconds, desiredState, ttlSecondsAfterFinished } = mutableSpecShape;

/** What changes a sandbox: a JSON merge patch (RFC 7396) of what may change, but tags are replaced as a whole. */
export const patchSandboxSchema = z.strictObject({
  spec: z
    .strictObject({
      tags: tags.unwrap().nullable().exactOptional().describe("All the tags that it has from now on."),
      timeoutSeconds: timeoutSeconds.unwrap().exactOptional().describe("May be raised, not lowered."),
      idleTimeoutSeconds: idleTimeoutSeconds.unwrap().nullable().exactOptional().describe("null: no such limit."),
      network: networkPatchSchema
        .nullable()
        .exactOptional()
        .describe("Members that are missing stay, null takes one away, and lists are replaced."),
      desiredState: desiredState.unwrap().exactOptional().describe("Terminated ends the sandbox and keeps its record."),
      ttlSecondsAfterFinished: ttlSecondsAfterFinished
        .unwrap()
        .nullable()
        .exactOptional()
        .describe("null: the record is kept."),
    })
    .refine((spec) => Object.keys(spec).length > 0, "must have a member to change")
    .describe("What to change."),
});
export type PatchSandbox = z.infer<typeof patchSandboxSchema>;

/** A sandbox as the HTTP API shows it. */
export const sandboxViewSchema = z.object({
  id: z.string().describe("Its id: metadata.name of the Sandbox."),
  namespace: z.string(),
  uid: z.string().describe("Tells it from others that had or will have its id."),
  createdAt: timestamp,
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  spec: sandboxSpecSchema,
  status: sandboxStatusSchema,
});
export type SandboxView = z.infer<typeof sandboxViewSchema>;

/** How the HTTP API shows a stored sandbox. One that the operator has not seen yet is `Created`. */
export function sandboxView({ metadata, spec, status }: Sandbox): SandboxView {
  return {
    id: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    spec,
    status: { phase: "Created", ...status },
  };
}

/** A page of a list; `cursor` asks for the next one and is missing on the last. */
export const sandboxListSchema = z.object({
  items: z.array(sandboxViewSchema),
  cursor: z.string().exactOptional(),
});
export type SandboxList = z.infer<typeof sandboxListSchema>;

const change = { sandbox: sandboxViewSchema, cursor: z.string().exactOptional().describe("Resumes after it.") };

/** What a watch says, line by line. */
export const watchFrameSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("added"), ...change }).describe("It is there, or matches now."),
  z.object({ type: z.literal("modified"), ...change }).describe("It has become different."),
  z
    .object({ type: z.literal("deleted"), ...change })
    .describe("It is gone, or matches no more, as when it has finished; its last state."),
  z.object({ type: z.literal("reset") }).describe("The cursor is too old: what follows is all that there is."),
  z
    .object({ type: z.literal("bookmark"), cursor: z.string() })
    .describe("All up to the cursor has been said; after a list, that it is complete."),
]);
export type WatchFrame = z.infer<typeof watchFrameSchema>;

/** The rule that a map has none of these keys, and its message. */
function without(keys: Readonly<Record<string, string>>): [(map: Record<string, string>) => boolean, string] {
  const own = Object.values(keys);
  const message = `must not contain ${own.join(", ")}, which ${own.length === 1 ? "is" : "are"} Sandkeep's own`;
  return [(map) => own.every((key) => !Object.hasOwn(map, key)), message];
}
