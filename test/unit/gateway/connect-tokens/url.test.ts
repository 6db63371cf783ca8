import { expect, it } from "vitest";
import { SANDBOX_CLASS } from "../../../../src/api/sandbox-class.ts";
import { connectUrls } from "../../../../src/gateway/connect-tokens/url.ts";
import { connectHost } from "../../../../src/lib/tunnel-host.ts";
import { aSandbox } from "../a-sandbox.ts";

const classes = (tunnels?: object) => {
  const stored = SANDBOX_CLASS.schema.parse({
    metadata: { name: "default" },
    spec: { ...(tunnels && { tunnels }) },
  });
  return { store: { get: () => stored } };
};

const table: [string, object | undefined, number, string][] = [
  ["the gateway's", undefined, 443, `https://${connectHost("uid-1", "tunnels.example")}`],
  ["its class's", { domain: "Team.example" }, 443, `https://${connectHost("uid-1", "team.example")}`],
  [
    "the gateway's, where an Ingress serves its class's",
    { mode: "Ingress", domain: "team.example" },
    443,
    `https://${connectHost("uid-1", "tunnels.example")}`,
  ],
  ["at another port", undefined, 8444, `https://${connectHost("uid-1", "tunnels.example")}:8444`],
];

it.each(table)("sends requests for a sandbox to a host below a domain: %s", (_, tunnels, port, want) => {
  const reached = { domain: "tunnels.example", port };
  const stores = { classes: classes(tunnels), apps: { store: { get: () => undefined } } };
  expect(connectUrls({ port: 8444, reached }, stores)(aSandbox())).toBe(want);
});

it("sends them nowhere when the gateway does not listen", () => {
  const stores = { classes: classes(), apps: { store: { get: () => undefined } } };
  expect(connectUrls({ reached: { domain: "tunnels.example", port: 443 } }, stores)(aSandbox())).toBeUndefined();
});
