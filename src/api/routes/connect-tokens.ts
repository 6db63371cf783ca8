import { connectTokenId, connectTokenSchema, createConnectTokenSchema } from "../connect-token.ts";
import { json, type Route } from "../route.ts";
import { nothing, ofSandbox, onceStarted, paths } from "./parameters.ts";

const tokens = `${paths.sandbox}/connect-tokens`;
const id = "1763719200-q3Zk9vTn0aLw2xEb";

export const connectTokenRoutes = {
  createConnectToken: {
    summary: "Make a token with which anybody may send HTTP requests to one port of a sandbox",
    method: "POST",
    path: tokens,
    params: ofSandbox,
    query: onceStarted,
    body: json(createConnectTokenSchema),
    reply: { status: 201, body: json(connectTokenSchema) },
    access: { verb: "create", resource: "sandboxes", subresource: "tunnels" },
    example: {
      body: { userMetadata: "alice", port: 8080, expiresInSeconds: 3600 },
      reply: {
        id,
        url: "https://c-9f86d081884c7d659a2feaa0c55ad015.tunnels.example.com",
        token: "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        expiresAt: "2025-11-21T10:00:00.000Z",
      },
    },
  },
  revokeConnectToken: {
    summary: "Revoke a connect token: no request with it is let in any more, and those under way are cut",
    method: "DELETE",
    path: `${tokens}/{token}`,
    params: ofSandbox.extend({ token: connectTokenId.describe("The token's id.") }),
    query: nothing,
    reply: { status: 204 },
    access: { verb: "delete", resource: "sandboxes", subresource: "tunnels" },
    example: { params: { token: id } },
  },
  revokeConnectTokens: {
    summary: "Revoke all connect tokens that a sandbox has so far",
    method: "DELETE",
    path: tokens,
    params: ofSandbox,
    query: nothing,
    reply: { status: 204 },
    access: { verb: "delete", resource: "sandboxes", subresource: "tunnels" },
    example: {},
  },
} as const satisfies Record<string, Route>;
