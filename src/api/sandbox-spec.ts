import { z } from "zod";
import { DEFAULT_APP, DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS } from "./constants.ts";
import { sandboxSpecRules } from "./sandbox-rules.ts";
import { listMap, mapOf } from "./schema/collection.ts";
import { words } from "./schema/command.ts";
import { envFromSchema, envName, envSchema } from "./schema/env.ts";
import { gpuSchema } from "./schema/gpu.ts";
import { imageReference } from "./schema/image.ts";
import { hostName, labelValue, objectName } from "./schema/name.ts";
import { networkSchema } from "./schema/network.ts";
import { absolutePath } from "./schema/path.ts";
import { placementSchema } from "./schema/placement.ts";
import { probeSchema } from "./schema/probe.ts";
import { resourcesSchema } from "./schema/resources.ts";
import { securityContextSchema } from "./schema/security-context.ts";
import { seconds } from "./schema/time.ts";
import { tunnelsSchema } from "./schema/tunnel.ts";
import { volumesSchema } from "./schema/volume.ts";
import { immutable, matches, withRules, withTransitions } from "./rule.ts";

/** A sandbox's name within its app, other than its id. */
export const sandboxName = withRules(
  z.string().min(1).max(63),
  matches(/^[A-Za-z0-9._-]+$/, "must be letters, digits, '.', '_' and '-', at most 63"),
);

const identityToken = z.strictObject({
  audience: z.string().min(1).max(1024).describe("Who shall accept the token; not the API server."),
  expirationSeconds: seconds(600, 86_400).default(3600).describe("How long a token is valid; it is renewed in time."),
  envName: envName
    .default("SANDKEEP_IDENTITY_TOKEN")
    .describe("The variable that holds the token the entrypoint starts with."),
});

/** Members that may change while the sandbox runs. */
export const mutableSpecShape = {
  tags: mapOf(z.string().max(256), 64)
    .exactOptional()
    .describe("Any labels of the user's own; listing filters by them."),
  timeoutSeconds: withTransitions(seconds(1, MAX_TIMEOUT_SECONDS).default(DEFAULT_TIMEOUT_SECONDS), {
    cel: "self >= oldSelf",
    message: "timeoutSeconds may be raised, not lowered",
  }).describe("The sandbox ends this long after Started. May be raised while it runs."),
  idleTimeoutSeconds: seconds(1, MAX_TIMEOUT_SECONDS)
    .exactOptional()
    .describe("The sandbox ends after this long without processes from outside, input or tunnel connections."),
  network: networkSchema
    .exactOptional()
    .describe("What the sandbox may reach; without it the public internet, nothing private."),
  desiredState: withTransitions(z.enum(["Running", "Terminated"]).default("Running"), {
    cel: "oldSelf != 'Terminated' || self == 'Terminated'",
    message: "a terminated sandbox cannot run again: create another",
  }).describe("Terminated ends the sandbox and keeps its record."),
  ttlSecondsAfterFinished: seconds(0, 2_147_483_647)
    .exactOptional()
    .describe("The record is deleted this long after the sandbox finished; without it, never."),
};

const immutableSpecShape = {
  app: labelValue.default(DEFAULT_APP).describe("Groups sandboxes; needs no SandboxApp of that name."),
  name: sandboxName
    .exactOptional()
    .describe("Unique among the running sandboxes of the app; free again once finished."),
  className: objectName.exactOptional().describe('The SandboxClass; without it the one named "default".'),
  image: imageReference.exactOptional().describe("The OCI image to run."),
  snapshotName: objectName.exactOptional().describe("The SandboxSnapshot in the namespace to start from."),
  imageName: objectName.exactOptional().describe("The SandboxImage in the namespace to run."),
  imagePullSecrets: listMap(z.strictObject({ name: objectName.describe("The Secret's name.") }), "name", 16)
    .exactOptional()
    .describe("Secrets in the namespace with credentials for the image's registry."),
  command: words
    .exactOptional()
    .describe("Replaces the image's ENTRYPOINT. Without command and args the sandbox stays up until terminated."),
  args: words
    .exactOptional()
    .describe(
      "Replaces the image's CMD. Without command the image's ENTRYPOINT stands in front; its registry is asked for it.",
    ),
  workingDir: absolutePath.exactOptional().describe("Where processes start; the image's by default."),
  tty: z.boolean().exactOptional().describe("Whether the entrypoint gets a terminal."),
  env: envSchema.exactOptional().describe("Environment variables of every process."),
  envFrom: envFromSchema.exactOptional().describe("Sets of environment variables of every process."),
  resources: resourcesSchema.exactOptional().describe("What the sandbox needs and may use; the class's by default."),
  gpu: gpuSchema
    .exactOptional()
    .describe("Kinds of GPU in order of preference; the class knows the nodes that have them."),
  placement: placementSchema.exactOptional().describe("Where the sandbox may run."),
  securityContext: securityContextSchema.exactOptional().describe("The user that processes run as, and their root."),
  terminationGracePeriodSeconds: seconds(0, 3600)
    .default(0)
    .describe("From SIGTERM to SIGKILL when the sandbox is terminated; 0 kills at once."),
  readinessProbe: probeSchema.exactOptional().describe("How to tell that the sandbox is ready."),
  readinessProbeName: objectName.exactOptional().describe("The ReadinessProbe in the namespace that tells it."),
  tunnels: tunnelsSchema.exactOptional().describe("Ports made reachable from outside."),
  customDomain: hostName.exactOptional().describe("The parent domain under which the tunnels' hosts are made."),
  volumes: volumesSchema.exactOptional().describe("What is mounted into the sandbox."),
  identityToken: identityToken.exactOptional().describe("An OIDC token that says which sandbox this is."),
  verbose: z
    .boolean()
    .exactOptional()
    .describe("Whether the program of every process that is started from outside becomes an Event."),
  experimental: mapOf(z.string().max(256), 32)
    .exactOptional()
    .describe("Features on trial by name; true and false as text."),
};

/** Every member of `Sandbox.spec`. */
export const sandboxSpecShape = { ...immutableSpecShape, ...mutableSpecShape };

/** Schema of `Sandbox.spec`. */
export const sandboxSpecSchema = withTransitions(
  withRules(z.strictObject(sandboxSpecShape), ...sandboxSpecRules),
  immutable(Object.keys(immutableSpecShape), "create another sandbox instead"),
);

export type SandboxSpec = z.output<typeof sandboxSpecSchema>;
/** `Sandbox.spec` before defaults are filled in. */
export type SandboxSpecInput = z.input<typeof sandboxSpecSchema>;
