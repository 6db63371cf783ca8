import { expect, it } from "vitest";
import type { Sandbox, SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import { inRanges } from "../../../../src/gateway/tunnels/admit.ts";
import { hostsOf, router } from "../../../../src/gateway/tunnels/route.ts";
import { connectHost, tunnelHost } from "../../../../src/lib/tunnel-host.ts";
import { aSandbox } from "../a-sandbox.ts";

const domain = "tunnels.example";
const host = tunnelHost("uid-1", 8000, domain);
const connect = connectHost("uid-1", domain);

function tunnelled(spec: SandboxSpecInput = {}, rest: Partial<Parameters<typeof aSandbox>[0]> = {}): Sandbox {
  return aSandbox({
    spec: { tunnels: [{ port: 8000, protocol: "HTTP2" }], ...spec },
    status: { phase: "Started", tunnels: [{ containerPort: 8000, host }] },
    ...rest,
  });
}

function at(sandboxes: Sandbox[], name: string, client = "203.0.113.1", isServedHere = true): unknown {
  const sandboxesAt = (host: string) => sandboxes.filter((sandbox) => hostsOf(sandbox).includes(host));
  const mode = isServedHere ? "Gateway" : "Ingress";
  const routes = router({
    sandboxesAt,
    termsOf: () => ({ mode, connectDomain: "Tunnels.example" }),
    isTrustedHop: inRanges(["192.0.2.0/24"]),
  });
  const route = name.startsWith(":") ? routes.byPort(Number(name.slice(1)), client) : routes.byName(name, client);
  return route && (route.kind === "tunnel" ? `${route.protocol} ${route.port}` : route.kind);
}

it("leads to the port of a host, however that is written", () => {
  expect(at([tunnelled()], host)).toBe("HTTP2 8000");
  expect(at([tunnelled()], host.toUpperCase())).toBe("HTTP2 8000");
});

it("leads to the sandbox for connect tokens, below its class's domain and no other", () => {
  expect(at([tunnelled()], connect)).toBe("connect");
  expect(at([aSandbox()], connect)).toBe("connect");
  expect(at([aSandbox()], connectHost("uid-1", "elsewhere.example"))).toBeUndefined();
});

it("leads a trusted hop to the sandbox for connect tokens, whomever that admits, and to nothing else", () => {
  const listing = tunnelled({ network: { inbound: { cidrs: ["198.51.100.0/24"] } } });
  expect(at([listing], connect, "192.0.2.1")).toBe("connect");
  expect(at([listing], host, "192.0.2.1")).toBeUndefined();
  expect(at([aSandbox({ spec: { network: { block: true } } })], connect, "192.0.2.1")).toBeUndefined();
});

const nowhere: [string, Sandbox, string, string?, boolean?][] = [
  ["a host that nobody has", tunnelled(), tunnelHost("uid-2", 8000, domain)],
  ["a port that is not published", tunnelled(), tunnelHost("uid-1", 8001, domain)],
  ["its label below another domain", tunnelled(), tunnelHost("uid-1", 8000, "other.example")],
  ["the label alone", tunnelled(), host.split(".", 1).join("")],
  ["nothing", tunnelled(), ""],
  ["a sandbox that has finished", tunnelled({}, { status: { phase: "Finished" } }), host],
  ["a sandbox that is to end", tunnelled({ desiredState: "Terminated" }), host],
  ["a sandbox that is to end, for tokens", tunnelled({ desiredState: "Terminated" }), connect],
  ["a sandbox that is being deleted", tunnelled({}, { deletionTimestamp: "2026-01-01T00:00:01Z" }), host],
  ["a client from elsewhere", tunnelled({ network: { inbound: { cidrs: ["198.51.100.0/24"] } } }), host],
  ["a client from elsewhere, for tokens", tunnelled({ network: { inbound: { cidrs: ["198.51.100.0/24"] } } }), connect],
  ["a sandbox without network, for tokens", aSandbox({ spec: { network: { block: true } } }), connect],
  ["what an Ingress controller listens for", tunnelled(), host, "203.0.113.1", false],
];

it.each(nowhere)("leads nowhere: %s", (_, sandbox, name, client, isServedHere) => {
  expect(at([sandbox], name, client, isServedHere)).toBeUndefined();
});

it("gives no sandbox the host of another, whatever stands in its status", () => {
  const thief = tunnelled({}, { name: "thief", uid: "uid-9" });
  expect(at([thief], host)).toBeUndefined();
  expect(at([thief, tunnelled()], host)).toBe("HTTP2 8000");
});

function plain(
  metadata: { name: string; uid: string },
  tunnel: { port: number; protocol: "TCP" | "TLS" },
  host?: string,
): Sandbox {
  const tunnels = [{ containerPort: 5432, ...(host && { host }), unencryptedHost: "a", unencryptedPort: 30_500 }];
  return aSandbox({ ...metadata, spec: { tunnels: [tunnel] }, status: { phase: "Started", tunnels } });
}

it("leads from a port to the sandbox that has it, unless several claim it or it asked for none", () => {
  const [one, other] = [
    { name: "one", uid: "u1" },
    { name: "other", uid: "u2" },
  ];
  const tcp = { port: 5432, protocol: "TCP" } as const;
  expect(at([plain(one, tcp, "a")], ":30500")).toBe("TCP 5432");
  expect(at([plain(one, tcp, "a")], ":30501")).toBeUndefined();
  expect(at([plain(one, tcp, "a"), plain(other, tcp, "a")], ":30500")).toBeUndefined();
  expect(at([plain(one, { ...tcp, protocol: "TLS" }, "a")], ":30500")).toBeUndefined();
  expect(at([plain(one, tcp, "a")], ":30500", "203.0.113.1", false)).toBeUndefined();
});

it("takes no port of a Service in mode Ingress for one of its own", () => {
  const tcp = { port: 5432, protocol: "TCP" } as const;
  const balanced = plain({ name: "balanced", uid: "u1" }, tcp);
  expect(at([balanced], ":30500")).toBeUndefined();
  expect(at([balanced, plain({ name: "own", uid: "u2" }, tcp, "a")], ":30500")).toBe("TCP 5432");
});
