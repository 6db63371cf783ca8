import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { connect, type Connection } from "../../src/kube/connection.ts";
import { openExec } from "../../src/kube/exec.ts";
import { kubectl, tool } from "../support/installed.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

const system = "sandkeep-system";
const installed = inject("installed");

let tenant: Tenant;
let id: string;
beforeAll(async () => {
  tenant = await newTenant();
  ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started"));
  await tenant.kubectl(["run", "bystander", "--image=busybox:stable", "--command", "--", "sleep", "3600"]);
  await tenant.kubectl(["wait", "--for=condition=Ready", "pod/bystander", "--timeout=300s"]);
});
afterAll(() => tenant[Symbol.asyncDispose]());

describe.each(["sandkeep-gateway", "sandkeep-operator"])("the account %s", (account) => {
  let connection: Connection;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sandkeep-account-"));
    connection = connect({ kubeconfig: await kubeconfigOf(account, folder) });
  });
  afterAll(async () => {
    await connection[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const agent = "/.sandkeep/bin/agent";
  const ticket = "0123456789abcdef0123456789abcdef";
  const refused: [what: string, where: () => { pod: string; container: string; command: string[] }][] = [
    ["a shell in a sandbox", () => ({ pod: id, container: "sandbox", command: ["sh", "-c", "true"] })],
    ["the agent without naming the container", () => ({ pod: id, container: "", command: [agent, "connect"] })],
    ["another command of the agent", () => ({ pod: id, container: "sandbox", command: [agent, "init", "sh"] })],
    ["the agent with options", () => ({ pod: id, container: "sandbox", command: [agent, "connect", "--run=/tmp"] })],
    ["a transfer by path", () => ({ pod: id, container: "sandbox", command: [agent, "read", "/etc/passwd"] })],
    ["more than a ticket", () => ({ pod: id, container: "sandbox", command: [agent, "read", ticket, "x"] })],
    ["what is named like a ticket", () => ({ pod: id, container: "sandbox", command: [agent, "read", `${ticket}\n`] })],
    ["what is named like the agent", () => ({ pod: id, container: "sandbox", command: [`${agent}2`] })],
    ["the agent as another's argument", () => ({ pod: id, container: "sandbox", command: ["sh", agent] })],
    ["anything in another Pod", () => ({ pod: "bystander", container: "bystander", command: ["true"] })],
    ["the agent in another Pod", () => ({ pod: "bystander", container: "bystander", command: [agent] })],
  ];
  test.each(refused)("cannot execute %s", async (_what, where) => {
    await expect(openExec(connection, { namespace: tenant.namespace, ...where() })).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('may execute /.sandkeep/bin/agent in the container "sandbox" only'),
    });
  });

  test.each([["connect"], ["read", ticket], ["write", ticket]])("can execute agent %s", async (...args) => {
    const command = [agent, ...args];
    const stream = await openExec(connection, { namespace: tenant.namespace, pod: id, container: "sandbox", command });
    stream.on("error", () => {});
    stream.resume();
    stream.end();
    expect(await stream.status).toEqual({ code: 0 });
    stream.destroy();
  });

  test.each([
    ["list", "secrets", ""],
    ["watch", "secrets", ""],
    ["create", "serviceaccounts", ""],
    ["create", "serviceaccounts", "token"],
    ["create", "pods", "attach"],
    ["create", "pods", "portforward"],
    ["create", "pods", "ephemeralcontainers"],
    ["impersonate", "users", ""],
    ["create", "clusterrolebindings", ""],
    ["update", "nodes", ""],
    ["patch", "sandboxclasses", ""],
    ["patch", "sandboxsnapshots", ""],
    ["deletecollection", "networkpolicies", ""],
  ])("cannot %s %s/%s", async (verb, resource, subresource) => {
    const user = `system:serviceaccount:${system}:${account}`;
    const question = ["auth", "can-i", verb, resource, "--subresource", subresource];
    const { stdout } = await tool(installed, "kubectl", [...question, "--as", user, "-n", tenant.namespace]);
    expect(stdout.trim()).toBe("no");
  });
});

test.each([
  ["sandkeep-gateway", "get", "yes"],
  ["sandkeep-gateway", "create", "yes"],
  ["sandkeep-operator", "get", "yes"],
  ["sandkeep-operator", "create", "no"],
])("whether the account %s may %s Secrets: %s", async (account, verb, may) => {
  const user = `system:serviceaccount:${system}:${account}`;
  const { stdout } = await tool(installed, "kubectl", ["auth", "can-i", verb, "secrets", "--as", user]);
  expect(stdout.trim()).toBe(may);
});

describe("the gateway can create no Secret", () => {
  const owner = {
    apiVersion: "sandkeep.dev/v1alpha1",
    kind: "Sandbox",
    name: "a",
    uid: "0b7e2f0a-0000-4000-8000-000000000000",
  };
  const own = { type: "Opaque", metadata: { name: "a-env-1", ownerReferences: [owner] } };
  const token = { "kubernetes.io/service-account.name": "sandkeep-operator" };
  test.each<[what: string, secret: object]>([
    ["that no sandbox owns", { type: "Opaque", metadata: { name: "a-env-1" } }],
    [
      "that something else owns",
      { ...own, metadata: { ...own.metadata, ownerReferences: [{ ...owner, kind: "Pod", apiVersion: "v1" }] } },
    ],
    [
      "that something else owns, too",
      { ...own, metadata: { ...own.metadata, ownerReferences: [owner, { ...owner, name: "b" }] } },
    ],
    ["of another's name", { ...own, metadata: { ...own.metadata, name: "b-env-1" } }],
    [
      "that Kubernetes puts a token into",
      { type: "kubernetes.io/service-account-token", metadata: { ...own.metadata, annotations: token } },
    ],
    ["of variables under a login's name", { ...own, metadata: { ...own.metadata, name: "a-pull-1" } }],
    ["with a login", { ...own, type: "kubernetes.io/basic-auth", stringData: { password: "x" } }],
  ])("%s", async (_what, secret) => {
    const text = JSON.stringify({ apiVersion: "v1", kind: "Secret", ...secret });
    const user = `system:serviceaccount:${system}:sandkeep-gateway`;
    const args = ["-n", tenant.namespace, "create", "-f", "-", "--as", user];
    const { code, stderr } = await tool(installed, "kubectl", args, text);
    expect(code).toBe(1);
    expect(stderr).toContain("sandkeep-secrets");
  });
});

describe("the operator can touch no Lease", () => {
  const user = `system:serviceaccount:${system}:sandkeep-operator`;
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "sandkeep-name-a" } };
  test.each<[what: string, args: string[], input?: string]>([
    ["by which no sandbox holds a name", ["-n", "default", "create", "-f", "-"], JSON.stringify(lease)],
    ["by which a node says that it lives", ["-n", "kube-node-lease", "delete", "leases", "--all", "--dry-run=server"]],
  ])("%s", async (_what, args, input) => {
    const { code, stderr } = await tool(installed, "kubectl", [...args, "--as", user], input);
    expect(code).toBe(1);
    expect(stderr).toContain("sandkeep-leases");
  });
});

function backendTo(name: string): object {
  return { service: { name, port: { number: 80 } } };
}

function ruleTo(service: string, host: string = "a.example"): object {
  return { host, http: { paths: [{ path: "/", pathType: "Prefix", backend: backendTo(service) }] } };
}

describe("the operator can touch no Service and no Ingress", () => {
  const user = `system:serviceaccount:${system}:sandkeep-operator`;
  const labels = { "app.kubernetes.io/managed-by": "sandkeep", "sandkeep.dev/sandbox": "a" };
  const uid = "0b7e2f0a-0000-4000-8000-000000000000";
  const ownerReferences = [{ apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", name: "a", uid }];
  const metadata = { name: "sandkeep-tunnel-a", labels, ownerReferences };
  const spec = { selector: labels, ports: [{ port: 80 }] };
  const service = { apiVersion: "v1", kind: "Service", metadata, spec };
  const ingressTo = (name: string): object => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata,
    spec: { rules: [ruleTo(name)] },
  });
  const ingress = ingressTo(metadata.name);
  const create = ["create", "--dry-run=server", "-f", "-", "--as", user];

  test.each<[what: string, object: object]>([
    ["of another name", { ...service, metadata: { ...metadata, name: "a" } }],
    ["without the labels", { ...ingress, metadata: { ...metadata, labels: {} } }],
    ["that no sandbox owns", { ...ingress, metadata: { name: metadata.name, labels } }],
    ["that leads to other Pods", { ...service, spec: { ...spec, selector: { app: "theirs" } } }],
    [
      "that leads to another sandbox",
      { ...service, spec: { ...spec, selector: { ...labels, "sandkeep.dev/sandbox": "b" } } },
    ],
    ["that leads to none", { ...service, spec: { ports: spec.ports } }],
    ["that leads to a name", { ...service, spec: { ...spec, type: "ExternalName", externalName: "theirs.example" } }],
    ["that takes an address of others", { ...service, spec: { ...spec, externalIPs: ["192.0.2.1"] } }],
    ["that leads to another Service", ingressTo("a")],
    [
      "that leads to another Service as well",
      { ...ingress, spec: { rules: [ruleTo(metadata.name), ruleTo("a", "b.example")] } },
    ],
    ["that takes every host", { ...ingress, spec: { rules: [{ ...ruleTo(metadata.name), host: undefined }] } }],
    ["that leads nowhere", { ...ingress, spec: { rules: [{ host: "a.example" }] } }],
    [
      "that takes what no rule does",
      { ...ingress, spec: { rules: [ruleTo(metadata.name)], defaultBackend: backendTo(metadata.name) } },
    ],
  ])("%s", async (_what, object) => {
    const { code, stderr } = await tool(
      installed,
      "kubectl",
      ["-n", tenant.namespace, ...create],
      JSON.stringify(object),
    );
    expect(code).toBe(1);
    expect(stderr).toContain("sandkeep-routes");
  });

  test("that is somebody else's", async () => {
    const args = ["-n", "default", "delete", "service", "kubernetes", "--dry-run=server", "--as", user];
    const { code, stderr } = await tool(installed, "kubectl", args);
    expect(code).toBe(1);
    expect(stderr).toContain("sandkeep-routes");
  });

  test.each([
    ["Service", service],
    ["Ingress", ingress],
  ])("but a sandbox's own %s", async (_kind, object) => {
    await tenant.kubectl(create, JSON.stringify(object));
  });
});

/** A kubeconfig in the folder with a token of the account. */
async function kubeconfigOf(account: string, folder: string): Promise<string> {
  const token = (await kubectl(installed, ["--namespace", system, "create", "token", account])).trim();
  const config = JSON.parse(await kubectl(installed, ["config", "view", "--raw", "--minify", "-o", "json"])) as {
    users: { name: string; user: object }[];
  };
  const path = join(folder, "kubeconfig");
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  await writeFile(path, JSON.stringify({ ...config, users }));
  return path;
}

test("operator and gateway run under Pod Security restricted, as nobody and without write access", async () => {
  const namespace = JSON.parse(await kubectl(installed, ["get", "namespace", system, "-o", "json"])) as {
    metadata: { labels: Record<string, string> };
  };
  expect(namespace.metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
  const { items } = JSON.parse(await kubectl(installed, ["-n", system, "get", "pods", "-o", "json"])) as {
    items: { spec: { securityContext: object; containers: { securityContext: object }[] } }[];
  };
  expect(items.length).toBeGreaterThan(0);
  for (const { spec } of items) {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    for (const { securityContext } of spec.containers)
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } });
  }
});
