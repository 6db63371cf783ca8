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
export function usageOf(gateway: Gateway, path: string, signal?: AbortSignal): Promise<SandboxUsage> {
  return gateway.json<SandboxUsage>({ method: "GET", path: `${path}/usage`, signal });
}
