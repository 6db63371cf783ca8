import { z } from "zod";
import {
  execFrameSchema,
  execSchema,
  MERGED_STREAMS,
  OFFSET_HEADER,
  processExitSchema,
  processSchema,
  signalSchema,
  startProcessSchema,
  STREAMS_HEADER,
  terminalSizeSchema,
} from "../process.ts";
import { json, lines, octets, type Access, type Route } from "../route.ts";
import { flag, offset, ofProcess, ofSandbox, onceStarted, paths, waitSeconds } from "./parameters.ts";

const exec: Access = { verb: "create", resource: "sandboxes", subresource: "exec" };
const view: Access = { verb: "get", resource: "sandboxes", subresource: "exec" };

const output = onceStarted.extend({ offset: offset.default(0).describe("Start at this byte; follow until the end.") });

const outputHeaders = {
  [OFFSET_HEADER]: "The offset at which the body starts: later than asked for when older output is gone.",
  [STREAMS_HEADER]: `\`${MERGED_STREAMS}\` when the sandbox has finished: stdout is then its log with both streams, stderr empty.`,
};

const build = {
  id: "build",
  command: ["cat"],
  state: "running",
  pid: 12,
  startedAt: "2026-11-21T09:00:01.000000Z",
  stdout: { start: 0, end: 0, closed: false },
  stderr: { start: 0, end: 0, closed: false },
  stdin: { offset: 0, closed: false },
};
const ofBuild = { process: "build" };

export const processRoutes = {
  exec: {
    summary: "Start a process, stream what it writes, end with how it ended",
    method: "POST",
    path: `${paths.sandbox}/exec`,
    params: ofSandbox,
    query: onceStarted,
    body: json(execSchema),
    reply: { status: 200, body: lines(execFrameSchema) },
    access: exec,
    example: {
      body: { command: ["echo", "hello"] },
      reply: [
        { process: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff" },
        { stream: "stdout", offset: 0, data: "aGVsbG8K" },
        { exit: { code: 0, signal: null, timedOut: false } },
      ],
    },
  },
  startProcess: {
    summary: "Start a process; 200 with the process there is when the same request came before",
    method: "POST",
    path: paths.processes,
    params: ofSandbox,
    query: onceStarted,
    body: json(startProcessSchema),
    reply: { status: 201, body: json(processSchema) },
    access: exec,
    example: { body: { id: "build", command: ["cat"], tty: { rows: 24, columns: 80 } }, reply: build },
  },
  listProcesses: {
    summary: "List processes, those included that have exited lately",
    method: "GET",
    path: paths.processes,
    params: ofSandbox,
    query: onceStarted,
    reply: { status: 200, body: json(z.object({ items: z.array(processSchema) })) },
    access: view,
    example: { reply: { items: [build] } },
  },
  getProcess: {
    summary: "Get a process",
    method: "GET",
    path: paths.process,
    params: ofProcess,
    query: onceStarted,
    reply: { status: 200, body: json(processSchema) },
    access: view,
    example: { params: ofBuild, reply: build },
  },
  readStdout: {
    summary: "What a process writes to standard output, from an offset to the end",
    method: "GET",
    path: `${paths.process}/stdout`,
    params: ofProcess,
    query: output,
    reply: { status: 200, body: octets, headers: outputHeaders },
    access: view,
    example: { params: ofBuild, query: { offset: "0" } },
  },
  readStderr: {
    summary: "What a process writes to standard error, from an offset to the end",
    method: "GET",
    path: `${paths.process}/stderr`,
    params: ofProcess,
    query: output,
    reply: { status: 200, body: octets, headers: outputHeaders },
    access: view,
    example: { params: ofBuild, query: { offset: "0" } },
  },
  writeStdin: {
    summary: "Write to a process's standard input; bytes it has are ignored, a gap is a conflict",
    method: "PUT",
    path: `${paths.process}/stdin`,
    params: ofProcess,
    query: onceStarted.extend({
      offset: offset.describe("Where the body begins in the stream, or in what its writer has sent."),
      writer: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 letters, digits, '.', '_' and '-'")
        .exactOptional()
        .describe(
          "One of several who write: its input goes behind all that there is, and offsets count what it has sent.",
        ),
      eof: flag.default(false).describe("Close it after the body."),
    }),
    body: octets,
    reply: { status: 200, body: json(z.object({ offset: z.int().min(0), closed: z.boolean() })) },
    access: exec,
    example: { params: ofBuild, query: { offset: "0" }, body: "hello\n", reply: { offset: 6, closed: false } },
  },
  waitForExit: {
    summary: "How a process ended; deadline_exceeded when it still runs after wait seconds",
    method: "GET",
    path: `${paths.process}/exit`,
    params: ofProcess,
    query: onceStarted.extend({ wait: waitSeconds.default(0).describe("Seconds to wait for it.") }),
    reply: { status: 200, body: json(processExitSchema) },
    access: view,
    example: {
      params: ofBuild,
      query: { wait: "10" },
      reply: { code: 143, signal: "SIGTERM", timedOut: false },
    },
  },
  signalProcess: {
    summary: "Send a signal to a process and its group",
    method: "POST",
    path: `${paths.process}/signal`,
    params: ofProcess,
    query: onceStarted,
    body: json(signalSchema),
    reply: { status: 204 },
    access: exec,
    example: { params: ofBuild, body: { signal: "SIGTERM" } },
  },
  resizeTerminal: {
    summary: "Change the size of a process's terminal",
    method: "POST",
    path: `${paths.process}/resize`,
    params: ofProcess,
    query: onceStarted,
    body: json(terminalSizeSchema),
    reply: { status: 204 },
    access: exec,
    example: { params: ofBuild, body: { rows: 40, columns: 120 } },
  },
} as const satisfies Record<string, Route>;
