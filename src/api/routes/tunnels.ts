import { z } from "zod";
import { json, type Route } from "../route.ts";
import { tunnelAddressesSchema } from "../schema/tunnel.ts";
import { ofSandbox, paths, waitSeconds } from "./parameters.ts";

const host = "t-6f3a5d0c9b1e47a2b8c4d5e6f7a8b9c0.tunnels.example.com";

/** What `GET …/tunnels` answers. */
export const tunnelsViewSchema = z.strictObject({ tunnels: tunnelAddressesSchema });
export type TunnelsView = z.infer<typeof tunnelsViewSchema>;

export const tunnelRoutes = {
  listTunnels: {
    summary: "Where the tunnels of a sandbox are reached, once they lead to it; none for one that has none",
    method: "GET",
    path: `${paths.sandbox}/tunnels`,
    params: ofSandbox,
    query: z.strictObject({
      timeoutSeconds: waitSeconds.default(50).describe("deadline_exceeded after this long."),
    }),
    reply: { status: 200, body: json(tunnelsViewSchema) },
    access: { verb: "get", resource: "sandboxes" },
    example: {
      reply: { tunnels: [{ containerPort: 8000, url: `https://${host}`, host, port: 443 }] },
    },
  },
} as const satisfies Record<string, Route>;
