import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DecisionList } from "../../src/api/decision.ts";
import type { Network } from "../../src/api/schema/network.ts";
import { connectProxy, type FarProxy, socksProxy } from "../support/far-proxies.ts";
import { kubectl } from "../support/installed.ts";
import { outside } from "../support/outside.ts";
import { waitFor } from "../support/wait-for.ts";
import { addressesOf, scale } from "./system.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

const address = "93.184.216.34";
const probe = readFileSync(join(import.meta.dirname, "egress.py"), "utf8");

let tenant: Tenant;
/** Disposed of in the end, also when not all of it was made. */
const used = new AsyncDisposableStack();
let proxies: Record<"socks" | "connect", FarProxy>;
/** Names that lead outside, or into the cluster. */
let names: Record<"allowed" | "wild" | "other" | "rebinding", string>;

beforeAll(async () => {
  used.use(await outside(address));
  proxies = {
    socks: used.use(await socksProxy("user", "password", address)),
    connect: used.use(await connectProxy("user", "password", address)),
  };
  tenant = used.use(await newTenant());
  const classes = ["egress-runc", "egress-gvisor"];
  used.defer(async () => {
    await kubectl(tenant.installed, ["delete", "--ignore-not-found", "sandboxclass", ...classes]);
  });
  const { namespace } = tenant;
  names = {
    allowed: `allowed.${namespace}.svc.cluster.local`,
    wild: `any.wild.${namespace}.svc.cluster.local`,
    other: `other.${namespace}.svc.cluster.local`,
    rebinding: `rebinding.${namespace}.svc.cluster.local`,
  };
  const objects = [
    ...["allowed", "wild", "other"].flatMap((name) => named(name, address)),
    // The API server's, which a Service may not have as an endpoint; some other private one does.
    ...named("rebinding", "10.0.0.1"),
    classFor("egress-runc", {}),
    classFor("egress-gvisor", { runtimeClassName: "gvisor" }),
    proxySecret("socks", `socks5://${address}:${proxies.socks.port}`),
    proxySecret("connect", `http://${address}:${proxies.connect.port}`),
  ];
  await tenant.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
});
afterAll(() => used.disposeAsync());

/** A name in the cluster's DNS that leads to an address outside of it: a Service without Pods. */
function named(name: string, to: string): object[] {
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { clusterIP: "None", ports: [{ port: 443 }] } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ port: 443 }],
      endpoints: [{ addresses: [to], hostname: "any" }],
    },
  ];
}

function proxySecret(name: string, url: string): object {
  const stringData = { url, username: "user", password: "password" };
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, type: "sandkeep.dev/proxy", stringData };
}

function classFor(name: string, spec: object): object {
  const metadata = { name };
  return {
    apiVersion: "sandkeep.dev/v1alpha1",
    kind: "SandboxClass",
    metadata,
    spec: { network: { domains: true }, ...spec },
  };
}

async function started(className: string, network?: Network): Promise<string> {
  const spec = { ...small, image: "python:3.11-slim", className, ...(network && { network }) };
  return (await tenant.gateway.create({ spec }, "started")).id;
}

/** How it goes to reach these targets, from inside. */
async function tried(id: string, targets: string[]): Promise<Record<string, string>> {
  const { stdout, stderr } = await tenant.gateway.exec(id, { command: ["python3", "-c", probe, ...targets] });
  return { stderr, ...(JSON.parse(stdout || "{}") as object) };
}

async function change(id: string, network: object): Promise<void> {
  const { status, text } = await tenant.gateway.send("PATCH", `/sandboxes/${id}`, { spec: { network } });
  expect({ status, text }).toMatchObject({ status: 200 });
}

async function decisionsOf(id: string): Promise<DecisionList> {
  return (await tenant.gateway.send("GET", `/sandboxes/${id}/network/decisions`)).json as DecisionList;
}

describe.each(["egress-runc", "egress-gvisor"])("a sandbox of the class %s", (className) => {
  let id: string;
  beforeAll(async () => {
    id = await started(className);
  });

  test("without domains resolves and reaches what is public", async () => {
    const { allowed, rebinding } = names;
    const expected = {
      [`https ${allowed}`]: "200",
      [`dns ${rebinding}`]: "NOERROR 1",
      [`tcp ${address} 853`]: "open",
      [`udp ${address} 443`]: "ping",
      // A resolver of the cluster's own is not needed, and a private address not reached.
      "tcp 10.96.0.10 53": "closed",
      [`https ${rebinding}`]: "closed",
    };
    expect(await tried(id, Object.keys(expected))).toEqual({ stderr: "", ...expected });
  });

  test("with domains reaches these and nothing else, soon after it was said", async () => {
    const { allowed, wild, other, rebinding } = names;
    const domains = [allowed, `*.${wild.slice(wild.indexOf(".") + 1)}`, rebinding];
    await change(id, { outbound: { domains } });
    const changed = performance.now();
    await waitFor("the raw address to be closed", async () => {
      const target = `tcp ${address} 853`;
      return (await tried(id, [target]))[target] === "closed";
    });
    // Most of it is the start of Python.
    expect(performance.now() - changed).toBeLessThan(15_000);

    const expected = {
      [`http ${allowed}`]: "200",
      [`https ${allowed}`]: "200",
      [`https ${wild}`]: "200",
      // Names that are not listed, of any type.
      [`dns ${allowed}`]: "NOERROR 1",
      [`dns ${allowed} 65`]: "NOERROR 0",
      [`dns ${other}`]: "NXDOMAIN 0",
      [`dns c2VjcmV0.${other} 16`]: "NXDOMAIN 0",
      [`https ${other}`]: "unknown",
      // SNI and Host that lie, none at all, and a name that leads into the cluster.
      [`https ${allowed} ${other}`]: "closed",
      [`https ${allowed} -`]: "closed",
      [`http ${allowed} ${other}`]: "403",
      [`http ${rebinding}`]: "403",
      [`https ${rebinding}`]: "closed",
      // Addresses, resolvers elsewhere, DNS over TLS and HTTPS, QUIC.
      [`tcp ${address} 443`]: "closed",
      [`https ${address} ${allowed}`]: "closed",
      [`tcp ${address} 853`]: "closed",
      [`tcp ${allowed} 853`]: "closed",
      [`udp ${address} 53`]: "closed",
      [`udp ${address} 443`]: "closed",
      [`udp ${allowed} 443`]: "closed",
      [`dns ${allowed} 1 10.96.0.10`]: "closed",
      "tcp 169.254.169.254 80": "closed",
      "tcp 10.96.0.1 443": "closed",
    };
    expect(await tried(id, Object.keys(expected))).toEqual({ stderr: "", ...expected });

    const { decisions } = await decisionsOf(id);
    for (const part of [
      { verdict: "Allowed", protocol: "TLS", host: allowed, port: 443 },
      { verdict: "Allowed", protocol: "HTTP", host: allowed, port: 80 },
      { verdict: "Denied", protocol: "DNS", host: other, reason: "NotAllowed" },
      { verdict: "Denied", protocol: "TLS", host: other, reason: "NotAllowed" },
      { verdict: "Denied", protocol: "HTTP", host: other, reason: "NotAllowed" },
      { verdict: "Denied", protocol: "TLS", host: rebinding, reason: "NotPublic" },
      { verdict: "Denied", protocol: "TLS", reason: "NoName" },
    ])
      expect(decisions).toContainEqual(expect.objectContaining(part));
  });

  test("keeps a connection only for as long as it is allowed", async () => {
    const { allowed } = names;
    const hold = `
import socket, ssl, sys
raw = socket.create_connection((sys.argv[1], 443))
connection = ssl._create_unverified_context().wrap_socket(raw, server_hostname=sys.argv[1])
print("open", flush=True)
try: print("read", connection.recv(1))
except OSError: print("cut")`;
    const held = tenant.gateway.exec(id, { command: ["python3", "-c", hold, allowed] });
    const before = await decisionsOf(id);
    await waitFor("the connection", async () => (await decisionsOf(id)).allowed > before.allowed);
    await change(id, { outbound: { domains: ["elsewhere.example"] } });
    expect((await held).stdout).toMatch(/^open\n(cut|read b'')\n$/);
  });

  test("with both reaches names by name and ranges by address", async () => {
    const { allowed, other } = names;
    await change(id, { outbound: { domains: [allowed], cidrs: [`${address}/32`] } });
    const expected = { [`https ${allowed}`]: "200", [`dns ${other}`]: "NXDOMAIN 0", [`tcp ${address} 853`]: "open" };
    await waitFor("both", async () => {
      const outcomes = await tried(id, Object.keys(expected));
      return Object.entries(expected).every(([target, outcome]) => outcomes[target] === outcome);
    });
  });

  test.each(["socks", "connect"] as const)("with a proxy that speaks %s comes from there", async (proxyName) => {
    const { allowed, other } = names;
    const proxy = proxies[proxyName];
    const proxied = await started(className, { proxyName, outbound: { domains: [allowed] } });
    proxy.asked.length = 0;
    const expected = {
      [`https ${allowed}`]: "200",
      [`http ${allowed}`]: "200",
      [`https ${other}`]: "unknown",
      [`tcp ${address} 853`]: "closed",
    };
    expect(await tried(proxied, Object.keys(expected))).toEqual({ stderr: "", ...expected });
    expect(proxy.asked.toSorted()).toEqual([`${address}:443`, `${address}:80`]);
  });
});

test("while the egress part is away sandboxes with domains reach nothing", async () => {
  const { allowed } = names;
  const id = await started("egress-runc", { outbound: { domains: [allowed] } });
  const target = `https ${allowed}`;
  expect(await tried(id, [target])).toMatchObject({ [target]: "200" });
  await scale("egress", 0);
  try {
    expect(await tried(id, [target, `https ${address} ${allowed}`])).toMatchObject({
      [target]: "unknown",
      [`https ${address} ${allowed}`]: "closed",
    });
    const { status, json } = await tenant.gateway.send("GET", `/sandboxes/${id}/network/decisions`);
    expect({ status, json }).toMatchObject({ status: 503, json: { code: "unavailable" } });
  } finally {
    await scale("egress", 1);
  }
  await waitFor("names to be reached again", async () => (await tried(id, [target]))[target] === "200");
});

test("what each of several replicas of the egress part has decided is told together", async () => {
  const { allowed, other } = names;
  const id = await started("egress-runc", { outbound: { domains: [allowed] } });
  await scale("egress", 2);
  try {
    const [one = "", two = "", ...more] = await addressesOf("egress");
    expect([two, more]).toEqual([expect.stringMatching(/./), []]);
    const expected = { [`https ${one} ${allowed}`]: "200", [`https ${two} ${allowed}`]: "200" };
    expect(await tried(id, Object.keys(expected))).toEqual({ stderr: "", ...expected });
    await tried(id, [`https ${one} ${other}`, `https ${two} ${other}`]);
    // A replica that is new to a gateway's resolver is asked some seconds later.
    await waitFor("the decisions of both", async () => {
      const { allowed: open, denied } = await decisionsOf(id);
      return open === 2 && denied === 2;
    });
  } finally {
    await scale("egress", 1);
  }
});

test("domains are refused where the class has none, and a proxy that one may not read", async () => {
  const domains = { network: { outbound: { domains: ["example.com"] } } };
  const refused = await tenant.gateway.send("POST", "/sandboxes", { spec: { image: "busybox:stable", ...domains } });
  expect(refused).toMatchObject({ status: 400, json: { message: expect.stringContaining("network.domains") } });

  const viewer = await newTenant("view");
  try {
    const spec = { image: "busybox:stable", className: "egress-runc", network: { proxyName: "socks" } };
    await tenant.grant(viewer, "--clusterrole=sandkeep-edit", { verb: "create", resource: "sandboxes" });
    const answer = await tenant.as(viewer.token).send("POST", "/sandboxes", { spec });
    expect(answer).toMatchObject({ status: 403, json: { code: "permission_denied" } });
  } finally {
    await viewer[Symbol.asyncDispose]();
  }
});
