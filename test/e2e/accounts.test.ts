import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { kubectl, tool, type Ended } from "../support/installed.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

const system = "sandkeep-system";
const installed = inject("installed");

let tenant: Tenant;
let id: string;
beforeAll(async () => {
  tenant = await newTenant();
  ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started"));
  await tenant.kubectl(["run", "bystander", "--image=busybox:stable", "--command", "--", "sleep", "3600"]);
  await tenant.kubectl(["wait", "--for=condition=Ready", "pod/bystander", "--timeout=60s"]);
});
afterAll(() => tenant[Symbol.asyncDispose]());

describe.each(["sandkeep-gateway", "sandkeep-operator"])("the account %s", (account) => {
  const as = (...args: string[]): Promise<Ended> =>
    tool(installed, "kubectl", [
      "--as",
      `system:serviceaccount:${system}:${account}`,
      "--namespace",
      tenant.namespace,
      ...args,
    ]);

  const refused: [what: string, args: () => string[]][] = [
    ["a shell in a sandbox", () => ["exec", id, "--container", "sandbox", "--", "sh", "-c", "true"]],
    [
      "a program in a sandbox, without naming the container",
      () => ["exec", id, "--", "/.sandkeep/bin/agent", "connect"],
    ],
    [
      "a program whose name begins like the agent's",
      () => ["exec", id, "--container", "sandbox", "--", "/.sandkeep/bin/agent2"],
    ],
    ["anything in another Pod", () => ["exec", "bystander", "--", "true"]],
  ];
  test.each(refused)("cannot execute %s", async (_what, args) => {
    const { code, stderr } = await as(...args());
    expect(code).toBe(1);
    expect(stderr).toContain('may execute /.sandkeep/bin/agent in the container "sandbox" only');
  });

  test("can execute the agent", async () => {
    const { code, stderr } = await as("exec", id, "--container", "sandbox", "--", "/.sandkeep/bin/agent", "nonesuch");
    expect(code).not.toBe(0);
    expect(stderr).toContain("command terminated with exit code");
  });

  test.each([
    ["get", "secrets"],
    ["create", "serviceaccounts"],
    ["create", "pods/attach"],
    ["create", "pods/portforward"],
    ["impersonate", "users"],
    ["create", "clusterrolebindings"],
    ["update", "nodes"],
    ["create", "serviceaccounts/token"],
  ])("cannot %s %s", async (verb, resource) => {
    expect((await as("auth", "can-i", verb, resource)).stdout.trim()).toBe("no");
  });
});

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
