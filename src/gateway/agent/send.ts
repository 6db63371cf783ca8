import type { LinkPool } from "../../agent-link/pool.ts";
import { LinkError } from "../../agent-link/link-error.ts";
import type { LinkRequest, LinkResponse } from "../../agent-link/link.ts";
import type { SandboxDirectory, SandboxName } from "../sandboxes/directory.ts";
import { isFinished, isOver, over } from "../sandboxes/life.ts";
import { targetOf } from "../sandboxes/targets.ts";

/** A request that may be sent again when its link broke, because the agent knows it by its id or offset. */
export interface AgentRequest extends LinkRequest {
  signal: AbortSignal;
  /** False where twice is not the same as once, or the body can be read only once. Default true. */
  repeatable?: boolean;
}

export type SendToAgent = (
  name: SandboxName,
  startTimeoutSeconds: number,
  request: AgentRequest,
) => Promise<LinkResponse>;

const attempts = 3;

/**
 * Sends requests to the agents of sandboxes, once these have started. A link that turns out broken is replaced; if there
 * is none to be had, the error says how the sandbox ended where it has.
 */
export function agentSender(directory: SandboxDirectory, pool: Pick<LinkPool, "get">): SendToAgent {
  return async (name, startTimeoutSeconds, request) => {
    const access = request.method === "GET" ? "read" : "write";
    for (let attempt = 1; ; attempt++) {
      const target = await targetOf(directory, name, access, startTimeoutSeconds, request.signal);
      let sent = false;
      try {
        const link = await pool.get(target, request.signal);
        sent = true;
        return await link.request(request);
      } catch (error) {
        if (!(error instanceof LinkError) || error.code !== "unavailable") throw error;
        const sandbox = await directory.fresh(name, request.signal);
        // One that is being ended can be read to its end.
        if (access === "read" ? isFinished(sandbox) : isOver(sandbox)) throw over(sandbox, "reach", new Date());
        if (attempt === attempts || (sent && request.repeatable === false)) throw error;
      }
    }
  };
}
