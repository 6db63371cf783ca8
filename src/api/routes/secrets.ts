import { z } from "zod";
import { json, type Route } from "../route.ts";
import { dataKey, objectName } from "../schema/name.ts";
import { timestamp } from "../schema/time.ts";
import { inNamespace, paths } from "./parameters.ts";

/** A Secret as the HTTP API shows it: nothing of what it holds. */
const secretViewSchema = z.object({ name: z.string(), namespace: z.string(), createdAt: timestamp });

export const secretRoutes = {
  getSecret: {
    summary: "Whether a Secret is there and has these entries; never what they hold",
    method: "GET",
    path: `${paths.secrets}/{secret}`,
    params: inNamespace.extend({ secret: objectName.describe("The Secret's name.") }),
    query: z.strictObject({
      requiredKeys: z
        .union([dataKey.transform((key) => [key]), z.array(dataKey).max(256)])
        .exactOptional()
        .describe("not_found unless it has an entry of this name; repeated, all of them."),
    }),
    reply: { status: 200, body: json(secretViewSchema) },
    access: { verb: "get", resource: "secrets" },
    example: {
      params: { secret: "database" },
      query: { requiredKeys: "PASSWORD" },
      reply: { name: "database", namespace: "default", createdAt: "2026-11-21T09:00:00Z" },
    },
  },
} as const satisfies Record<string, Route>;
