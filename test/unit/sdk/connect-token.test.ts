import { expect, it } from "vitest";
import { routes } from "../../../src/api/routes.ts";
import { createConnectToken, type SandboxCreateConnectTokenParams } from "../../../src/sdk/sandbox/connect-token.ts";
import { InvalidError } from "../../../src/sdk/errors.ts";
import type { Gateway, Operation } from "../../../src/sdk/http/gateway.ts";

const reply = {
  id: "1763719200-q3Zk9vTn0aLw2xEb",
  url: "https://c-1.tunnels.example",
  token: "t",
  expiresAt: "2025-11-21T10:00:00.000Z",
};

/** What is asked of the gateway. */
async function asked(params: SandboxCreateConnectTokenParams): Promise<unknown> {
  let json: unknown;
  const gateway: Pick<Gateway, "json"> = {
    json: <T>(operation: Operation) => {
      json = operation.json;
      return Promise.resolve(reply as T);
    },
  };
  await createConnectToken(gateway, "/sandboxes/a", params);
  return routes.createConnectToken.body.schema.parse(json) && json;
}

const table: [SandboxCreateConnectTokenParams, object][] = [
  [{}, { port: 8080 }],
  [
    { port: 3000, userMetadata: "alice" },
    { port: 3000, userMetadata: "alice" },
  ],
  [
    { userMetadata: { user: "Zoë", mark: "✓ 🙂" } },
    { port: 8080, userMetadata: '{"user":"Zo\\u00eb","mark":"\\u2713 \\ud83d\\ude42"}' },
  ],
  [{ expiresInMs: 60_000 }, { port: 8080, expiresInSeconds: 60 }],
];

it.each(table)("asks for a connect token: %j", async (params, want) => {
  expect(await asked(params)).toEqual(want);
});

it.each([
  { port: 0 },
  { port: 65_536 },
  { port: 80.5 },
  { port: Number.NaN },
  { expiresInMs: 0 },
  { expiresInMs: 1500 },
])("asks for no connect token: %j", async (params) => await expect(asked(params)).rejects.toBeInstanceOf(InvalidError));
