import { MAX_TIMEOUT_SECONDS } from "../../api/constants.ts";
import type { ConnectTokenView, CreateConnectTokenInput } from "../../api/connect-token.ts";
import type { SandkeepError } from "../../api/errors.ts";
import type { DecisionList } from "../../api/decision.ts";
import type { CreateSandboxInput, PatchSandbox, SandboxView } from "../../api/sandbox-http.ts";
import type { TunnelsView } from "../../api/routes/tunnels.ts";
import type { Exec, Signal } from "../../api/process.ts";
import type { TransportReply } from "../http/transport.ts";
import { eitherOf } from "./broadcast.ts";
import { execFrames } from "./exec-frames.ts";
import type { MockProcess } from "./process.ts";
import { frames, json, nothing, refused, stream } from "./replies.ts";
import type { MockRequest } from "./request.ts";
import type { MockSandbox } from "./sandbox.ts";
import type { MockWorld } from "./world.ts";

/** Answers a request as the gateway would. Throws its errors. */
export async function answer(world: MockWorld, request: MockRequest): Promise<TransportReply> {
  const [kind, name, ...rest] = request.parts;
  if (kind === "sandboxes" && name === undefined) return await sandboxes(world, request);
  if (kind === "sandboxes" && name === "watch") return frames(world.watch(request));
  if (kind === "sandboxes" && name !== undefined && rest.length === 0 && request.method === "DELETE") {
    world.delete(name);
    return nothing();
  }
  if (kind === "sandboxes" && name !== undefined) return await sandbox(world.sandbox(name), rest, request);
  if (kind === "apps" && name !== undefined) return app(world, name, rest, request);
  if (kind === "volumes" && name !== undefined) return volume(world, name, request);
  if (kind === "secrets" && name !== undefined) return secret(world, name, request);
  if (kind === "images" && name === "resolve") return json(await world.resolve(request.query.get("reference") ?? ""));
  throw unknown(request);
}

async function sandboxes(world: MockWorld, request: MockRequest): Promise<TransportReply> {
  if (request.method === "GET") return json({ items: world.list(request.query) });
  return json(world.create(await request.json<CreateSandboxInput>()), 201);
}

async function sandbox(
  found: MockSandbox,
  [part, id, ...rest]: string[],
  request: MockRequest,
): Promise<TransportReply> {
  const { method, query, signal } = request;
  switch (`${method} ${part ?? ""}`) {
    case "GET ": {
      const wait = query.get("wait") as "started" | "ready" | "finished" | null;
      if (wait !== null) await found.until(wait, Number(query.get("timeoutSeconds") ?? 60), signal);
      return json(found.view);
    }
    case "PATCH ":
      found.patch(await request.json<PatchSandbox>());
      return json(found.view);
    case "POST terminate":
      found.terminate();
      return json(found.view);
    case "GET usage":
      return json({ measuredAt: new Date().toISOString(), cpu: {}, memory: {}, disk: {}, processes: {} });
    case "GET network":
      return json({ decisions: [], allowed: 0, denied: 0, failed: 0 } satisfies DecisionList);
    case "GET tunnels":
      return json({ tunnels: tunnelsIn(found.view) });
    case "GET logs":
      return stream(found.process("entrypoint").stdout.from(0));
    case "POST volumes":
      return nothing();
    case "POST exec":
      return frames(execFrames(found.start(await request.json<Exec>())));
  }
  if (part === "connect-tokens") return await connectTokens(found, request);
  if (part === "files") return await found.files.answer(id ?? "", request);
  if (part === "processes" && id !== undefined) return await process(found.process(id), rest[0] ?? "", request);
  throw unknown(request);
}

/** They lead nowhere: nothing of a mock listens. */
function tunnelsIn({ id, spec }: SandboxView): TunnelsView["tunnels"] {
  return (spec.tunnels ?? []).map(({ port: containerPort, protocol }) => {
    const host = `${id}-${containerPort}.${spec.customDomain ?? "tunnels.invalid"}`;
    const unencrypted = { unencryptedHost: host, unencryptedPort: containerPort };
    return { containerPort, url: `https://${host}`, host, port: 443, ...(protocol === "TCP" && unencrypted) };
  });
}

/** Tokens that nothing checks: nothing of a mock listens. */
async function connectTokens(found: MockSandbox, request: MockRequest): Promise<TransportReply> {
  if (request.method === "DELETE") return nothing();
  found.checkRuns("make a connect token for");
  const { expiresInSeconds = MAX_TIMEOUT_SECONDS } = await request.json<CreateConnectTokenInput>();
  const expiresAt = Math.floor(Date.now() / 1000) + expiresInSeconds;
  const view: ConnectTokenView = {
    id: `${expiresAt}-${crypto.randomUUID().slice(0, 16)}`,
    url: `https://${found.id}.tunnels.invalid`,
    token: crypto.randomUUID(),
    expiresAt: new Date(expiresAt * 1000).toISOString(),
  };
  return json(view, 201);
}

async function process(found: MockProcess, operation: string, request: MockRequest): Promise<TransportReply> {
  const { method, query, signal } = request;
  const offset = Number(query.get("offset") ?? 0);
  switch (`${method} ${operation}`) {
    case "GET ":
      return json(found.view());
    case "GET stdout":
      return stream(found.stdout.from(offset));
    case "GET stderr":
      return stream(found.stderr.from(offset));
    case "PUT stdin":
      return json(
        found.put({ offset, writer: query.get("writer") }, await request.octets(), query.get("eof") === "true"),
      );
    case "GET exit":
      return await exit(found, Number(query.get("wait") ?? 0), signal);
    case "POST signal":
      if (found.exit !== undefined) throw refused("failed_precondition", "process", `Process "${found.id}" has exited`);
      found.kill((await request.json<Signal>()).signal);
      return nothing();
    case "POST resize":
      return nothing();
    default:
      throw unknown(request);
  }
}

async function exit(found: MockProcess, seconds: number, signal: AbortSignal | undefined): Promise<TransportReply> {
  await eitherOf(found.ended, seconds * 1000, signal);
  if (found.exit === undefined) throw refused("deadline_exceeded", "process", `Process "${found.id}" still runs`);
  return json(found.exit);
}

function app(world: MockWorld, name: string, [part, sandbox]: string[], { method }: MockRequest): TransportReply {
  if (part === "sandboxes" && sandbox !== undefined) return json(world.named(name, sandbox));
  if (method === "PUT") world.apps.add(name);
  if (!world.apps.has(name)) throw refused("not_found", "app", `There is no app "${name}"`);
  return json({ name });
}

function volume(world: MockWorld, name: string, { method }: MockRequest): TransportReply {
  if (method === "PUT") world.makeVolume(name);
  world.volume(name);
  if (method !== "DELETE") return json({ name });
  world.deleteVolume(name);
  return nothing();
}

function secret(world: MockWorld, name: string, { query }: MockRequest): TransportReply {
  const values = world.secret(name);
  const missingKeys = query.getAll("requiredKeys").filter((key) => !Object.hasOwn(values, key));
  if (missingKeys.length > 0)
    throw refused("not_found", "secret", `Secret is missing key(s): ${missingKeys.join(", ")}`, { missingKeys });
  return json({ name });
}

function unknown({ method, parts }: MockRequest): SandkeepError {
  return refused("not_supported", "request", `The mock cannot ${method} ${parts.join("/")}`);
}
