import type { NetworkDecision } from "../../sdk/sandbox/decisions.ts";
import { table } from "./table.ts";

/** Decisions, a line each. */
export function decisionTable(decisions: readonly NetworkDecision[]): string {
  const rows = decisions.map(({ time, count, verdict, protocol, host = "", port, reason = "", message = "" }) => [
    time.toISOString(),
    verdict,
    protocol,
    port === undefined ? host : `${host}:${port}`,
    String(count),
    message || reason,
  ]);
  return table([["TIME", "VERDICT", "BY", "HOST", "COUNT", "WHY"], ...rows]);
}
