import { z } from "zod";
import { processId } from "../process.ts";
import { dnsLabel } from "../schema/name.ts";

/** Longest that a request may wait for a sandbox or process, in seconds. */
export const MAX_WAIT_SECONDS = 600;

export const paths = {
  images: "/namespaces/{namespace}/images",
  volumes: "/namespaces/{namespace}/volumes",
  secrets: "/namespaces/{namespace}/secrets",
  apps: "/namespaces/{namespace}/apps",
  sandboxes: "/namespaces/{namespace}/sandboxes",
  sandbox: "/namespaces/{namespace}/sandboxes/{id}",
  processes: "/namespaces/{namespace}/sandboxes/{id}/processes",
  process: "/namespaces/{namespace}/sandboxes/{id}/processes/{process}",
} as const;

export const inNamespace = z.strictObject({ namespace: dnsLabel.describe("Kubernetes namespace.") });
export const ofSandbox = inNamespace.extend({ id: dnsLabel.describe("The sandbox's id.") });
export const ofProcess = ofSandbox.extend({ process: processId.describe("The process's id, or `entrypoint`.") });

/** Parameters of a query arrive as text. */
export const waitSeconds = z.coerce.number().min(0).max(MAX_WAIT_SECONDS);
export const flag = z.stringbool();
export const offset = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const nothing = z.strictObject({});

/** The query of a list that the API server pages. */
export const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("How many a page holds."),
  cursor: z.string().max(4096).exactOptional().describe("From the page before."),
});

/** The query of whatever needs a sandbox that runs. */
export const onceStarted = z.strictObject({
  startTimeoutSeconds: waitSeconds.default(300).describe("How long to wait for the sandbox to start."),
});
