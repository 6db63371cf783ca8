import type { LinkResponse } from "../../agent-link/link.ts";
import type { Call } from "../server/bind.ts";
import { relay, succeeded } from "./relay.ts";
import type { AgentRequest, SendToAgent } from "./send.ts";

/** A call about something inside a sandbox. */
export type SandboxCall = Call & { params: { namespace: string; id: string }; query: { startTimeoutSeconds: number } };

/** The way from a call to the agent of its sandbox and back. */
export interface AgentProxy {
  /** The agent's answer. Throws its refusal. */
  ask: (call: SandboxCall, path: string, more?: Partial<AgentRequest>) => Promise<LinkResponse>;
  /** Asks, and sends the answer on to the client. */
  forward: (call: SandboxCall, path: string, more?: Partial<AgentRequest>, contentType?: string) => Promise<void>;
}

/** What bodies of agents are, whatever they say themselves. */
export const contentTypes = {
  json: "application/json; charset=utf-8",
  lines: "application/x-ndjson",
  octets: "application/octet-stream",
  tar: "application/x-tar",
} as const;

export function agentProxy(send: SendToAgent): AgentProxy {
  const ask: AgentProxy["ask"] = async ({ params, query, request, signal }, path, more) => {
    const name = { namespace: params.namespace, name: params.id };
    const method = request.method ?? "GET";
    return await succeeded(await send(name, query.startTimeoutSeconds, { method, path, signal, ...more }));
  };
  return {
    ask,
    forward: async (call, path, more, contentType = contentTypes.json) =>
      relay(await ask(call, path, more), contentType, call.response),
  };
}

/** A value as the body of a request to an agent. */
export function jsonBody(value: object): { body: string; headers: Record<string, string> } {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}
