import { z } from "zod";
import { refusalSchema } from "./refusal.ts";
import { SandkeepError } from "../api/errors.ts";
import {
  execFrameSchema,
  processExitSchema,
  processSchema,
  type ExecFrame,
  type Process,
  type ProcessExit,
  type StartProcess,
} from "../api/process.ts";
import { readJson, readLines } from "./body.ts";
import { LinkError } from "./link-error.ts";
import type { Link, LinkRequest, LinkResponse } from "./link.ts";

const infoSchema = z.object({
  version: z.string().max(256),
  pid: z.int(),
  startedAt: z.iso.datetime({ offset: true }),
  uptimeMilliseconds: z.number().min(0),
});
export type AgentInfo = z.infer<typeof infoSchema>;

const readinessSchema = z.object({
  state: z.enum(["pending", "ready", "failed", "none"]),
  readyAt: z.iso.datetime({ offset: true }).exactOptional(),
  attempts: z.int().min(0).exactOptional(),
  message: z.string().max(4096).exactOptional(),
});
export type Readiness = z.infer<typeof readinessSchema>;

const limitsSchema = z.object({
  generation: z.int(),
  timeoutSeconds: z.int().min(0),
  idleTimeoutSeconds: z.int().min(0),
});
/** How long a sandbox may run and stay without use; seconds, 0 for ever. Those of an older generation change nothing. */
export type Limits = z.infer<typeof limitsSchema>;

/**
 * The agent's API in types. Every answer is parsed; one that does not fit is a `LinkError`, and a refusal the
 * `SandkeepError` that the agent sent.
 */
export interface AgentClient {
  info(signal?: AbortSignal): Promise<AgentInfo>;
  /** Answers once it is decided, or after `waitSeconds`. */
  readiness(waitSeconds: number, signal?: AbortSignal): Promise<Readiness>;
  /** Answers with the limits that are kept from now on. */
  setLimits(limits: Limits, signal?: AbortSignal): Promise<Limits>;
  startProcess(request: StartProcess, signal?: AbortSignal): Promise<Process>;
  getProcess(id: string, signal?: AbortSignal): Promise<Process>;
  /** Throws `deadline_exceeded` while it still runs after `waitSeconds`. */
  waitForExit(id: string, waitSeconds: number, signal?: AbortSignal): Promise<ProcessExit>;
  signalProcess(id: string, signal: string): Promise<void>;
  /** Starts a process and gives what it writes as it comes; the last frame has its exit. */
  exec(request: StartProcess & { stdin?: string }, signal?: AbortSignal): AsyncGenerator<ExecFrame, void, void>;
}

/** The agent at the other end of a link. */
export function agentClient(link: Pick<Link, "request">): AgentClient {
  const call = async <T>(schema: z.ZodType<T>, request: LinkRequest): Promise<T> => {
    const answer = await succeed(link, request);
    return parse(schema, await readJson(answer.body), request);
  };

  return {
    info: (signal) => call(infoSchema, get("/info", signal)),
    readiness: (seconds, signal) =>
      call(readinessSchema, { ...get(`/readiness?wait=${seconds}`, signal), waitMilliseconds: seconds * 1000 }),
    setLimits: (limits, signal) => call(limitsSchema, { ...post("/limits", limits, signal), method: "PUT" }),
    startProcess: (request, signal) => call(processSchema, post("/processes", request, signal)),
    getProcess: (id, signal) => call(processSchema, get(processPath(id), signal)),
    waitForExit: (id, seconds, signal) =>
      call(processExitSchema, {
        ...get(processPath(id, `/exit?wait=${seconds}`), signal),
        waitMilliseconds: seconds * 1000,
      }),
    async signalProcess(id, signal) {
      const { body } = await succeed(link, post(processPath(id, "/signal"), { signal }));
      body.destroy();
    },
    async *exec(request, signal) {
      const head = post("/exec", request, signal);
      const { body } = await succeed(link, head);
      for await (const line of readLines(body)) yield parse(execFrameSchema, line, head);
    },
  };
}

/** The refusal in an agent's answer. What is not of the agreed form becomes a `LinkError`. */
export async function errorFrom({ status, body }: LinkResponse): Promise<SandkeepError> {
  const parsed = refusalSchema.safeParse(await readJson(body).catch(() => undefined));
  if (!parsed.success)
    return new LinkError(`The agent answered with HTTP status ${status} and no error that can be read`);
  const { code, resource, message, details } = parsed.data;
  return new SandkeepError(code, resource, message, details && { details });
}

async function succeed(link: Pick<Link, "request">, request: LinkRequest): Promise<LinkResponse> {
  const answer = await link.request(request);
  if (answer.status >= 200 && answer.status <= 299) return answer;
  throw await errorFrom(answer);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, { method, path }: LinkRequest): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LinkError(
    `Cannot read the agent's answer to ${method} ${path}: ${z.prettifyError(parsed.error).slice(0, 500)}`,
  );
}

/** The agent's path of a process, or of something below it. */
export function processPath(id: string, rest = ""): string {
  return `/processes/${encodeURIComponent(id)}${rest}`;
}

function get(path: string, signal?: AbortSignal): LinkRequest {
  return { method: "GET", path, ...(signal && { signal }) };
}

function post(path: string, body: object, signal?: AbortSignal): LinkRequest {
  const headers = { "content-type": "application/json" };
  return { method: "POST", path, headers, body: JSON.stringify(body), ...(signal && { signal }) };
}
