import type { Readable } from "node:stream";
import { NoStreamError, type Ask, type Bulk } from "../../agent-link/bulk/bulk.ts";
import type { LinkResponse } from "../../agent-link/link.ts";
import type { LinkTarget } from "../../agent-link/open.ts";
import type { SandboxDirectory } from "../sandboxes/directory.ts";
import { type Access, targetOf } from "../sandboxes/targets.ts";
import type { AgentProxy, SandboxCall } from "./proxy.ts";
import type { AgentRequest } from "./send.ts";

/** As `AgentProxy.ask`, with a large body on a stream of its own, where one is to be had; else over the link. */
export interface BulkProxy {
  download: (call: SandboxCall, path: string, more: Partial<AgentRequest>) => Promise<LinkResponse>;
  upload: (call: SandboxCall, path: string, body: Readable, more: Partial<AgentRequest>) => Promise<LinkResponse>;
}

export function bulkProxy(directory: SandboxDirectory, { ask }: AgentProxy, bulk: Bulk): BulkProxy {
  const asking =
    (call: SandboxCall, path: string, more: Partial<AgentRequest>): Ask =>
    ({ prefix, headers, signal }) =>
      ask(call, `${prefix}${path}`, { ...more, signal, headers: { ...more.headers, ...headers } });

  return {
    download: (call, path, more) =>
      orOverLink(
        async () => bulk.download(await target(directory, call, "read"), asking(call, path, more), call.signal),
        () => ask(call, path, more),
      ),
    upload: (call, path, body, more) =>
      orOverLink(
        async () => bulk.upload(await target(directory, call, "write"), body, asking(call, path, more), call.signal),
        () => ask(call, path, { ...more, body }),
      ),
  };
}

async function orOverLink(
  stream: () => Promise<LinkResponse>,
  link: () => Promise<LinkResponse>,
): Promise<LinkResponse> {
  try {
    return await stream();
  } catch (error) {
    if (error instanceof NoStreamError) return await link();
    throw error;
  }
}

function target(
  directory: SandboxDirectory,
  { params, query, signal }: SandboxCall,
  access: Access,
): Promise<LinkTarget> {
  const name = { namespace: params.namespace, name: params.id };
  return targetOf(directory, name, access, query.startTimeoutSeconds, signal);
}
