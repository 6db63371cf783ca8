import { decisionsSchema } from "../decision.ts";
import { json, type Route } from "../route.ts";
import { nothing, ofSandbox, paths } from "./parameters.ts";

export const networkRoutes = {
  readDecisions: {
    summary: "What a sandbox with domains or a proxy was allowed and denied to reach, the last ones first",
    method: "GET",
    path: `${paths.sandbox}/network/decisions`,
    params: ofSandbox,
    query: nothing,
    reply: { status: 200, body: json(decisionsSchema) },
    access: { verb: "get", resource: "sandboxes" },
    example: {
      reply: {
        decisions: [
          {
            time: "2026-11-21T09:00:01.000000Z",
            count: 3,
            verdict: "Denied",
            protocol: "DNS",
            host: "evil.example",
            reason: "NotAllowed",
          },
          {
            time: "2026-11-21T09:00:00.000000Z",
            count: 1,
            verdict: "Allowed",
            protocol: "TLS",
            host: "pypi.org",
            port: 443,
          },
        ],
        allowed: 1,
        denied: 3,
        failed: 0,
      },
    },
  },
} as const satisfies Record<string, Route>;
