import { z } from "zod";
import { sandboxAppSpecSchema, sandboxAppStatusSchema, type SandboxApp } from "./sandbox-app.ts";
import { timestamp } from "./schema/time.ts";

/** What makes an app. */
export const putAppSchema = z.strictObject({
  spec: sandboxAppSpecSchema.prefault({}).describe("What its sandboxes share."),
});

/** An app as the HTTP API shows it. */
export const appViewSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string().describe("Tells it from others that had or will have its name."),
  createdAt: timestamp,
  spec: sandboxAppSpecSchema,
  status: sandboxAppStatusSchema,
});
export type AppView = z.infer<typeof appViewSchema>;

/** A page of a list; `cursor` asks for the next one and is missing on the last. */
export const appListSchema = z.object({ items: z.array(appViewSchema), cursor: z.string().exactOptional() });
export type AppList = z.infer<typeof appListSchema>;

/** How the HTTP API shows a stored app. */
export function appView({ metadata, spec, status }: SandboxApp): AppView {
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    spec,
    status: { ...status },
  };
}
