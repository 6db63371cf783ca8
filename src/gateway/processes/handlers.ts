import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { RouteName } from "../../api/routes.ts";
import type { Audit } from "../audit.ts";
import type { Call, Handlers } from "../server/bind.ts";
import { relay, succeeded } from "./relay.ts";
import { agentBody } from "./start.ts";
import type { AgentRequest, SendToAgent } from "./via-link.ts";

type ProcessRoute = Exclude<RouteName, `${string}Sandbox` | `${string}Sandboxes`>;
type SandboxCall = Call & { params: { namespace: string; id: string }; query: { startTimeoutSeconds: number } };

const jsonType = "application/json; charset=utf-8";
const linesType = "application/x-ndjson";
const octets = "application/octet-stream";

/** Processes, as an authenticated way to the sandbox's agent. Whoever goes away ends a stream, never a process. */
export function processHandlers(send: SendToAgent, audit: Audit): Pick<Handlers, ProcessRoute> {
  const ask = async (
    { params, query, request, signal }: SandboxCall,
    path: string,
    more: Partial<AgentRequest> = {},
  ) => {
    const name = { namespace: params.namespace, name: params.id };
    return await succeeded(
      await send(name, query.startTimeoutSeconds, { method: request.method ?? "GET", path, signal, ...more }),
    );
  };
  const forward = async (call: SandboxCall, path: string, more?: Partial<AgentRequest>, type = jsonType) =>
    relay(await ask(call, path, more), type, call.response);
  const start = async (call: Call<"exec"> | Call<"startProcess">, path: string, type: string) => {
    // With an id of its own a request that is sent twice starts one process.
    const body = agentBody({ id: randomUUID(), ...call.body });
    const answer = await audit(call, body, ask(call, path, jsonBody(body)));
    await relay(answer, type, call.response);
  };

  return {
    exec: (call) => start(call, "/exec", linesType),
    startProcess: (call) => start(call, "/processes", jsonType),
    listProcesses: (call) => forward(call, "/processes"),
    getProcess: (call) => forward(call, pathOf(call)),
    readStdout: (call) => forward(call, pathOf(call, `/stdout?offset=${call.query.offset}`), {}, octets),
    readStderr: (call) => forward(call, pathOf(call, `/stderr?offset=${call.query.offset}`), {}, octets),
    async writeStdin(call) {
      const { offset, eof } = call.query;
      const body: Readable = call.request;
      const more = { body, repeatable: false, waitMilliseconds: stdinMilliseconds };
      await forward(call, pathOf(call, `/stdin?offset=${offset}&eof=${eof}`), more);
    },
    waitForExit: (call) =>
      forward(call, pathOf(call, `/exit?wait=${call.query.wait}`), { waitMilliseconds: call.query.wait * 1000 }),
    signalProcess: (call) => forward(call, pathOf(call, "/signal"), jsonBody(call.body)),
    resizeTerminal: (call) => forward(call, pathOf(call, "/resize"), jsonBody(call.body)),
  };
}

/** A program that does not read its input holds the writer back; this long. */
const stdinMilliseconds = 3_600_000;

function pathOf({ params }: { params: { process: string } }, rest = ""): string {
  return `/processes/${encodeURIComponent(params.process)}${rest}`;
}

function jsonBody(value: object): { body: string; headers: Record<string, string> } {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}
