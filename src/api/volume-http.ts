import { z } from "zod";
import { DEFAULT_CLASS } from "./constants.ts";
import { objectName } from "./schema/name.ts";
import { timestamp } from "./schema/time.ts";

/** What makes a volume. */
export const putVolumeSchema = z.strictObject({
  className: objectName
    .default(DEFAULT_CLASS)
    .describe("The SandboxClass that says what volumes made by name are like."),
});

/** A volume as the HTTP API shows it: a PersistentVolumeClaim. */
export const volumeViewSchema = z.object({
  name: z.string().describe("What spec.volumes[].persistentVolumeClaim.claimName names."),
  namespace: z.string(),
  uid: z.string().describe("Tells it from others that had or will have its name."),
  createdAt: timestamp,
  phase: z
    .enum(["Pending", "Bound", "Lost"])
    .describe("Pending: it has no storage yet, which may take its first sandbox; Lost: it has none any more."),
  storageClassName: z.string().exactOptional(),
  size: z.string().describe("What it has, else what was asked for."),
  accessModes: z.array(z.string()),
});
export type VolumeView = z.infer<typeof volumeViewSchema>;

/** A page of a list; `cursor` asks for the next one and is missing on the last. */
export const volumeListSchema = z.object({ items: z.array(volumeViewSchema), cursor: z.string().exactOptional() });
