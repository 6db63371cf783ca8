import type { Gateway } from "../http/gateway.ts";

/** What a sandbox uses. What its kernel does not tell is missing; a limit of null is none. */
export interface SandboxUsage {
  measuredAt: string;
  cpu: { usedSeconds?: number; limitCores?: number | null };
  memory: { usedBytes?: number; workingSetBytes?: number; peakBytes?: number; limitBytes?: number | null };
  /** Of the file system of `/`. */
  disk: { usedBytes?: number; availableBytes?: number; totalBytes?: number };
  processes: { running?: number; threads?: number; limit?: number | null };
}

/** @internal What a sandbox uses now. `path` is the sandbox's. */
export async function usageOf(gateway: Gateway, path: string, signal?: AbortSignal): Promise<SandboxUsage> {
  const said = await gateway.json<Record<string, unknown>>({ method: "GET", path: `${path}/usage`, signal });
  return {
    measuredAt: String(said["measuredAt"]),
    cpu: figuresIn(said["cpu"]),
    memory: figuresIn(said["memory"]),
    disk: figuresIn(said["disk"]),
    processes: figuresIn(said["processes"]),
  };
}

/** The members that are numbers, or null: it is the sandbox that says them. */
function figuresIn(value: unknown): Record<string, number> {
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const figures = members.filter(([, figure]) => figure === null || Number.isFinite(figure));
  return Object.fromEntries(figures) as Record<string, number>;
}
