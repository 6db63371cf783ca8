import { z } from "zod";
import { SANDBOX_PHASES } from "./constants.ts";
import {
  execFrameSchema,
  execSchema,
  processExitSchema,
  processId,
  processSchema,
  signalSchema,
  startProcessSchema,
  terminalSizeSchema,
} from "./process.ts";
import { createSandboxSchema, sandboxListSchema, sandboxViewSchema } from "./sandbox-http.ts";
import { dnsLabel } from "./schema/name.ts";

/** What SubjectAccessReview is asked about a request, in group `sandkeep.dev`. */
export interface Access {
  verb: "create" | "get" | "list" | "patch" | "delete";
  resource: "sandboxes";
  subresource?: "exec";
}

/** What travels as a body: parsed JSON, raw octets, or one JSON value per line (NDJSON). */
export type Body = { type: "json"; schema: z.ZodType } | { type: "octets" } | { type: "lines"; schema: z.ZodType };

/** One operation of the HTTP API. */
export interface Route {
  readonly summary: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/v1`, with `{parameter}`s. */
  readonly path: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: Body;
  readonly reply: { status: number; body?: Body };
  readonly access: Access;
}

/** Longest that a request may wait for a sandbox or process, in seconds. */
export const MAX_WAIT_SECONDS = 600;

const sandboxes = "/namespaces/{namespace}/sandboxes";
const sandbox = `${sandboxes}/{id}`;
const processes = `${sandbox}/processes`;
const process = `${processes}/{process}`;

const inNamespace = z.strictObject({ namespace: dnsLabel });
const ofSandbox = inNamespace.extend({ id: dnsLabel });
const ofProcess = ofSandbox.extend({ process: processId });

const waitSeconds = z.coerce.number().min(0).max(MAX_WAIT_SECONDS);
const flag = z.stringbool();
const offset = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const nothing = z.strictObject({});
const waitForPhase = z.strictObject({
  wait: z.enum(["started", "ready", "finished"]).exactOptional().describe("Answer once it has come this far."),
  timeoutSeconds: waitSeconds.default(300).describe("deadline_exceeded after this long."),
});
const onceStarted = z.strictObject({
  startTimeoutSeconds: waitSeconds.default(300).describe("How long to wait for the sandbox to start."),
});
const output = onceStarted.extend({ offset: offset.default(0).describe("Start at this byte; follow until the end.") });

const exec: Access = { verb: "create", resource: "sandboxes", subresource: "exec" };
const view: Access = { verb: "get", resource: "sandboxes", subresource: "exec" };

/** Every operation of the HTTP API, by name. The gateway has a handler for each. */
export const routes = {
  createSandbox: {
    summary: "Create a sandbox; answers at once, or once it has come as far as wait says",
    method: "POST",
    path: sandboxes,
    params: inNamespace,
    query: waitForPhase,
    body: json(createSandboxSchema),
    reply: { status: 201, body: json(sandboxViewSchema) },
    access: { verb: "create", resource: "sandboxes" },
  },
  listSandboxes: {
    summary: "List sandboxes, newest first: those that run, or all",
    method: "GET",
    path: sandboxes,
    params: inNamespace,
    query: z.strictObject({
      app: z.string().max(63).exactOptional().describe("Only those of this app."),
      tag: z
        .union([z.string().transform((tag) => [tag]), z.array(z.string())])
        .exactOptional()
        .describe("Only those with this tag, name=value; repeated, with all of them."),
      phase: z.enum(SANDBOX_PHASES).exactOptional().describe("Only those in this phase."),
      all: flag.default(false).describe("Also those that have finished."),
      limit: z.coerce.number().int().min(1).max(1000).default(100).describe("How many a page holds."),
      cursor: z.string().max(1024).exactOptional().describe("From the page before."),
    }),
    reply: { status: 200, body: json(sandboxListSchema) },
    access: { verb: "list", resource: "sandboxes" },
  },
  getSandbox: {
    summary: "Get a sandbox, at once or once it has come as far as wait says",
    method: "GET",
    path: sandbox,
    params: ofSandbox,
    query: waitForPhase,
    reply: { status: 200, body: json(sandboxViewSchema) },
    access: { verb: "get", resource: "sandboxes" },
  },
  terminateSandbox: {
    summary: "End a sandbox and keep its record; no-op when it has finished",
    method: "POST",
    path: `${sandbox}/terminate`,
    params: ofSandbox,
    query: z.strictObject({
      wait: flag.default(false).describe("Answer once it has finished."),
      timeoutSeconds: waitSeconds.default(300).describe("deadline_exceeded after this long."),
    }),
    reply: { status: 200, body: json(sandboxViewSchema) },
    access: { verb: "patch", resource: "sandboxes" },
  },
  deleteSandbox: {
    summary: "End a sandbox and delete its record",
    method: "DELETE",
    path: sandbox,
    params: ofSandbox,
    query: nothing,
    reply: { status: 204 },
    access: { verb: "delete", resource: "sandboxes" },
  },
  exec: {
    summary: "Start a process, stream what it writes, end with how it ended",
    method: "POST",
    path: `${sandbox}/exec`,
    params: ofSandbox,
    query: onceStarted,
    body: json(execSchema),
    reply: { status: 200, body: { type: "lines", schema: execFrameSchema } },
    access: exec,
  },
  startProcess: {
    summary: "Start a process; 200 with the process there is when the same request came before",
    method: "POST",
    path: processes,
    params: ofSandbox,
    query: onceStarted,
    body: json(startProcessSchema),
    reply: { status: 201, body: json(processSchema) },
    access: exec,
  },
  listProcesses: {
    summary: "List processes, those included that have exited lately",
    method: "GET",
    path: processes,
    params: ofSandbox,
    query: onceStarted,
    reply: { status: 200, body: json(z.object({ items: z.array(processSchema) })) },
    access: view,
  },
  getProcess: {
    summary: "Get a process",
    method: "GET",
    path: process,
    params: ofProcess,
    query: onceStarted,
    reply: { status: 200, body: json(processSchema) },
    access: view,
  },
  readStdout: {
    summary:
      "What a process writes to standard output, from an offset to the end; header Sandkeep-Offset says where it starts",
    method: "GET",
    path: `${process}/stdout`,
    params: ofProcess,
    query: output,
    reply: { status: 200, body: { type: "octets" } },
    access: view,
  },
  readStderr: {
    summary:
      "What a process writes to standard error, from an offset to the end; header Sandkeep-Offset says where it starts",
    method: "GET",
    path: `${process}/stderr`,
    params: ofProcess,
    query: output,
    reply: { status: 200, body: { type: "octets" } },
    access: view,
  },
  writeStdin: {
    summary: "Write to a process's standard input; bytes it has are ignored, a gap is a conflict",
    method: "PUT",
    path: `${process}/stdin`,
    params: ofProcess,
    query: onceStarted.extend({
      offset: offset.describe("Where the body begins in the stream."),
      eof: flag.default(false).describe("Close it after the body."),
    }),
    body: { type: "octets" },
    reply: { status: 200, body: json(z.object({ offset: z.int().min(0), closed: z.boolean() })) },
    access: exec,
  },
  waitForExit: {
    summary: "How a process ended; deadline_exceeded when it still runs after wait seconds",
    method: "GET",
    path: `${process}/exit`,
    params: ofProcess,
    query: onceStarted.extend({ wait: waitSeconds.default(0).describe("Seconds to wait for it.") }),
    reply: { status: 200, body: json(processExitSchema) },
    access: view,
  },
  signalProcess: {
    summary: "Send a signal to a process and its group",
    method: "POST",
    path: `${process}/signal`,
    params: ofProcess,
    query: onceStarted,
    body: json(signalSchema),
    reply: { status: 204 },
    access: exec,
  },
  resizeTerminal: {
    summary: "Change the size of a process's terminal",
    method: "POST",
    path: `${process}/resize`,
    params: ofProcess,
    query: onceStarted,
    body: json(terminalSizeSchema),
    reply: { status: 204 },
    access: exec,
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;

function json<S extends z.ZodType>(schema: S): { readonly type: "json"; readonly schema: S } {
  return { type: "json", schema };
}
