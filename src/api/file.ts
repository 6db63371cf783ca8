import { z } from "zod";
import { timestamp } from "./schema/time.ts";

/** An absolute path as a parameter; at most 4,095 bytes. */
export const filePath = z
  .string()
  .min(1)
  .max(4095)
  .regex(/^\/[^\0\uFFFD]*$/, 'must be an absolute path in UTF-8, beginning with "/" and without NUL');

/** Bytes in base64, for paths that are not UTF-8. */
const bytes = z.base64();

export const fileTypes = ["file", "directory", "symlink", "fifo", "socket", "device"] as const;

/** What is known of a file without opening it. A symbolic link is described itself. */
export const fileInfoSchema = z.object({
  name: z.string().describe("The last part of its path."),
  path: z.string(),
  type: z.enum(fileTypes),
  size: z.int().min(0).describe("In bytes."),
  mode: z.int().min(0).describe("As st_mode: type and permissions."),
  permissions: z
    .string()
    .regex(/^[0-7]{4}$/)
    .describe('In octal, such as "0644".'),
  owner: z.string().describe("The user's name, or number where the sandbox has no name for it."),
  group: z.string().describe("The group's name, or number."),
  modifiedTime: timestamp,
  symlinkTarget: z.string().nullable().describe("Where a symbolic link points, as it was written."),
  pathBytes: bytes.exactOptional().describe("The path, if it is not UTF-8."),
  symlinkTargetBytes: bytes.exactOptional().describe("The target, if it is not UTF-8."),
});
export type FileInfo = z.infer<typeof fileInfoSchema>;

/** A page of a directory, sorted by the bytes of the names; `cursor` asks for the next one and is missing on the last. */
export const fileListSchema = z.object({
  items: z.array(fileInfoSchema),
  cursor: z.string().exactOptional(),
});
export type FileList = z.infer<typeof fileListSchema>;

/** What writing in place did. */
export const filePatchedSchema = z.object({
  offset: z.int().min(0).describe("Where the body begins in the file."),
  size: z.int().min(0).describe("Of the file behind it."),
});
export type FilePatched = z.infer<typeof filePatchedSchema>;

export const fileEventTypes = ["create", "modify", "delete", "rename", "access"] as const;

/** One line of a watch's NDJSON reply. */
export const fileEventSchema = z.object({
  type: z
    .enum([...fileEventTypes, "overflow", "heartbeat"])
    .describe("overflow: some were lost, look again. heartbeat: nothing happened, every 15 seconds."),
  paths: z.array(z.string()).describe("What it happened to; of a rename the old and the new path."),
  moved: z
    .enum(["in", "out"])
    .exactOptional()
    .describe("Of a rename with one path: whether it came from or went to where nothing is watched."),
  pathsBytes: z.array(bytes).exactOptional().describe("The paths, if one is not UTF-8."),
});
export type FileEvent = z.infer<typeof fileEventSchema>;

/** What unpacking an archive did. */
export const archiveUnpackedSchema = z.object({ entries: z.int().min(0).describe("How many the archive had.") });
export type ArchiveUnpacked = z.infer<typeof archiveUnpackedSchema>;
