import { describe, expect, inject, test } from "vitest";
import { kubectl, tool } from "../support/installed.ts";

const installed = inject("installed");
const template = (...args: string[]) =>
  tool(installed, "helm", ["template", "sandkeep", "charts/sandkeep", "--namespace", "sandkeep-system", ...args]);

describe("the API server takes the chart", () => {
  const rows: [what: string, args: string[]][] = [
    ["as it is", []],
    [
      "with one replica and no budget",
      ["--set", "operator.replicas=1,gateway.replicas=1,podDisruptionBudget.enabled=false"],
    ],
    [
      "with images by digest and pull secrets",
      [
        "--set",
        `image.digest=sha256:${"a".repeat(64)},agentImage.digest=sha256:${"b".repeat(64)},imagePullSecrets={one,two}`,
      ],
    ],
    [
      "with a certificate and a load balancer",
      [
        "--set",
        "gateway.tls.secretName=tls,gateway.service.type=LoadBalancer",
        "--set-string",
        "gateway.service.annotations.a=b",
      ],
    ],
    [
      "with a network policy",
      [
        "--set",
        "networkPolicy.enabled=true",
        "--set-json",
        'networkPolicy.metricsNamespaces=[{"matchLabels":{"a":"b"}}]',
      ],
    ],
    [
      "with the egress part",
      ["--set", "egress.enabled=true,networkPolicy.enabled=true,egress.ports={443},egress.resolvers={10.0.0.10:53}"],
    ],
    [
      "with placement",
      [
        "--set-json",
        'operator.tolerations=[{"key":"a","operator":"Exists"}]',
        "--set",
        "operator.nodeSelector.a=b,gateway.priorityClassName=system-cluster-critical",
      ],
    ],
    ["with classes in mode Ingress", ["--set", "tunnels.ingress=true"]],
    ["with pages' origins", ["--set", "gateway.allowedOrigins={https://app.example.com,http://localhost:3000}"]],
    ["with the cluster's ranges", ["--set", "cluster.cidrs={198.51.100.0/24},cluster.dnsCidrs={169.254.20.10/32}"]],
    [
      "with registries",
      [
        "--set-json",
        'registries={"allowed":["*.example.com"],"private":["r.example.com:5000"],"mirrors":{"*":"http://m:80"}}',
      ],
    ],
    [
      "without what can be left out",
      [
        "--set",
        "crds.install=false,defaultClass.install=false,execPolicy.enabled=false,rbac.aggregateToDefaultRoles=false," +
          "gateway.processSecrets=false,gateway.sandboxSecrets=false,gateway.podLogs=false",
      ],
    ],
  ];
  test.each(rows)("%s", async (_what, args) => {
    const { code, stdout, stderr } = await template(...args);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const applied = await tool(
      installed,
      "kubectl",
      // Without --namespace, which objects that name one of their own refuse.
      ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"],
      stdout,
    );
    expect(applied.stderr).toBe("");
    expect(applied.code).toBe(0);
  });
});

describe("the schema refuses", () => {
  test.each([
    ["an unknown value", "gateway.replica=3", "replica"],
    ["a value of the wrong type", "operator.replicas=many", "replicas"],
    ["a Service type that does not exist", "gateway.service.type=Public", "type"],
    ["a mirror with a path", "registries.mirrors.a=http://b/c", "mirrors"],
    ["an origin that is none", "gateway.allowedOrigins={app.example.com/x}", "allowedOrigins"],
    ["a port of the egress part that is taken", "egress.enabled=true,egress.ports={53}", "ports"],
    ["a digest that is none", "image.digest=latest", "digest"],
  ])("%s", async (_what, value, message) => {
    const { code, stderr } = await template("--set", value);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

test.each([
  ["gateway's", "get Secrets", "gateway.processSecrets", "secrets", "get"],
  ["gateway's", "create Secrets", "gateway.sandboxSecrets", "secrets", "create"],
  ["gateway's", "get logs of Pods", "gateway.podLogs", "pods/log", "get"],
  ["operator's", "get Secrets", "operator.pullSecrets", "secrets", "get"],
])("the %s account may %s unless %s is false", async (_whose, _what, value, resource, verb) => {
  const rule = `resources: [${resource}]\n    verbs: [${verb}]\n`;
  const rules = async (...flags: string[]) => (await template(...flags)).stdout.split(rule).length - 1;
  expect(await rules("--set", `${value}=false`)).toBe((await rules()) - 1);
});

test("the operator's account may make Services and Ingresses, of sandboxes alone, only with tunnels.ingress", async () => {
  const { stdout: plain } = await template();
  const { stdout } = await template("--set", "tunnels.ingress=true");
  expect(plain).not.toMatch(/resources: \[ingresses\]|name: sandkeep-routes/);
  expect(stdout).toMatch(/resources: \[ingresses\]\n {4}verbs: \[list, watch, create, patch, delete\]/);
  expect(stdout).toContain("kind: ValidatingAdmissionPolicyBinding\nmetadata:\n  name: sandkeep-routes\n");
});

test("the gateway's account is held to Secrets of sandboxes where only single namespaces let it create any", async () => {
  const { stdout } = await template("--set", "gateway.sandboxSecrets=false");
  expect(stdout).toContain("kind: ValidatingAdmissionPolicyBinding\nmetadata:\n  name: sandkeep-secrets\n");
});

test("an upgrade changes the class that the first install made", async () => {
  expect(await upgradeWithDefaultImage("busybox:stable")).toBe("busybox:stable");
  expect(await upgradeWithDefaultImage("debian:bookworm-slim")).toBe("debian:bookworm-slim");
});

async function upgradeWithDefaultImage(image: string): Promise<string> {
  const values = ["--reuse-values", "--set", `defaultClass.spec.defaultImage=${image}`];
  const upgrade = ["upgrade", "sandkeep", "charts/sandkeep", "--namespace", "sandkeep-system", "--wait", ...values];
  expect(await tool(installed, "helm", upgrade)).toMatchObject({ code: 0, stderr: "" });
  return await kubectl(installed, ["get", "sandboxclass", "default", "-o", "jsonpath={.spec.defaultImage}"]);
}
