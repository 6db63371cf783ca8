import { z } from "zod";
import { SANDBOX_PHASES } from "../phases.ts";
import { json, lines, type Route } from "../route.ts";
import {
  createSandboxSchema,
  patchSandboxSchema,
  sandboxListSchema,
  sandboxViewSchema,
  watchFrameSchema,
} from "../sandbox-http.ts";
import { flag, inNamespace, nothing, ofSandbox, paths, waitSeconds } from "./parameters.ts";

/** A watch ends after this long, so that whoever resumes it is asked for its token and rights again. */
const MAX_WATCH_SECONDS = 1800;

const waitForPhase = z.strictObject({
  wait: z.enum(["started", "ready", "finished"]).exactOptional().describe("Answer once it has come this far."),
  timeoutSeconds: waitSeconds.default(300).describe("deadline_exceeded after this long."),
});

const selection = {
  app: z.string().max(63).exactOptional().describe("Only those of this app."),
  tag: z
    .union([z.string().transform((tag) => [tag]), z.array(z.string())])
    .exactOptional()
    .describe("Only those with this tag, name=value; repeated, with all of them."),
};

/** A sandbox as examples show it. */
export const startedSandbox = {
  id: "work",
  namespace: "default",
  uid: "3f1c2a9e-5b7d-4e0f-9a1b-2c3d4e5f6a7b",
  createdAt: "2026-11-21T09:00:00Z",
  labels: {},
  annotations: {},
  spec: { app: "default", name: "researcher", image: "python:3.11-slim", timeoutSeconds: 300, desiredState: "Running" },
  status: {
    phase: "Started",
    scheduledAt: "2026-11-21T09:00:00.020000Z",
    startedAt: "2026-11-21T09:00:00.610000Z",
    podName: "work",
    nodeName: "node-1",
  },
};
const terminated = {
  ...startedSandbox,
  spec: { ...startedSandbox.spec, desiredState: "Terminated" },
  status: {
    ...startedSandbox.status,
    phase: "Finished",
    finishedAt: "2026-11-21T09:01:00.000000Z",
    exitCode: 137,
    reason: "Terminated",
  },
};

export const sandboxRoutes = {
  createSandbox: {
    summary: "Create a sandbox; answers at once, or once it has come as far as wait says",
    method: "POST",
    path: paths.sandboxes,
    params: inNamespace,
    query: waitForPhase,
    body: json(createSandboxSchema),
    reply: { status: 201, body: json(sandboxViewSchema) },
    access: { verb: "create", resource: "sandboxes" },
    example: {
      query: { wait: "started" },
      body: { name: "work", spec: { name: "researcher", image: "python:3.11-slim" } },
      reply: startedSandbox,
    },
  },
  listSandboxes: {
    summary: "List sandboxes, newest first: those that run, or all",
    method: "GET",
    path: paths.sandboxes,
    params: inNamespace,
    query: z.strictObject({
      ...selection,
      phase: z.enum(SANDBOX_PHASES).exactOptional().describe("Only those in this phase."),
      all: flag.default(false).describe("Also those that have finished."),
      limit: z.coerce.number().int().min(1).max(1000).default(100).describe("How many a page holds."),
      cursor: z.string().max(1024).exactOptional().describe("From the page before."),
    }),
    reply: { status: 200, body: json(sandboxListSchema) },
    access: { verb: "list", resource: "sandboxes" },
    example: { query: { app: "default", all: "true" }, reply: { items: [startedSandbox] } },
  },
  watchSandboxes: {
    summary: "Follow what happens to sandboxes: first those that there are, or with a cursor what has happened since",
    method: "GET",
    path: `${paths.sandboxes}/watch`,
    params: inNamespace,
    query: z.strictObject({
      ...selection,
      all: flag.default(false).describe("Also those that have finished."),
      cursor: z
        .string()
        .regex(/^[0-9]{1,20}$/, "must be from a line of a watch")
        .exactOptional()
        .describe("The last that was seen."),
      timeoutSeconds: z.coerce
        .number()
        .min(0)
        .max(MAX_WATCH_SECONDS)
        .default(MAX_WATCH_SECONDS)
        .describe("End after this long; resume with the cursor."),
    }),
    reply: { status: 200, body: lines(watchFrameSchema) },
    access: { verb: "watch", resource: "sandboxes" },
    example: {
      query: { app: "default", timeoutSeconds: "1" },
      reply: [
        { type: "added", sandbox: startedSandbox },
        { type: "bookmark", cursor: "481516" },
      ],
    },
  },
  getSandbox: {
    summary: "Get a sandbox, at once or once it has come as far as wait says",
    method: "GET",
    path: paths.sandbox,
    params: ofSandbox,
    query: waitForPhase,
    reply: { status: 200, body: json(sandboxViewSchema) },
    access: { verb: "get", resource: "sandboxes" },
    example: { query: { wait: "started" }, reply: startedSandbox },
  },
  patchSandbox: {
    summary: "Change a sandbox, as far as it may change once it is made",
    method: "PATCH",
    path: paths.sandbox,
    params: ofSandbox,
    query: nothing,
    body: json(patchSandboxSchema),
    reply: { status: 200, body: json(sandboxViewSchema) },
    access: { verb: "patch", resource: "sandboxes" },
    example: {
      body: { spec: { tags: { task: "report" }, timeoutSeconds: 600 } },
      reply: { ...startedSandbox, spec: { ...startedSandbox.spec, tags: { task: "report" }, timeoutSeconds: 600 } },
    },
  },
  terminateSandbox: {
    summary: "End a sandbox and keep its record; no-op when it has finished",
    method: "POST",
    path: `${paths.sandbox}/terminate`,
    params: ofSandbox,
    query: z.strictObject({
      wait: flag.default(false).describe("Answer once it has finished."),
      timeoutSeconds: waitSeconds.default(300).describe("deadline_exceeded after this long."),
    }),
    reply: { status: 200, body: json(sandboxViewSchema) },
    access: { verb: "patch", resource: "sandboxes" },
    example: { query: { wait: "true" }, reply: terminated },
  },
  deleteSandbox: {
    summary: "End a sandbox and delete its record",
    method: "DELETE",
    path: paths.sandbox,
    params: ofSandbox,
    query: nothing,
    reply: { status: 204 },
    access: { verb: "delete", resource: "sandboxes" },
    example: {},
  },
} as const satisfies Record<string, Route>;
