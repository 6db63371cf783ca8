import { z } from "zod";

const id = z.int().min(0).max(2_147_483_647);

/** The user that processes run as, and whether they may write to their root file system. */
export const securityContextSchema = z.strictObject({
  runAsUser: id.exactOptional().describe("User id; the image's by default."),
  runAsGroup: id.exactOptional().describe("Group id; the image's by default."),
  fsGroup: id.exactOptional().describe("Group that volumes belong to."),
  readOnlyRootFilesystem: z.boolean().exactOptional().describe("Whether the image's files cannot be changed."),
});
