import { expect, it } from "vitest";
import { connectHost, tunnelHost } from "../../../src/lib/tunnel-host.ts";

const uid = "5b0a2f9e-4f0f-4b7c-9d3e-0c7a6d1a2b3c";

it("gives each port of each sandbox a host of its own, always the same, in one label below the domain", () => {
  const hosts = [
    tunnelHost(uid, 80, "tunnels.example"),
    tunnelHost(uid, 8080, "tunnels.example"),
    tunnelHost(`${uid}0`, 80, "tunnels.example"),
    connectHost(uid, "tunnels.example"),
    connectHost(`${uid}0`, "tunnels.example"),
  ];
  expect(new Set(hosts).size).toBe(hosts.length);
  for (const host of hosts) expect(host).toMatch(/^[tc]-[0-9a-f]{32}\.tunnels\.example$/);
  expect(tunnelHost(uid, 80, "tunnels.example")).toBe(hosts[0]);
});
