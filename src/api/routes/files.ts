import { z } from "zod";
import {
  archiveUnpackedSchema,
  fileEventSchema,
  fileEventTypes,
  fileInfoSchema,
  fileListSchema,
  filePatchedSchema,
  filePath,
} from "../file.ts";
import { json, lines, octets, tar, type Access, type Route } from "../route.ts";
import { flag, MAX_WAIT_SECONDS, offset, ofSandbox, onceStarted, paths } from "./parameters.ts";

const files = `${paths.sandbox}/files`;

const read: Access = { verb: "get", resource: "sandboxes", subresource: "files" };
const write: Access = { verb: "update", resource: "sandboxes", subresource: "files" };
const remove: Access = { verb: "delete", resource: "sandboxes", subresource: "files" };

const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/, 'must be permissions in octal, such as "0644"')
  .exactOptional();

const eventTypes = new RegExp(`^(|(${fileEventTypes.join("|")})(,(${fileEventTypes.join("|")}))*)$`);

/** The query of an operation on a file: its path, as text or as bytes in base64, and what else the operation takes. */
function at<Q extends z.ZodRawShape>(more: Q) {
  return onceStarted.extend({
    path: filePath.exactOptional().describe("Absolute path inside the sandbox."),
    pathBytes: z.base64().max(5500).exactOptional().describe("The path instead, if it is not UTF-8."),
    ...more,
  });
}

const example = { path: "/data/hello.txt" };
const hello = {
  name: "hello.txt",
  path: "/data/hello.txt",
  type: "file",
  size: 6,
  mode: 33_188,
  permissions: "0644",
  owner: "root",
  group: "root",
  modifiedTime: "2026-11-21T09:00:01.000000Z",
  symlinkTarget: null,
};

export const fileRoutes = {
  readFile: {
    summary: "Read a file, or with a header Range a part of it (206)",
    method: "GET",
    path: files,
    params: ofSandbox,
    query: at({}),
    reply: {
      status: 200,
      body: octets,
      headers: {
        ETag: "Changes with the file. With it in `If-Range`, a range of another version is refused: all of it comes.",
      },
    },
    access: read,
    example: { query: example, reply: "hello\n" },
  },
  writeFile: {
    summary: "Write a file: it has its old contents until it has all of the new; directories that are missing are made",
    method: "PUT",
    path: files,
    params: ofSandbox,
    query: at({
      mode: mode.describe("Permissions of a new file, or of the one there is."),
      sync: flag.default(false).describe("Answer once it is on disk."),
    }),
    body: octets,
    reply: { status: 204 },
    access: write,
    example: { query: example, body: "hello\n" },
  },
  patchFile: {
    summary: "Write into a file in place",
    method: "PATCH",
    path: files,
    params: ofSandbox,
    query: at({
      offset: offset.exactOptional().describe("Where the body begins; a gap is filled with zeros."),
      append: flag.default(false).describe("Put the body at the end."),
      truncate: offset.exactOptional().describe("How long the file becomes before the body is written."),
      create: flag.default(false).describe("Make it if it is missing."),
      exclusive: flag.default(false).describe("With create: refuse if it is there."),
      mode: mode.describe("Permissions of a file that is made."),
    }),
    body: octets,
    reply: { status: 200, body: json(filePatchedSchema) },
    access: write,
    example: { query: { ...example, append: "true" }, body: "bye\n", reply: { offset: 6, size: 10 } },
  },
  removeFile: {
    summary: "Remove a file, or a directory if it is empty; links are not followed",
    method: "DELETE",
    path: files,
    params: ofSandbox,
    query: at({ recursive: flag.default(false).describe("A directory with all that is in it.") }),
    reply: { status: 204 },
    access: remove,
    example: { query: example },
  },
  statFile: {
    summary: "Describe a file; a symbolic link is described itself",
    method: "GET",
    path: `${files}/stat`,
    params: ofSandbox,
    query: at({}),
    reply: { status: 200, body: json(fileInfoSchema) },
    access: read,
    example: { query: example, reply: hello },
  },
  listFiles: {
    summary: "List a directory, sorted by name",
    method: "GET",
    path: `${files}/list`,
    params: ofSandbox,
    query: at({
      limit: z.coerce.number().int().min(1).max(100_000).default(10_000).describe("How many entries a page holds."),
      cursor: z.string().max(1024).exactOptional().describe("From the page before."),
    }),
    reply: { status: 200, body: json(fileListSchema) },
    access: read,
    example: { query: { path: "/data" }, reply: { items: [hello] } },
  },
  makeDirectory: {
    summary: "Make a directory",
    method: "POST",
    path: `${files}/mkdir`,
    params: ofSandbox,
    query: at({
      parents: flag.default(false).describe("Make those that it is in as well; no-op if it is there."),
      mode: mode.describe("Its permissions."),
    }),
    reply: { status: 204 },
    access: write,
    example: { query: { path: "/data/src", parents: "true" } },
  },
  renameFile: {
    summary: "Rename or move a file or directory within its file system",
    method: "POST",
    path: `${files}/rename`,
    params: ofSandbox,
    query: at({
      to: filePath.exactOptional().describe("Its new path; what is there is replaced."),
      toBytes: z.base64().max(5500).exactOptional().describe("The new path instead, if it is not UTF-8."),
      exclusive: flag.default(false).describe("Refuse if something is there."),
    }),
    reply: { status: 204 },
    access: write,
    example: { query: { ...example, to: "/data/greeting.txt" } },
  },
  watchFiles: {
    summary: "Follow what happens to a file, or in a directory; the reply begins once nothing is missed any more",
    method: "GET",
    path: `${files}/watch`,
    params: ofSandbox,
    query: at({
      recursive: flag.default(false).describe("Also in the directories below."),
      types: z
        .string()
        .regex(eventTypes, `must be some of ${fileEventTypes.join(", ")}, separated by commas`)
        .exactOptional()
        .describe(`Only these, separated by commas, of ${fileEventTypes.join(", ")}; all but access if missing.`),
      timeoutSeconds: z.coerce
        .number()
        .min(0)
        .max(MAX_WAIT_SECONDS)
        .exactOptional()
        .describe("End after this long; without it, when the client goes."),
    }),
    reply: { status: 200, body: lines(fileEventSchema) },
    access: read,
    example: {
      query: { path: "/data", recursive: "true", timeoutSeconds: "1" },
      reply: [{ type: "create", paths: ["/data/hello.txt"] }],
    },
  },
  readArchive: {
    summary: "A file or directory tree as tar, with owners, modes and links",
    method: "GET",
    path: `${files}/archive`,
    params: ofSandbox,
    query: at({}),
    reply: { status: 200, body: tar },
    access: read,
    example: { query: { path: "/data" } },
  },
  writeArchive: {
    summary: "Unpack a tar into a directory, which is made if it is missing; nothing in it leads out of the directory",
    method: "PUT",
    path: `${files}/archive`,
    params: ofSandbox,
    query: at({ noOwners: flag.default(false).describe("Let all belong to the sandbox's user.") }),
    body: tar,
    reply: { status: 200, body: json(archiveUnpackedSchema) },
    access: write,
    example: { query: { path: "/data" }, reply: { entries: 3 } },
  },
} as const satisfies Record<string, Route>;
