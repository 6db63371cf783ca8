import type { DecisionList } from "../../api/decision.ts";
import type { Gateway } from "../http/gateway.ts";

/** What was decided when the sandbox wanted to reach something by name. */
export interface NetworkDecision {
  /** When it was last decided so. */
  time: Date;
  /** How often it was decided so. */
  count: number;
  /** `Failed`: it was allowed, and could not be done. */
  verdict: "Allowed" | "Denied" | "Failed";
  /** How the sandbox asked; `TCP`: before it had said anything that was understood. */
  protocol: "DNS" | "TLS" | "HTTP" | "TCP";
  /** The name that it asked for, if it told one. */
  host?: string;
  /** The port that it asked for; none for DNS. */
  port?: number;
  /** Why it was denied or failed, in a word, as `NotAllowed`. */
  reason?: string;
  /** What else is to be said. */
  message?: string;
}

export interface NetworkDecisions {
  /** The last ones, newest first; those that are alike are one. */
  decisions: NetworkDecision[];
  /** How many connections there were in all. */
  allowed: number;
  /** How many refusals there were in all, unresolved names among them. */
  denied: number;
  /** How many connections failed in all. */
  failed: number;
}

/** @internal What was decided for a sandbox. `path` is the sandbox's. */
export async function decisionsOf(
  gateway: Pick<Gateway, "json">,
  path: string,
  signal: AbortSignal | undefined,
): Promise<NetworkDecisions> {
  const said = await gateway.json<DecisionList>({ method: "GET", path: `${path}/network/decisions`, signal });
  const decisions = said.decisions.map(({ time, ...decision }) => ({ ...decision, time: new Date(time) }));
  return { ...said, decisions };
}
