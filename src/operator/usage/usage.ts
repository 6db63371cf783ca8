import { PROBE_TIMED_OUT } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { conditionOf } from "../conditions.ts";

/** How a group of sandboxes fares. */
export interface Usage {
  /** Running ones. */
  sandboxes: number;
  /** How many of those are ready by a probe. */
  ready: number;
  /** How many of those were not ready in time. */
  failed: number;
  /** From Started to Ready, over all that became ready, finished ones too; absent when none has. */
  p50Milliseconds?: number;
  p95Milliseconds?: number;
}

/** Counts the sandboxes and tells how long they took to become ready. */
export function usageOf(sandboxes: Sandbox[]): Usage {
  const running = sandboxes.filter(isRunning);
  const times = sandboxes.map(millisecondsToReady).filter((time) => time !== undefined);
  const sorted = times.toSorted((a, b) => a - b);
  return {
    sandboxes: running.length,
    ready: running.filter(({ status }) => status?.readyAt !== undefined).length,
    failed: running.filter(({ status }) => conditionOf(status?.conditions, "Ready")?.reason === PROBE_TIMED_OUT).length,
    ...(sorted.length === 0
      ? {}
      : { p50Milliseconds: percentile(sorted, 0.5), p95Milliseconds: percentile(sorted, 0.95) }),
  };
}

/** The sandbox has not finished. */
export function isRunning({ status }: Sandbox): boolean {
  return status?.phase !== "Finished";
}

function millisecondsToReady({ status }: Sandbox): number | undefined {
  if (status?.readyAt === undefined || status.startedAt === undefined) return undefined;
  return Math.max(0, Date.parse(status.readyAt) - Date.parse(status.startedAt));
}

/** The smallest value that this share of the sorted values does not exceed. */
function percentile(sorted: number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}
