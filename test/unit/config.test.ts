import { expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";

it("has a value for everything that need not be set", () => {
  expect(readConfig({})).toMatchObject({
    namespace: "sandkeep-system",
    metricsPort: 8081,
    operator: { leaderElection: true },
    gateway: { port: 8443, auditArguments: "hash", names: ["localhost", "127.0.0.1"], allowedOrigins: [] },
  });
});

it("reads what is set", () => {
  const config = readConfig({
    SANDKEEP_GATEWAY_PORT: "0",
    SANDKEEP_LEADER_ELECTION: "false",
    SANDKEEP_GATEWAY_NAMES: "a.example, b.example,",
    SANDKEEP_GATEWAY_ALLOWED_ORIGINS: "https://a.example,*",
    SANDKEEP_GATEWAY_CERTIFICATE_FILE: "/tls/tls.crt",
    SANDKEEP_GATEWAY_KEY_FILE: "/tls/tls.key",
    SANDKEEP_TUNNELS_PORT: "0",
    SANDKEEP_TUNNELS_DOMAIN: "Tunnels.Example",
    SANDKEEP_TUNNELS_TCP_PORTS: "30500-30519",
    SANDKEEP_TUNNELS_PROXIES: "10.0.0.0/8, fd00::/8",
    SANDKEEP_TUNNELS_TRUSTED_HOPS: "192.0.2.1/32",
    SANDKEEP_TUNNELS_CERTIFICATES: "/a,/b",
  });
  expect(config.tunnels).toEqual({
    port: 0,
    reached: { domain: "tunnels.example", port: 443, tcpPorts: { first: 30_500, last: 30_519 } },
    proxies: ["10.0.0.0/8", "fd00::/8"],
    trustedHops: ["192.0.2.1/32"],
    certificates: ["/a", "/b"],
  });
  expect(config.operator.leaderElection).toBe(false);
  expect(config.gateway).toMatchObject({
    port: 0,
    names: ["a.example", "b.example"],
    allowedOrigins: ["https://a.example", "*"],
    certificate: { certificateFile: "/tls/tls.crt", keyFile: "/tls/tls.key" },
  });
});

it.each<[name: string, value: string]>([
  ["SANDKEEP_GATEWAY_PORT", "http"],
  ["SANDKEEP_GATEWAY_PORT", "70000"],
  ["SANDKEEP_LEADER_ELECTION", "yes"],
  ["SANDKEEP_WORKERS", "0"],
  ["SANDKEEP_GATEWAY_AUDIT_ARGUMENTS", "some"],
  ["SANDKEEP_SHUTDOWN_SECONDS", "-1"],
  ["SANDKEEP_GATEWAY_LINK_IDLE_SECONDS", "0"],
  ["SANDKEEP_GATEWAY_CERTIFICATE_FILE", "/only/one"],
  ["SANDKEEP_TUNNELS_PORT", "x"],
  ["SANDKEEP_TUNNELS_PROXIES", "10.0.0.1"],
  ["SANDKEEP_TUNNELS_TRUSTED_HOPS", "2"],
  ["SANDKEEP_TUNNELS_TCP_PORTS", "30500"],
  ["SANDKEEP_TUNNELS_TCP_PORTS", "30501-30500"],
  ["SANDKEEP_TUNNELS_TCP_PORTS", "0-30500"],
  ["SANDKEEP_TUNNELS_TCP_PORTS", "30500-70000"],
])("refuses %s=%s by name", (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});

it.each([
  ["10.1.0.0/16", "10.0.0.0/8"],
  ["10.0.0.0/8", "10.1.0.0/16"],
  ["::/0", "fd00::/8"],
])("refuses a load balancer that is to say for whom it speaks in two ways: %s and %s", (hops, proxies) => {
  const environment = { SANDKEEP_TUNNELS_TRUSTED_HOPS: `192.0.2.1/32,${hops}`, SANDKEEP_TUNNELS_PROXIES: proxies };
  expect(() => readConfig(environment)).toThrow(`SANDKEEP_TUNNELS_TRUSTED_HOPS has ${hops}`);
});
