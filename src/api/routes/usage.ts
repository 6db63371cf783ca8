import { json, type Route } from "../route.ts";
import { usageSchema } from "../usage.ts";
import { ofSandbox, onceStarted, paths } from "./parameters.ts";

export const usageRoutes = {
  readUsage: {
    summary: "What a sandbox uses now: processor, memory, disk, processes",
    method: "GET",
    path: `${paths.sandbox}/usage`,
    params: ofSandbox,
    query: onceStarted,
    reply: { status: 200, body: json(usageSchema) },
    access: { verb: "get", resource: "sandboxes" },
    example: {
      reply: {
        measuredAt: "2026-11-21T09:00:01.000000Z",
        cpu: { usedSeconds: 1.25, limitCores: 0.5 },
        memory: { usedBytes: 6291456, workingSetBytes: 4194304, peakBytes: 7340032, limitBytes: 134217728 },
        disk: { usedBytes: 10737418240, availableBytes: 42949672960, totalBytes: 53687091200 },
        processes: { running: 3, threads: 10, limit: null },
      },
    },
  },
} as const satisfies Record<string, Route>;
