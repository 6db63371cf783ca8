import { beforeAll, expect, it, test } from "vitest";
import {
  InvalidError,
  SandboxTimeoutError,
  Tunnel,
  type App,
  type SandboxCreateParams,
} from "../../../src/sdk/index.ts";
import { TimeoutError } from "../../../src/sdk/errors.ts";
import type { Gateway } from "../../../src/sdk/http/gateway.ts";
import { SandkeepMock } from "../../../src/sdk/testing/index.ts";
import { waitForTunnels } from "../../../src/sdk/tunnel.ts";

const { client } = new SandkeepMock();
let app: App;
beforeAll(async () => {
  app = await client.apps.fromName("tunnels", { createIfMissing: true });
});

it("has a tunnel for each published port", async () => {
  const ports = { encryptedPorts: [80], h2Ports: [81], unencryptedPorts: [82], customDomain: "a.example" };
  const sandbox = await client.sandboxes.create(app, undefined, ports);
  const tunnels = await sandbox.tunnels();
  expect(Object.keys(tunnels)).toEqual(["80", "81", "82"]);
  expect(tunnels[80]?.url).toMatch(/^https:\/\/[^:/]+\.a\.example$/);
  expect(tunnels[82]?.tcpSocket).toEqual([tunnels[82]?.host, 82]);
  expect(() => tunnels[81]?.tcpSocket).toThrow(InvalidError);
});

it("has none for a sandbox that publishes nothing", async () => {
  expect(await (await client.sandboxes.create(app)).tunnels()).toEqual({});
});

it.each<[SandboxCreateParams]>([
  [{ encryptedPorts: [0] }],
  [{ encryptedPorts: [65_536] }],
  [{ h2Ports: [1.5] }],
  [{ encryptedPorts: [80, 80] }],
  [{ encryptedPorts: [80], unencryptedPorts: [80] }],
])("refuses %j", async (params) => {
  await expect(client.sandboxes.create(app, undefined, params)).rejects.toBeInstanceOf(InvalidError);
});

it("gives the port in the URL unless it is that of https", () => {
  expect(new Tunnel("a.example", 443).url).toBe("https://a.example");
  expect(new Tunnel("a.example", 30_444).url).toBe("https://a.example:30444");
  expect(new Tunnel("a.example", 30_444).tlsSocket).toEqual(["a.example", 30_444]);
});

test("what does not open in time is a SandboxTimeoutError", async () => {
  const late = new TimeoutError("deadline_exceeded", "sandbox", "The tunnels did not open within 1 s");
  const gateway: Pick<Gateway, "json"> = { json: () => Promise.reject(late) };
  await expect(waitForTunnels(gateway, "/sandboxes/a", 1_000, undefined)).rejects.toBeInstanceOf(SandboxTimeoutError);
});
