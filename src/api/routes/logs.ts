import { z } from "zod";
import { octets, type Route } from "../route.ts";
import { flag, ofSandbox, onceStarted, paths } from "./parameters.ts";

export const logRoutes = {
  readLogs: {
    summary:
      "What the command of a sandbox has written, both streams together, as kubectl logs shows it; until 60 s after its end",
    method: "GET",
    path: `${paths.sandbox}/logs`,
    params: ofSandbox,
    query: onceStarted.extend({
      follow: flag.default(false).describe("Go on until it has ended."),
      tailLines: z.coerce.number().int().min(0).max(2_147_483_647).exactOptional().describe("The last lines only."),
      sinceSeconds: z.coerce
        .number()
        .int()
        .min(1)
        .max(2_147_483_647)
        .exactOptional()
        .describe("What was written in the last seconds only."),
      timestamps: flag.default(false).describe("Begin each line with its time."),
    }),
    reply: { status: 200, body: octets },
    access: { verb: "get", resource: "sandboxes", subresource: "logs" },
    example: { query: { tailLines: "10", timestamps: "true" } },
  },
} as const satisfies Record<string, Route>;
